"""Threads over HTTP: replying with and without htmx, the panel, and what is refused."""

import re

import pytest

from littlechat.actions import threads
from littlechat.actions.threads import GONE
from littlechat.core.messages import Draft
from tests.attacks import alert, everything, found_room, insiders, user_of
from tests.factories import Dom, Person, Site
from tests.xss_corpus import PAYLOADS


async def reply(person: Person, room: str, thread: int, body: str = "yes", **more: str) -> int:
    return await person.say(room, body, thread=str(thread), **more)


async def panel_of(person: Person, room: str, seq: int, query: str = "") -> str:
    answer = await person.get(f"/rooms/{room}/messages/{seq}/thread{query}", htmx=True)
    assert answer.status_code == 200, answer.text
    return answer.text


async def at_rest(site: Site) -> None:
    await site.services.platform.tasks.close()


async def test_replies_reach_the_room_and_its_thread_on_both_processes(
    site: Site, other_site: Site
) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        ben.http.base_url = other_site.url
        ben.url = other_site.url
        await ada.say(room, "shall we?")
        hers = await ada.stream(room, "c1-0")
        his = await ben.stream(room, "c1-0")
        await reply(ben, room, 1, "yes")
        await reply(ada, room, 2, "then at noon", shown="1")
        for stream in (hers, his):
            stream.dom = await ada.page(room) if stream is hers else await ben.page(room)
            dom = await stream.until(lambda dom: dom.messages[1].replies == 2)
            assert [(one.thread, one.hidden) for one in dom.messages.values()] == [
                (None, False),
                (1, True),
                (1, False),
            ]
            assert dom.messages[3].quote == "Ada shall we?"
            await stream.close()
        panel = await panel_of(ben, room, 1)
        assert Dom(panel).texts == ["shall we?", "yes", "then at noon"]
        assert re.findall(r'id="((?:thread-)?message-\d+)"', panel) == [
            f"thread-message-{seq}" for seq in (1, 2, 3)
        ]


async def test_a_plain_browser_replies_in_the_room_s_page(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "shall we?")
        answer = await ada.get(f"/rooms/{room}/messages/1/thread")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/rooms/{room}?thread=1")
        page = (await ada.get(f"/rooms/{room}?thread=1")).text
        assert '<input type="hidden" name="thread" value="1">' in page
        answer = await ada.post(f"/rooms/{room}/messages", body="yes", thread="1")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/rooms/{room}?thread=1")
        page = (await ada.get(f"/rooms/{room}?thread=2")).text
        assert 'id="thread-message-2"' in page
        assert '<aside id="thread" class="conversation" aria-label="Thread">' in page
        page = (await ada.get(f"/rooms/{room}")).text
        assert '<aside id="thread" class="conversation" aria-label="Thread" hidden>' in page


async def test_a_refused_reply_comes_back_in_the_field_it_came_from(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "shall we?")
        long = "x" * 8_001
        answer = await ada.post(f"/rooms/{room}/messages", body=long, thread="1", shown="1")
        assert answer.status_code == 422
        assert "1 over" in alert(answer.text)
        field = re.search(r'<textarea id="thread-body".*?</textarea>', answer.text, re.DOTALL)
        assert field
        assert long in field[0]
        assert 'value="1" checked' in answer.text
        assert answer.text.count(long) == 1


async def test_a_reply_to_what_is_gone_is_refused_and_its_text_kept(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        other = await found_room(site, "Other", ada)
        await ada.say(room, "shall we?")
        await ada.say(other, "secret")
        await ada.say(other, "more")
        await ada.post(f"/rooms/{room}/messages/1/remove")
        stored = await everything(site)
        for number in ("1", "2", "7", "0", "-1", "1e3", "x", "9" * 30, "٣", "1\0"):
            path = f"/rooms/{room}/messages"
            answer = await ben.post(path, htmx=True, body="my words", thread=number)
            assert answer.status_code == 422, number
            assert alert(answer.text)
            page = await ben.post(path, body="my words", thread=number)
            assert page.status_code == 422
            if number in ("1", "2", "7"):
                assert alert(answer.text) == GONE
                assert re.search(r'<textarea id="body"[^>]*>\nmy words</textarea>', page.text)
        assert await everything(site) == stored


async def test_numbers_in_addresses_are_bounded(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "shall we?")
        for path, status in (
            ("/messages/7/thread", 404),
            (f"/messages/{'9' * 30}/thread", 404),
            ("/messages/1/thread?before=x", 422),
            (f"/messages/1/thread?before={'9' * 30}", 422),
            ("?thread=x", 422),
            ("?thread=7", 404),
        ):
            assert (await ada.get(f"/rooms/{room}{path}", htmx=True)).status_code == status, path


async def test_a_thread_s_root_that_was_removed_takes_no_more_replies(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "shall we?")
        await reply(ada, room, 1)
        await at_rest(site)
        await ada.post(f"/rooms/{room}/messages/1/remove")
        panel = await panel_of(ada, room, 1)
        assert "takes no more replies" in panel
        assert "<textarea" not in panel
        dom = await ada.page(room)
        assert (dom.messages[1].replies, dom.messages[1].text) == (1, "This message was removed.")


async def test_older_replies_are_read_on_demand(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "REPLIES_SHOWN", 10)
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "shall we?")
        for number in range(12):
            await reply(ada, room, 1, f"reply {number}")
        panel = await panel_of(ada, room, 1)
        assert Dom(panel).seqs == [1, *range(4, 14)]
        address = re.search(r'hx-get="([^"]+before=\d+)"', panel)
        assert address
        older = (await ada.get(address[1], htmx=True)).text
        assert Dom(older).seqs == [2, 3]
        assert "before=" not in older


async def test_no_payload_becomes_markup_in_a_quote_or_a_panel(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        user, acts = await user_of(site, ada), site.services.actions
        room = await ada.create_room("Garden")
        # All of them are held against quotes in tests/actions/test_threads.py.
        payloads = [payload for payload in PAYLOADS[::4] if payload.strip()]
        for payload in payloads:
            root = await acts.messages.say(room, user, Draft(payload, ""))
            answer = await acts.threads.address(
                room, user, Draft("yes", "", thread=root.seq, shown=True)
            )
            await acts.messages.say(room, user, answer)
            panel = await panel_of(ada, room, root.seq)
            assert panel.count('id="thread-message-') == 2
        quotes: list[str] = []
        for after in range(0, 2 * len(payloads), 100):
            page = await ada.get(f"/rooms/{room}/messages?after={after}&limit=100", htmx=True)
            quotes += re.findall(r'<span dir="auto">(.*?)</span></a></p>', page.text, re.DOTALL)
        assert len(quotes) == len(payloads)
        assert [quote for quote in quotes if "<" in quote] == []
