"""A room's page of bots: what is made is shown once, what is wrong is said beside its field."""

import html
import re

import pytest

from littlechat.accounts.schema import USERS
from littlechat.bots.values import MASK
from tests.attacks import alert, found_room, insiders, skeleton, user_of
from tests.factories import Person, Site


def shown_once(page: str, field: str) -> str:
    """Return the token or secret that a page shows, "" if it shows none."""
    found = re.search(rf'<input id="{field}" readonly autofocus value="([^"]+)">', page)
    return html.unescape(found[1]) if found else ""


async def made(ada: Person, room: str, name: str = "Robot") -> tuple[str, str]:
    """Make a bot; return its address and its token."""
    answer = await ada.post(f"/rooms/{room}/bots", name=name)
    assert answer.status_code == 201
    section = re.findall(r'id="bot-(\w+)"', answer.text.partition('id="token"')[0])[-1]
    return f"/rooms/{room}/bots/{section}", shown_once(answer.text, "token")


async def test_a_room_manager_creates_a_bot_and_sees_its_token_once(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        settings = (await ada.get(f"/rooms/{room}/settings")).text
        assert f'href="/rooms/{room}/bots"' in settings
        assert f'href="/rooms/{room}/bots"' not in (await ben.get(f"/rooms/{room}/settings")).text
        bot, token = await made(ada, room)
        found = await site.services.bots.store.find_by_token(token)
        assert found
        assert bot.endswith(found.id)
        page = (await ada.get(f"/rooms/{room}/bots")).text
        assert "Robot" in page
        assert token not in page
        assert 'id="token"' not in page
        # Among the members of the room, told from the people, and not to be removed as one.
        assert '<span class="tag">bot</span>' in (await ben.get(f"/rooms/{room}")).text
        settings = (await ada.get(f"/rooms/{room}/settings")).text
        assert "2 members" in settings
        assert "/members/Robot/remove" not in settings
        for act in ("remove", "ban"):
            refused = await ada.post(f"/rooms/{room}/members/Robot/{act}")
            assert refused.status_code == 403
            assert "page of bots" in alert(refused.text)
        assert await site.services.rooms.bans.list_bans(room) == []


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("ada", 409, "This name is taken, or looks like one that is. Choose another."),
        ("x", 422, "A bot’s name has 2 to 32 characters."),
        ("<b>x", 422, "A bot’s name has letters, digits, dots, hyphens and underscores."),
    ],
)
async def test_a_name_that_cannot_be_stays_in_its_field(
    site: Site, name: str, status: int, sentence: str
) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        answer = await ada.post(f"/rooms/{room}/bots", name=name)
        assert answer.status_code == status
        assert alert(answer.text) == sentence
        assert f'value="{html.escape(name)}"' in answer.text


