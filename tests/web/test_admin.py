"""The administrators' pages: links shown once, what a form keeps, and what the log shows."""

import html
import re

from tests.attacks import alert, insiders, user_of
from tests.factories import PASSWORD, Person, Site
from tests.xss_corpus import PAYLOADS


def link(page: str) -> str:
    """Return the path of the link that a page shows once."""
    found = re.search(r'<input id="link" readonly value="http://localhost:\d+([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


async def test_the_first_to_register_sees_the_way_to_administration(site: Site) -> None:
    async with Person(site, "Ada") as ada, Person(site, "Ben") as ben:
        await ada.register()
        await ben.register()
        assert 'href="/admin"' in (await ada.get("/rooms")).text
        assert 'href="/admin"' not in (await ben.get("/rooms")).text
        for path in ("/admin", "/admin/registration", "/admin/audit"):
            assert (await ada.get(path)).status_code == 200
            assert (await ben.get(path)).status_code == 403


async def test_an_account_is_made_and_entered_by_its_link(site: Site) -> None:
    async with Person(site, "Ada") as ada, Person(site, "Cleo") as cleo:
        await ada.register()
        answer = await ada.post("/admin/people", username="Cleo")
        path = link(answer.text)
        assert path not in (await ada.get("/admin")).text
        page = (await cleo.get(path)).text
        assert "<strong>Cleo</strong>" in page
        refused = await cleo.post(path, password="short")
        assert (refused.status_code, alert(refused.text)) == (
            422,
            "A password has at least 8 characters.",
        )
        answer = await cleo.post(path, password=PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?done=password")
        assert "Your password is set." in (await cleo.get("/login?done=password")).text
        for verb in (cleo.get, cleo.post):
            assert (await verb(path)).status_code == 404
        await cleo.log_in()


async def test_a_name_that_cannot_be_is_kept_with_its_sentence(site: Site) -> None:
    async with Person(site, "Ada") as ada:
        await ada.register()
        for name, status in (("ada", 409), ("x", 422), ("<b>", 422), ("x" * 5_000, 422)):
            answer = await ada.post("/admin/people", username=name)
            assert answer.status_code == status
            assert alert(answer.text)
            assert f'value="{html.escape(name)}"' in answer.text
        assert 'role="alert"' in (await ada.post("/admin/invitations", uses="x")).text
        assert (await ada.post("/admin/registration", mode="ajar")).status_code == 422
        assert (await ada.get("/admin/audit?before=x")).status_code == 422
        assert (await ada.get("/admin/audit?before=999999999999999")).status_code == 200


async def test_closed_and_by_invitation_are_told_on_both_processes(
    site: Site, other_site: Site
) -> None:
    async with Person(site, "Ada") as ada, Person(other_site, "Ben") as ben:
        await ada.register()
        for mode, sentence in (("closed", "is closed"), ("invitation", "by invitation")):
            await ada.post("/admin/registration", mode=mode)
            for answer in (
                await ben.get("/register"),
                await ben.post("/register", username="Ben", password=PASSWORD),
            ):
                assert answer.status_code == 403
                assert sentence in alert(answer.text)
            assert "/register" not in (await ben.get("/login")).text
        path = link((await ada.post("/admin/invitations", uses="1", days="2")).text)
        page = (await ben.get(path)).text
        token = path.partition("=")[2]
        assert f'name="invitation" value="{token}"' in page
        answer = await ben.post("/register", username="x", password=PASSWORD, invitation=token)
        assert f'name="invitation" value="{token}"' in answer.text
        form = {"username": "Ben", "password": PASSWORD, "invitation": token}
        assert (await ben.post("/register", False, **form)).status_code == 303
        async with Person(site, "Cleo") as cleo:
            form["username"] = "Cleo"
            assert "used up" in alert((await cleo.post("/register", False, **form)).text)
        log = (await ada.get("/admin/audit")).text
        assert "registered by invitation" in log
        assert token not in log


async def test_disabled_in_mid_session_is_told_so_and_shut_out_everywhere(
    site: Site, other_site: Site
) -> None:
    async with Person(site, "Ada") as ada, Person(other_site, "Ben") as ben:
        await ada.register()
        await ben.register()
        await ben.join("lobby")
        stream = await ben.stream("lobby")
        assert (await ada.post("/admin/people/Ben/disable")).status_code == 303
        assert await stream.until_closed() == 1008
        answer = await ben.get("/rooms")
        assert answer.headers["location"].startswith("/login")
        assert "This account is disabled." in alert((await ben.get("/login")).text)
        answer = await ben.post("/login", username="Ben", password=PASSWORD)
        assert answer.status_code == 403
        assert "This account is disabled." in alert(answer.text)
        answer = await ben.post("/login", username="Ben", password="a wrong one")
        assert answer.status_code == 401
        assert "disabled" not in alert(answer.text)
        await ada.post("/admin/people/Ben/enable")
        await ben.log_in()


async def test_an_administrator_minds_a_room_that_she_is_in(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo):
        await site.services.actions.administration.promote("the test", "Ada")
        room = await ben.create_room("Garden")
        assert (await ada.post(f"/rooms/{room}/settings", name="Hers")).status_code == 403
        for who in (ada, cleo):
            await who.join(room)
        seq = await ben.say(room, "words")
        assert 'data-manages="yes"' in (await ada.get(f"/rooms/{room}")).text
        assert (await ada.post(f"/rooms/{room}/messages/{seq}/remove")).status_code == 303
        assert (await ada.post(f"/rooms/{room}/members/Cleo/ban")).status_code == 303
        page = (await ada.get(f"/rooms/{room}/settings")).text
        assert f'action="/rooms/{room}/bans/Cleo/lift"' in page
        assert "You are banned from this room." in alert((await cleo.get(f"/rooms/{room}")).text)
        assert alert((await cleo.post(f"/rooms/{room}/join")).text) == (
            "You are banned from Garden."
        )
        assert (await ada.post(f"/rooms/{room}/bans/Cleo/lift")).status_code == 303
        await cleo.join(room)
        log = (await ada.get("/admin/audit")).text
        assert log.index("lifted a ban") < log.index("banned from a room")
        assert "removed a message" in log


async def test_searching_accounts_takes_patterns_as_text(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, _):
        await site.services.actions.administration.promote("the test", "Ada")
        for search, found in (("BE", True), (".*", False), ("(", False), ("\0b", True)):
            page = (await ada.http.get("/admin", params={"search": search})).text
            assert ('href="/people/Ben"' in page) == found, search


async def test_no_payload_is_live_on_an_administrators_page(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        user = await user_of(site, ada)
        await site.services.actions.administration.promote("the test", "Ada")
        for payload in PAYLOADS[:40]:
            await site.services.accounts.audit.note(user, payload, payload, payload)
            answer = await ada.post("/admin/people", username=payload)
            assert html.escape(payload.strip(), quote=False)[:20] in html.unescape(
                answer.text
            ) or payload.strip()[:10] in html.unescape(answer.text)
            assert "<script>" not in answer.text
        page = (await ada.get("/admin/audit")).text
        assert not re.search(
            r"<(?:script|img|svg|iframe)(?![^>]*(?:src=\"/static/|class=\"mark\"|viewBox))", page
        )
