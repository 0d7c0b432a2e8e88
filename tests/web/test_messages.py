"""A conversation over HTTP: posting, history, permalinks, edits and removals."""

import asyncio
import re

from littlechat.core.messages import Draft
from littlechat.platform.rate_limits import SEND
from tests.attacks import Skeleton, alert, everything, found_room, insiders, user_of
from tests.factories import Dom, Person, Site
from tests.text.test_markdown import Checker
from tests.xss_corpus import PAYLOADS


def bodies(page: str) -> list[str]:
    """Return the HTML of every message's text."""
    return re.findall(r'<div class="message-body" dir="auto">(.*?)</div></li>', page, re.DOTALL)


def frame(page: str) -> list[object]:
    """Return the skeleton of a page without the texts of its messages."""
    return Skeleton(
        re.sub(
            r'(class="message-body" dir="auto">).*?(</div></li>)', r"\1\2", page, flags=re.DOTALL
        )
    ).parts


# Posting


async def test_htmx_gets_the_fragment_and_a_plain_form_the_room(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        path = f"/rooms/{room}/messages"
        answer = await ada.post(path, htmx=True, body="**hello**", client_id="one")
        assert answer.status_code == 201
        assert re.match(
            r'<li class="message" id="message-1" data-seq="1" data-author="Ada" data-version="0">',
            answer.text,
        )
        assert bodies(answer.text) == ["<p><strong>hello</strong></p>"]
        answer = await ada.post(path, body="again")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/rooms/{room}")
        page = await ada.get(f"/rooms/{room}")
        assert Dom(page.text).seqs == [1, 2]
        assert answer.text.count("again") == 0


async def test_blank_and_too_long_messages_are_422_with_the_text_kept(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        path = f"/rooms/{room}/messages"
        for body, sentence in (
            ("", "There is nothing to send yet"),
            (" \n\t ", "There is nothing to send yet"),
            ("\u200b\u2060\u3164\u2800", "There is nothing to send yet"),
            ("\x00\x07", "There is nothing to send yet"),
            ("<b>" + "x" * 7_998, "this one is 1 over"),
            ("😀" * 8_001, "this one is 1 over"),
        ):
            page = await ada.post(path, body=body)
            assert page.status_code == 422
            assert sentence in alert(page.text)
            assert page.text.startswith("<!doctype html>")
            if sentence.startswith("this"):
                kept = re.search(
                    r'<textarea id="body"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL
                )
                assert kept
                assert kept[1] == body.replace("<", "&lt;").replace(">", "&gt;")
            bare = await ada.post(path, htmx=True, body=body)
            assert bare.status_code == 422
            assert alert(bare.text) == alert(page.text)
            assert "<html" not in bare.text
        assert (await everything(site))["messages"] == []


async def test_eight_thousand_characters_of_any_plane_are_stored_whole(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        texts = [
            "😀" * 8_000,
            "𝕏" * 8_000,
            "e\u0301" * 4_000,
            "‮مرحبا‬ 👩‍👩‍👧",
            "\r\n" * 100 + "a\rb\r\nc",
        ]
        for text in texts:
            await ada.say(room, text)
        stored = [one["body"] for one in (await everything(site))["messages"]]
        assert stored[:4] == texts[:4]
        assert stored[4] == "a\nb\nc"


async def test_a_send_that_is_repeated_is_one_message(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben), Person(other_site, "Ada") as ada_there:
        ada_there.http.cookies = ada.http.cookies
        room = await found_room(site, "Garden", ada, ben)
        other = await found_room(site, "Cellar", ada, ben)
        sends = [person.say(room, "hello", "same-id") for person in (ada, ada_there) * 5]
        assert set(await asyncio.gather(*sends)) == {1}
        assert await ben.say(room, "hello", "same-id") == 2
        moved = await ada.post(f"/rooms/{other}/messages", htmx=True, body="x", client_id="same-id")
        assert moved.status_code == 422
        assert "another room" in alert(moved.text)
        for spoiled in ("a b", "x" * 65, "<b>", "$ne", "é", "a\x00"):
            answer = await ada.post(
                f"/rooms/{room}/messages", htmx=True, body="x", client_id=spoiled
            )
            assert answer.status_code == 422
            assert "malformed message id" in alert(answer.text)
        assert Dom((await ada.get(f"/rooms/{room}")).text).seqs == [1, 2]


async def test_sending_too_fast_is_429_with_a_sentence(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        await ada.say(room, "hello")
        for _ in range(SEND.item.amount - 1):
            await site.services.platform.rate_limits.hit(SEND, (await user_of(site, ada)).id)
        for path in ("", "/1/edit", "/1/remove"):
            for htmx in (True, False):
                answer = await ada.post(f"/rooms/{room}/messages{path}", htmx, body="more")
                assert answer.status_code == 429
                assert 1 <= int(answer.headers["retry-after"]) <= 10
                assert "Try again in" in alert(answer.text)
        assert await ben.say(room, "Ben may") == 2


async def test_no_payload_is_live_as_a_message(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        served, user = site.services, await user_of(site, ada)
        room = await found_room(site, "Garden", ada, ben)
        for payload in PAYLOADS:
            fragment = str(
                served.renderer.message(
                    await served.actions.messages.say(room, user, Draft(payload, ""))
                )
            )
            assert [Checker(body).faults for body in bodies(fragment)] == [[]], payload
        stream = await ben.stream(room, "c0-0")
        await stream.until(lambda dom: len(dom.seqs) == len(PAYLOADS))
        pages = [(await ben.get(f"/rooms/{room}?around={n}&limit=100")).text for n in (50, 120)]
        fragments = [
            (await ben.get(f"/rooms/{room}/messages?after={n}&limit=100", htmx=True)).text
            for n in (0, 100)
        ]
        for page in (*stream.frames, *pages, *fragments):
            assert all(not Checker(body).faults for body in bodies(page))
            # What is left are our own parts: nothing that a message brought.
            for part in map(str, frame(page)):
                assert not re.search(r"\('on\w+'|javascript:|evil|srcdoc|alert\(", part), part
        found = Dom(fragments[0] + fragments[1])
        assert found.seqs == list(range(1, len(PAYLOADS) + 1))
        assert found.doubled == []
        for seq in range(1, len(PAYLOADS) + 1, 20):
            for htmx in (True, False):
                edit = (await ada.get(f"/rooms/{room}/messages/{seq}/edit", htmx)).text
                assert edit.count("<textarea") == edit.count("</textarea>") == 1


# History


async def test_history_comes_before_after_and_around_in_bounded_stretches(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        user = await user_of(site, ada)
        await asyncio.gather(
            *(
                site.services.actions.messages.say(room, user, Draft(f"m{n}", ""))
                for n in range(120)
            )
        )

        async def seqs(query: str) -> list[int]:
            answer = await ada.get(f"/rooms/{room}/messages?{query}")
            assert answer.status_code == 200
            assert "<html" not in answer.text
            return Dom(answer.text).seqs

        assert await seqs("") == list(range(71, 121))
        assert await seqs("before=71") == list(range(21, 71))
        assert await seqs("before=21") == list(range(1, 21))
        assert await seqs("before=1") == []
        assert await seqs("before=999999") == list(range(71, 121))
        assert await seqs("after=70") == list(range(71, 121))
        assert await seqs("after=120") == []
        assert await seqs("after=0&limit=3") == [1, 2, 3]
        assert await seqs("around=60&limit=4") == [58, 59, 60, 61, 62]
        assert await seqs("limit=1") == [120]
        assert len(await seqs("limit=100000")) == 100
        assert len(await seqs("limit=0")) == 1
        newest = (await ada.get(f"/rooms/{room}/messages")).text
        assert f'hx-get="/rooms/{room}/messages?before=71"' in newest
        assert "?after=" not in newest


async def test_without_scripts_links_lead_through_the_history_and_back(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        user = await user_of(site, ada)
        await asyncio.gather(
            *(
                site.services.actions.messages.say(room, user, Draft(f"m{n}", ""))
                for n in range(120)
            )
        )
        seen: set[int] = set()
        path = f"/rooms/{room}"
        for expected in (3, 2, 1):
            page = (await ada.get(path)).text
            seen |= set(Dom(page).seqs)
            older = re.search(r'<li class="older"><a href="([^"]+)"', page)
            newer = re.search(r'<li class="newer"><a href="([^"]+)"', page)
            assert bool(older) == (expected > 1)
            assert bool(newer) == (expected < 3)
            path = older[1] if older else newer[1] if newer else ""
        assert seen == set(range(1, 121))
        assert Dom((await ada.get(path)).text).seqs == list(range(21, 71))


async def test_a_permalink_shows_the_message_among_its_neighbours(site: Site) -> None:
    async with insiders(site, "Ada", "Dan") as (ada, dan):
        room = await ada.create_room("Garden")
        user = await user_of(site, ada)
        await asyncio.gather(
            *(
                site.services.actions.messages.say(room, user, Draft(f"hidden words {n}", ""))
                for n in range(120)
            )
        )
        fragment = (await ada.get(f"/rooms/{room}/messages/10")).text
        link = f"/rooms/{room}?around=10#message-10"
        assert f'href="{link}"' in fragment
        page = (await ada.get(link)).text
        assert "hidden words 9" in page
        assert 'id="message-10"' in page
        assert "Jump to the newest" in page
        assert "hidden words" not in (await dan.get(link)).text
        assert (await ada.get(f"/rooms/{room}/messages/121")).status_code == 404


# Edits and removals


async def test_one_edits_ones_own_and_nobody_elses(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        await ben.say(room, "first words")
        path = f"/rooms/{room}/messages/1"
        assert "first words</textarea>" in (await ben.get(f"{path}/edit")).text
        form = (await ben.get(f"{path}/edit", htmx=True)).text
        assert form.startswith("<form")
        answer = await ben.post(f"{path}/edit", htmx=True, body="altogether *words*")
        assert answer.status_code == 200
        assert bodies(answer.text) == ["<p>altogether <em>words</em></p>"]
        assert 'data-version="1"' in answer.text
        assert "edited" in answer.text
        answer = await ben.post(f"{path}/edit", body="third words")
        assert answer.headers["location"] == f"/rooms/{room}?around=1#message-1"
        for bad in ("", " ", "x" * 8_001):
            refused = await ben.post(f"{path}/edit", body=bad)
            assert refused.status_code == 422
            assert alert(refused.text)
        # Not even who made the room puts words into another's mouth.
        assert (await ada.get(f"{path}/edit")).status_code == 404
        assert (await ada.post(f"{path}/edit", body="put there")).status_code == 404
        assert (await ada.page(room)).texts == ["third words"]
        stored = str(await everything(site))
        assert "first words" not in stored
        assert "altogether" not in stored


async def test_one_removes_ones_own_and_the_creator_anybodys(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo):
        room = await found_room(site, "Garden", ada, ben, cleo)
        for text in ("kept", "vanished for good", "vanished as well"):
            await ben.say(room, text)
        path = f"/rooms/{room}/messages"
        stream = await cleo.stream(room, "c0-0")
        await stream.until(lambda dom: dom.seqs == [1, 2, 3])
        assert (await cleo.post(f"{path}/2/remove")).status_code == 404
        answer = await ben.post(f"{path}/2/remove", htmx=True)
        assert answer.status_code == 200
        assert "This message was removed." in answer.text
        answer = await ada.post(f"{path}/3/remove")
        assert answer.headers["location"] == f"/rooms/{room}?around=3#message-3"
        await stream.until(lambda dom: dom.texts[1:] == ["This message was removed."] * 2)
        for again in ("remove", "edit"):
            assert (await ben.post(f"{path}/2/{again}", body="back")).status_code == 404
        assert (await ben.get(f"{path}/2/edit")).status_code == 404
        answers = [await ben.get(f"/rooms/{room}"), await ben.get(path), await ben.get(f"{path}/2")]
        fresh = await cleo.stream(room, "c0-0")
        await fresh.until(lambda dom: dom.seqs == [1, 2, 3])
        for text in (str(await everything(site)), str(fresh.frames), *(a.text for a in answers)):
            assert "vanished" not in text
        assert (await ben.page(room)).texts[0] == "kept"


async def test_a_message_is_of_its_room_alone(site: Site) -> None:
    async with insiders(site, "Ada", "Dan") as (ada, dan):
        private = await found_room(site, "Den", ada, visibility="private")
        await ada.say(private, "hidden words")
        own = await dan.create_room("Mine")
        for path in ("/messages/1", "/messages/1/edit", "/messages?after=0", "?around=1"):
            answer = await dan.get(f"/rooms/{own}{path}")
            assert "hidden words" not in answer.text
        assert (await dan.post(f"/rooms/{own}/messages/1/remove")).status_code == 404
        assert (await ada.page(private)).texts == ["hidden words"]
