"""What cannot be undone is asked about first; what can, offers the way back."""

import html
import re

import pytest

from littlechat.web.confirmations import QUESTIONS
from littlechat.web.undo import COOKIE
from tests.attacks import found_room, insiders, user_of
from tests.factories import Person, Site

UNDONE = {"/rooms/<room>/leave", "/rooms/<room>/hide"}
"""Acts that offer an Undo; leaving a room asks where one could not come back."""

PLAIN = {
    *("/setup", "/register", "/login", "/logout", "/reset/<token>", "/bots/messages"),
    *("/account/profile", "/account/status", "/account/avatar", "/account/pictures"),
    *("/account/password", "/account/notifications", "/account/notifications/test"),
    *("/account/notifications/subscribe", "/direct", "/rooms"),
    *("/admin/people", "/admin/people/<name>/password", "/admin/people/<name>/enable"),
    *("/admin/registration", "/admin/invitations", "/admin/installation"),
    "/admin/address",
    *("/rooms/<room>/join", "/join/<token>", "/rooms/<room>/invitations", "/rooms/<room>/show"),
    *(
        "/rooms/<room>/settings",
        "/rooms/<room>/bans/<name>/lift",
        "/rooms/<room>/level",
        "/rooms/<room>/bans",
    ),
    *("/rooms/<room>/bots", "/rooms/<room>/bots/<bot>/webhook"),
    *("/rooms/<room>/messages", "/rooms/<room>/messages/<int:seq>/edit", "/rooms/<room>/read"),
    *(
        "/rooms/<room>/messages/<int:seq>/reactions",
        "/rooms/<room>/files",
        "/rooms/<room>/mentions",
    ),
    *("/files/<unattached_id>/discard", "/rooms/<room>/delete"),
}
"""Acts that add, or that one takes back where one did them.

A room’s name is typed to delete it, and the page asks before a log-out that loses drafts.
"""


def test_every_act_is_asked_about_undone_or_known_to_be_harmless(site: Site) -> None:
    rules = [one.rule for one in site.app.url_map.iter_rules() if "POST" in (one.methods or ())]
    for rule in rules:
        path = re.sub("<[^>]+>", "1", rule)
        asked = any(address.fullmatch(path) for address, _ in QUESTIONS)
        assert asked or rule in UNDONE or rule in PLAIN, rule
        assert not (asked and rule in PLAIN), rule


async def question(person: Person, act: str, **fields: str) -> str:
    answer = await person.http.get("/confirm", params={"act": act, **fields})
    assert answer.status_code == 200, act
    return html.unescape(answer.text)


async def test_question_names_the_consequence_and_leads_to_the_act(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        await site.services.accounts.roles.promote(await user_of(site, ada))
        room = await found_room(site, "Garden", ada, ben, visibility="private")
        for person, act, words in (
            (ada, "/admin/people/Ben/disable", "signed out everywhere at once"),
            (ada, "/admin/people/Ben/promote", "all that you can"),
            (ada, "/admin/people/Ben/demote", "keep their account"),
            (ada, "/admin/people/Ada/demote", "You can do none of this any more"),
            (ben, f"/rooms/{room}/leave", "only with an invitation"),
            (ada, f"/rooms/{room}/leave", "You manage it now"),
            (ada, f"/rooms/{room}/members/Ben/ban", "until the ban is lifted"),
            (ada, f"/rooms/{room}/members/Ben/remove", "only with an invitation"),
            (ada, f"/rooms/{room}/messages/1/remove", "for good"),
            (ada, "/account/sessions/end", "Every other browser"),
            (ada, "/rooms/read", "counts as read"),
        ):
            page = await question(person, act)
            assert words in page
            assert f'<form method="post" action="{act}">' in page


async def test_fields_of_the_act_come_along_and_no_others(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        page = await question(ada, "/rooms/read", next="/inbox", username="x")
        assert 'name="next" value="/inbox"' in page
        assert "username" not in page
        fragment = (await ada.get("/confirm?act=/rooms/read", htmx=True)).text
        assert "<html" not in fragment
        assert "Mark everything as read?" in fragment


async def test_nothing_is_asked_that_nobody_here_knows_or_may_know(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Dan") as (ada, ben, dan):
        await site.services.accounts.roles.promote(await user_of(site, ada))
        room = await found_room(site, "Garden", ada, ben, visibility="private")
        for act in (
            *("", "/nowhere", "//evil.example/rooms/read", "/rooms/read?x"),
            "https://evil.example/rooms/read",
            *("/rooms/nowhere/leave", "/login", "javascript:alert(1)", "/rooms/read/../logout"),
        ):
            assert (await ada.http.get("/confirm", params={"act": act})).status_code == 404, act
        for act in (
            *(f"/rooms/{room}/leave", f"/rooms/{room}/messages/1/remove"),
            *(f"/rooms/{room}/members/Ben/ban", "/admin/people/Ben/disable"),
            *("/admin/people/Ben/promote", "/admin/invitations/x/revoke"),
        ):
            assert (await dan.http.get("/confirm", params={"act": act})).status_code == 404, act
        hostile = "/admin/people/%3Cimg%20src=x%20onerror=alert(1)%3E/disable"
        assert "<img" not in (await ada.http.get("/confirm", params={"act": hostile})).text


async def test_leaving_a_public_room_offers_the_way_back_once(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        answer = await ben.post(f"/rooms/{room}/leave")
        assert answer.headers["location"] == "/rooms"
        page = (await ben.get("/rooms")).text
        assert "You left Garden." in page
        assert f'<form method="post" action="/rooms/{room}/join"><button>Undo' in page
        assert "Undo" not in (await ben.get("/rooms")).text
        await ben.join(room)
        assert (await ben.get(f"/rooms/{room}")).status_code == 200


async def test_leaving_a_private_room_offers_no_way_back(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben, visibility="private")
        settings = (await ben.get(f"/rooms/{room}/settings")).text
        assert f'name="act" value="/rooms/{room}/leave"' in settings
        await ben.post(f"/rooms/{room}/leave")
        assert "Undo" not in (await ben.get("/rooms")).text


async def test_question_before_leaving_as_the_last_one_says_what_will_be(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        public, private = await ada.create_room("Garden"), await ada.create_room("Attic", "private")
        assert "whoever joins next" in await question(ada, f"/rooms/{public}/leave")
        answer = await ada.get(f"/confirm?act=/rooms/{private}/leave")
        assert answer.status_code == 403
        assert "Delete the room instead" in answer.text
        assert (await ada.post(f"/rooms/{private}/leave")).status_code == 403


async def test_hidden_conversation_is_shown_again_by_undo(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Dan") as (ada, _, dan):
        answer = await ada.post("/direct", name="Ben")
        room = answer.headers["location"].rpartition("/")[2]
        await ada.say(room, "hello")
        await ada.post(f"/rooms/{room}/hide")
        page = (await ada.get("/rooms")).text
        assert "Ben is off your list." in page
        assert f'action="/rooms/{room}/show"' in page
        assert (await dan.post(f"/rooms/{room}/show")).status_code == 404
        await ada.post(f"/rooms/{room}/show")
        assert f'href="/rooms/{room}"' in (await ada.get("/rooms")).text


@pytest.mark.parametrize(
    "value", ["left:nowhere", "hidden:nowhere", "left:", "x", ":", "left:lobby:x"]
)
async def test_made_up_undo_offers_nothing(site: Site, value: str) -> None:
    async with insiders(site, "Ada") as (ada,):
        ada.http.cookies.set(COOKIE, value)
        answer = await ada.get("/rooms")
        assert answer.status_code == 200
        assert "Undo" not in answer.text