async def test_tokens_are_replaced_and_revoked(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        bot, old = await made(ada, room)
        new = shown_once((await ada.post(f"{bot}/token")).text, "token")
        bots = site.services.bots.store
        assert await bots.find_by_token(old) is None
        assert await bots.find_by_token(new)
        answer = await ada.post(f"{bot}/revoke")
        assert answer.headers["location"].startswith(f"/rooms/{room}/bots#bot-")
        assert await bots.find_by_token(new) is None
        assert "It cannot write." in (await ada.get(f"/rooms/{room}/bots")).text


async def test_a_webhooks_secret_is_shown_once(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        bot, _ = await made(ada, room)
        answer = await ada.post(f"{bot}/webhook", url="https://a.example/x", when="message")
        secret = shown_once(answer.text, "secret")
        found = (await site.services.bots.store.list_bots(room))[0].webhook
        assert found
        assert site.services.bots.store.secret(found.key) == secret
        assert (found.url, found.when, found.origin) == ("https://a.example/x", "message", site.url)
        page = (await ada.get(f"/rooms/{room}/bots")).text
        assert secret not in page
        assert f'value="https://a.example/{MASK}"' in page
        assert "a.example/x" not in page
        assert re.search(r'value="message" checked', page)
        # What is hidden stays as it is, and is not taken for an address of its own.
        masked = f"https://a.example/{MASK}"
        assert (await ada.post(f"{bot}/webhook", url=masked, when="mention")).status_code == 303
        found = (await site.services.bots.store.list_bots(room))[0].webhook
        assert found
        assert (found.url, found.when) == ("https://a.example/x", "mention")
        answer = await ada.post(f"{bot}/webhook", url=f"{masked}/y", when="mention")
        assert alert(answer.text).startswith("Type the whole address")
        # The same receiver keeps its secret.
        answer = await ada.post(f"{bot}/webhook", url="https://a.example/y", when="mention")
        assert answer.status_code == 303
        assert (await ada.post(f"{bot}/webhook", url="", when="mention")).status_code == 303
        assert (await site.services.bots.store.list_bots(room))[0].webhook is None


async def test_a_malformed_address_stays_in_its_field(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        bot, _ = await made(ada, room)
        await made(ada, room, "Other")
        answer = await ada.post(f"{bot}/webhook", url="ftp://a.example", when="message")
        assert answer.status_code == 422
        assert alert(answer.text) == "An address begins with https:// or http:// and names a host."
        assert answer.text.count('value="ftp://a.example"') == 1
        answer = await ada.post(f"{bot}/webhook", url="https://a.example", when="never")
        assert answer.status_code == 422
        assert alert(answer.text) == "A webhook tells of mentions or of every message."


async def test_a_room_manager_sees_why_a_webhook_is_off(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        bot, _ = await made(ada, room)
        await ada.post(f"{bot}/webhook", url="https://a.example/x", when="message")
        bots = site.services.bots.store
        found = await bots.get(room, bot.rpartition("/")[2])
        await bots.note_skipped(found)
        for _ in range(15):
            await bots.note_failure(found, "It answered with status 404.")
        page = (await ada.get(f"/rooms/{room}/bots")).text
        assert "failed 15 times in a row. It answered with status 404." in alert(page)
        assert "It was not told of 1 message:" in page
        await ada.post(f"{bot}/webhook", url="https://a.example/x", when="message")
        assert "alert" not in (await ada.get(f"/rooms/{room}/bots")).text


async def test_a_removed_bot_is_gone_from_the_room(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        bot, token = await made(ada, room)
        assert "Robot" in (await ada.get(f"/rooms/{room}")).text
        assert (await ada.post(f"{bot}/remove")).status_code == 303
        assert await site.services.bots.store.find_by_token(token) is None
        for page in ("", "/bots"):
            assert "Robot" not in (await ada.get(f"/rooms/{room}{page}")).text
        for act in ("token", "revoke", "webhook", "remove"):
            assert (await ada.post(f"{bot}/{act}")).status_code == 404


async def test_what_is_done_with_bots_stands_in_the_log(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        bot, _ = await made(ada, room)
        for act in ("token", "revoke", "webhook", "remove"):
            await ada.post(f"{bot}/{act}", url="https://a.example")
        lines, _ = await site.services.accounts.audit.page()
        assert [(one.actor, one.act, one.subject, one.detail) for one in lines] == [
            ("Ada", act, "Robot", room)
            for act in (
                "removed a bot",
                "set a bot’s webhook",
                "ended a bot’s token",
                "gave a bot a new token",
                "made a bot",
            )
        ]


async def test_an_administrator_keeps_bots_where_they_are_and_none_in_a_conversation(
    site: Site,
) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        admin = await user_of(site, ben)
        await site.services.platform.database[USERS].update(
            {"_id": admin.id}, {"$set": {"standing": "admin"}}
        )
        site.services.rooms.access.invalidate()
        assert (await ben.post(f"/rooms/{room}/bots", name="Robot")).status_code == 201
        answer = await ben.post("/direct", name="Ada")
        direct = answer.headers["location"]
        for answer in (
            await ben.get(f"{direct}/bots"),
            await ben.post(f"{direct}/bots", name="X1"),
        ):
            assert answer.status_code == 403
            assert alert(answer.text).startswith("A direct conversation has no bots")
        card = (await ben.get("/people/Robot", htmx=True)).text
        assert '<span class="tag">bot</span>' in card
        assert 'action="/direct"' not in card
        # A bot is nobody to talk to.
        assert (await ben.post("/direct", name="Robot")).status_code == 422


async def test_a_bot_of_another_room_is_not_there(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        garden = await found_room(site, "Garden", ada)
        attic = await found_room(site, "Attic", ben)
        bot, token = await made(ada, garden)
        there = f"/rooms/{attic}/bots/{bot.rpartition('/')[2]}"
        for act in ("token", "revoke", "webhook", "remove"):
            assert (await ben.post(f"{there}/{act}", url="https://b.example")).status_code == 404
        assert await site.services.bots.store.find_by_token(token)


async def test_no_address_is_live_in_the_page(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        bot, _ = await made(ada, room)
        shapes = []
        for url in ("plain", '"><script>alert(1)</script>', "javascript:alert(1)"):
            answer = await ada.post(f"{bot}/webhook", url=url, when=url)
            assert answer.status_code == 422
            shapes.append(skeleton(answer.text))
        assert shapes[0] == shapes[1] == shapes[2]


async def test_the_log_has_the_bots_name_and_nothing_beside(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        await made(ada, room, "Robot" + " " * 300 + "was disabled by Ben")
        lines, _ = await site.services.accounts.audit.page()
        assert [line.subject for line in lines if line.act == "made a bot"] == ["Robot"]
