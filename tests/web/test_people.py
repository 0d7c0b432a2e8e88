"""People's pages and faces over HTTP: who sees what, how it is kept, and that nothing is live."""

import asyncio
import re
from urllib.parse import quote

from littlechat.accounts.profile_values import validate_bio, validate_display
from littlechat.accounts.profiles import PAGE_PEOPLE
from littlechat.core.errors import Invalid
from tests.attacks import alert, found_room, insiders, skeleton, user_of
from tests.factories import WAIT_SECONDS, Site
from tests.pictures import picture
from tests.xss_corpus import PAYLOADS


async def test_a_page_tells_what_its_person_told(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        form = {"display": "Ada Lovelace", "bio": "I count.\nOften.", "zone": "Asia/Tokyo"}
        assert (await ada.post("/account/profile", False, **form)).status_code == 303
        await ada.post("/account/status", status="At lunch 🥪", hours="1")
        room = await ada.create_room("Garden", "private")
        page = (await ben.get("/people/ADA")).text
        for part in ("Ada Lovelace", "@Ada", "I count.\nOften.", "At lunch 🥪", "Asia/Tokyo"):
            assert part in page
        assert 'action="/direct"' in page
        assert '<input type="hidden" name="name" value="Ada">' in page
        assert room not in page
        assert "Garden" not in page
        await ben.post(await ada.invite(room))
        assert f'href="/rooms/{room}"' in (await ben.get("/people/Ada")).text
        own = (await ada.get("/people/Ada")).text
        assert 'action="/direct"' not in own
        card = await ben.get("/people/Ada", htmx=True)
        assert "<html" not in card.text
        assert "Ada Lovelace" in card.text


async def test_only_administrators_see_acts(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, _):
        await site.services.actions.administration.promote("the test", "Ada")
        assert "/admin/people/Cleo/disable" in (await ada.get("/people/Cleo")).text
        assert "/admin/" not in (await ben.get("/people/Cleo")).text


async def test_online_away_and_last_seen(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        assert ">not lately<" in (await ben.get("/people/Ada")).text
        await ada.join("lobby")
        stream = await ada.stream("lobby")
        assert ">online<" in (await ben.get("/people/Ada")).text
        await stream.connection.send('{"type": "beat", "idle": "true"}')
        await stream.until_text("data-away")
        assert ">away<" in (await ben.get("/people/Ada")).text
        await stream.connection.send('{"type": "beat", "idle": "false"}')
        await stream.until(lambda _: "data-away" not in stream.frames[-1])
        await stream.close()
        async with asyncio.timeout(WAIT_SECONDS):
            while "<dd><time" not in (await ben.get("/people/Ada")).text:
                await asyncio.sleep(0.05)


async def test_the_directory_is_searched_and_paged(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, _):
        page = (await ada.get("/people")).text
        assert page.index('href="/people/Ada"') < page.index('href="/people/Ben"')
        found = await ada.get("/people?search=BE", htmx=True)
        assert "Ada" not in found.text
        assert 'href="/people/Ben"' in found.text
        assert "Nobody is called" in (await ada.get("/people?search=.*")).text
        for number in range(PAGE_PEOPLE):
            await site.services.accounts.users.make(f"P{number:03}")
        assert 'href="/people?page=2&amp;search="' in (await ada.get("/people")).text
        assert 'href="/people?page=1&amp;search="' in (await ada.get("/people?page=2")).text
        for wrong in ("0", "-1", "x", "1.5", "99999", "٣"):
            assert (await ada.get(f"/people?page={wrong}")).status_code == 422
        for nobody in ("Dan", "%00", "[$ne]", "x" * 3_000, quote("a" + "\u0301\u0316" * 500)):
            answer = await ada.get(f"/people/{nobody}")
            assert answer.status_code == 404
            assert alert(answer.text)


async def test_a_picture_reaches_every_page_by_the_style_sheet(
    site: Site, other_site: Site
) -> None:
    async with insiders(site, "Ada", "Ben", "nobody") as (ada, ben, nobody):
        before = (await ben.get("/rooms")).text
        files = {"file": ("me.png", picture("PNG", (60, 40)), "image/png")}
        await ben.join("lobby")
        stream = await ben.stream("lobby")
        answer = await ada.http.post("/account/avatar", files=files)
        assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=avatar")
        frame = await stream.until_text('id="faces"')
        version = frame.partition("/people.css?v=")[2].partition('"')[0]
        assert f"/people.css?v={version}" not in before
        assert f"/people.css?v={version}" in (await ben.get("/rooms")).text
        faces = await ben.get(f"/people.css?v={version}")
        assert faces.headers["content-type"].startswith("text/css")
        assert faces.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert (await ben.get("/people.css?v=0")).headers["cache-control"] == "private, no-cache"
        assert '[data-author="Ada"]' in faces.text
        path = faces.text.partition("url(")[2].partition(")")[0]
        face = await ben.get(path)
        assert face.content[:4] == b"RIFF"
        assert face.headers["content-type"] == "image/webp"
        assert face.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in face.headers["content-security-policy"]
        assert face.headers["cache-control"].startswith("private")
        for secret in (path, "/people.css"):
            assert (await nobody.get(secret)).status_code == 303
        # The other process read it anew as well.
        async with asyncio.timeout(WAIT_SECONDS):
            while other_site.services.avatar_styles.version != version:
                await asyncio.sleep(0.01)
        await ada.post("/account/avatar/remove")
        assert (await ben.get(path)).status_code == 404
        await stream.close()


async def test_no_payload_is_live_on_a_person_s_page(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        people, user = site.services.accounts.profiles, await user_of(site, ada)

        async def pages(display: str, bio: str) -> list[list[object]]:
            await people.describe(user, display, bio, "")
            shown = [
                await ben.get("/people/Ada"),
                await ben.get("/people"),
                await ada.get("/account"),
            ]
            return [skeleton(one.text) for one in shown]

        plain = await pages("Plain", "plain")
        for payload in PAYLOADS[::3]:
            try:
                name, bio = validate_display("x" + payload[:40]), validate_bio("x" + payload[:300])
            except Invalid:
                continue
            assert await pages(name, bio) == plain, payload


async def test_a_private_room_s_bot_is_like_nobody_to_outsiders(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Dan") as (ada, ben, dan):
        room = await found_room(site, "Den", ada, ben, visibility="private")
        own = await found_room(site, "Garden", dan)
        await site.services.bots.store.create(room, "robot", await user_of(site, ada))
        for person, status in ((ben, 200), (dan, 404)):
            for htmx in (False, True):
                assert (await person.get("/people/robot", htmx)).status_code == status
        for path, form in (
            ("/people/{}", {}),
            ("/people?search={}", {}),
            ("/search?q=from:{}", {}),
            ("/jump?q={}", {}),
            ("/direct/new?q={}", {}),
            ("/direct", {"name": "{}"}),
            (f"/rooms/{own}/mentions", {"body": "@{} hello"}),
        ):
            answers = []
            for name in ("robot", "robox"):
                filled = {key: value.format(name) for key, value in form.items()}
                send = dan.post(path, True, **filled) if form else dan.get(path.format(name), True)
                answer = await send
                text = re.sub(r"hue-\d+", "", answer.text)  # Made of the name.
                answers.append((answer.status_code, text.replace(name, "")))
            assert answers[0] == answers[1], path
