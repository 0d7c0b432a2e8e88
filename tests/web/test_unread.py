"""Read positions and the inbox over HTTP."""

import asyncio
import html
import re
from collections.abc import Awaitable
from typing import Any

import pytest
from quart import has_request_context
from websockets.asyncio.client import connect

from littlechat.app import create_app
from littlechat.core.messages import Draft, File
from littlechat.core.names import new_id
from littlechat.messages.mutations import reacted
from littlechat.platform.bus import MemoryBroker, MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Collection
from littlechat.rooms.schema import ROOMS
from tests.attacks import alert, found_room, insiders, user_of
from tests.factories import WAIT_SECONDS, Person, Site, Stream


async def position(site: Site, room: str, person: Person) -> int:
    found = await site.services.rooms.memberships.find(room, await user_of(site, person))
    assert found
    return found.read_seq


async def settled(site: Site, room: str, seq: int) -> None:
    """Wait until the lists know how far a room is."""
    async with asyncio.timeout(WAIT_SECONDS):
        while (await site.services.rooms.store.get(room)).last_seq < seq:
            await asyncio.sleep(0.02)


def badges(page: str) -> list[str]:
    """Return the badges of a page that show."""
    found = re.findall(r'<span class="badge (\w+)"[^>]*?( hidden)?><b>([^<]*)</b>', page)
    return [f"{kind} {text}" for kind, hidden, text in found if not hidden]


async def test_page_posts_what_is_read_and_gets_no_content(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        for number in range(3):
            await ada.say(room, f"text {number}")
        answer = await ben.post(f"/rooms/{room}/read", htmx=True, seq="2")
        assert (answer.status_code, answer.text) == (204, "")
        assert await position(site, room, ben) == 2
        assert 'data-read="2"' in (await ben.get(f"/rooms/{room}")).text
        await ben.post(f"/rooms/{room}/read", htmx=True, seq="1")
        assert await position(site, room, ben) == 2
        await ben.post(f"/rooms/{room}/read", htmx=True, seq="1", unread="1")
        assert await position(site, room, ben) == 0
        await ben.post(f"/rooms/{room}/read", htmx=True, seq="999999999999999")
        assert await position(site, room, ben) == 3


async def test_what_is_no_number_is_refused_with_a_sentence(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        assert (await ada.post(f"/rooms/{room}/read", seq="")).status_code == 422
        for seq in ("x", "-1", "1.5", "٣", "9" * 16, " 1", "[$ne]"):
            answer = await ada.post(f"/rooms/{room}/read", seq=seq)
            assert answer.status_code == 422
            assert alert(answer.text) == "“seq” is a whole number."
        for before in ("x", "-1", "9" * 17, "1.5"):
            answer = await ada.get(f"/inbox?before={before}")
            assert answer.status_code == 422
            assert alert(answer.text) == "“before” is a whole number."
        for before in ("0", "9" * 15):
            assert (await ada.get(f"/inbox?before={before}")).status_code == 200


async def test_looking_at_a_page_marks_nothing_read(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        await ada.say(room, "hello")
        await ben.get(f"/rooms/{room}")
        await ben.get("/inbox")
        await ben.get("/rooms")
        assert await position(site, room, ben) == 0


async def test_without_a_script_a_button_and_an_answer_mark_read(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        await fill(site, room, ada, 58)
        page = (await ben.get(f"/rooms/{room}")).text
        assert "58 new: jump to the first" in page
        assert f'href="/rooms/{room}?around=1#message-1"' in page
        assert 'name="seq" value="58"' in page
        answer = await ben.post(f"/rooms/{room}/read", seq="58")
        assert answer.headers["location"] == f"/rooms/{room}"
        assert 'id="first-unread" hidden' in (await ben.get(f"/rooms/{room}")).text
        await ada.say(room, "one more")
        await ben.post(f"/rooms/{room}/messages", body="and an answer")
        async with asyncio.timeout(WAIT_SECONDS):
            while await position(site, room, ben) != 60:
                await asyncio.sleep(0.02)


async def test_lists_and_sidebar_show_counts_until_all_is_read(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        garden = await found_room(site, "Garden", ada, ben)
        attic = await found_room(site, "Attic", ada, ben, visibility="private")
        await ada.say(garden, "hello @ben")
        await ada.say(garden, "more")
        await ada.say(attic, "up here, @all")
        await settled(site, garden, 2)
        await settled(site, attic, 1)
        for path, htmx in (("/rooms", False), (f"/rooms/{attic}", False)):
            shown = badges((await ben.get(path, htmx)).text)
            assert "calls @2" in shown, path
            assert {"calls @1", "unread 1", "unread 2"} <= set(shown)
        assert "Mark all read" in (await ben.get("/rooms")).text
        assert (await ben.post("/rooms/read")).headers["location"] == "/rooms"
        for target, followed in (("/inbox", "/inbox"), ("//evil.example", "/rooms")):
            answer = await ben.post("/rooms/read", next=target)
            assert answer.headers["location"] == followed
        page = (await ben.get("/rooms")).text
        assert badges(page) == []
        assert re.search(r'class="read-all"[^>]* hidden', page)


async def test_large_counts_are_cut(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        await site.services.platform.database[ROOMS].update(
            {"_id": room}, {"$set": {"last_seq": 2_000}}
        )
        assert badges((await ben.get("/rooms")).text) == ["unread 99+"]


async def test_inbox_shows_in_context_what_is_addressed_to_one(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo):
        room = await found_room(site, "R & D", ada, ben, cleo)
        assert "When somebody writes @Ben, it is here." in (await ben.get("/inbox")).text
        await ada.say(room, "a secret of Cleo’s, @cleo")
        await ada.say(room, "look, @ben: **this** <b>")
        page = (await ben.get("/inbox")).text
        assert f'href="/rooms/{room}?around=2#message-2"' in page
        assert "<bdi>R &amp; D</bdi>" in page
        assert '<span class="mention" data-mention="Ben">@ben</span>' in page
        assert "<strong>this</strong> &lt;b&gt;" in page
        assert "a secret" not in html.unescape(page)
        assert 'class="new"' in page
        await ben.post(f"/rooms/{room}/read", seq="2")
        page = (await ben.get("/inbox")).text
        assert 'class="new"' not in page
        assert "look" in page


async def test_inbox_forgets_rooms_that_one_may_not_see_any_more(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben, visibility="private")
        await ada.say(room, "only for members, @ben")
        assert "only for members" in (await ben.get("/inbox")).text
        await ada.post(f"/rooms/{room}/members/Ben/remove")
        assert "only for members" not in (await ben.get("/inbox")).text


async def test_a_mention_of_too_many_comes_back_with_its_text(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", *(f"p{n}" for n in range(20))) as people:
        room = await found_room(site, "Garden", *people)
        ben = people[1]
        answer = await ben.post(f"/rooms/{room}/messages", body="wake up @all")
        assert answer.status_code == 422
        assert alert(answer.text).startswith(
            "Only who manages the room, and administrators, may call"
        )
        assert "wake up @all</textarea>" in answer.text
        bare = await ben.post(f"/rooms/{room}/messages", htmx=True, body="wake up @all")
        assert bare.status_code == 422
        assert 'data-may-mention-all="no"' in (await ben.get(f"/rooms/{room}")).text
        assert 'data-may-mention-all="yes"' in (await people[0].get(f"/rooms/{room}")).text


@pytest.mark.parametrize("alone", [True, False])
async def test_a_page_asks_the_database_for_little_whatever_its_size(
    db: object, settings: Settings, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    app = create_app(settings, None if alone else MemoryBus(MemoryBroker()))
    async with Site(app) as site, insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo):
        room, attic = [await found_room(site, one, ada, ben, cleo) for one in ("Garden", "Attic")]
        await fill(site, room, ada, 60)
        await fill(site, attic, ada, 3)
        act, author = site.services.actions, await user_of(site, ada)
        for number in range(1, 61):
            await act.messages.change(room, number, reacted("👍", author, on=True))
            if number % 3 == 0:
                files = (File(new_id(), "plan.txt", "text/plain", 5),)
                await act.messages.say(
                    room, author, Draft("", "", thread=number, shown=True, files=files)
                )
        await settled(site, room, 80)
        await settled(site, attic, 3)
        assert (await cleo.get(f"/rooms/{room}")).status_code == 200
        asked = []
        do = Collection._do

        async def count(self: Collection, operation: Awaitable[Any]) -> Any:
            if has_request_context():
                asked.append(self._inner.name)
            return await do(self, operation)

        monkeypatch.setattr(Collection, "_do", count)
        # Somebody who was away, with much unread: what may have changed for them alone is read.
        page = (await ben.get(f"/rooms/{room}")).text
        assert (page.count('class="reactions"'), page.count("plan.txt")) == (30, 20)
        own = ["memberships", "messages", "rooms", "sessions", "users"]
        # What is new in the room a process that is alone knows.
        ends = [] if alone else ["changes", "messages"]
        assert sorted(asked) == sorted(own + ends)
        asked.clear()
        assert (await ben.get(f"/rooms/{room}")).status_code == 200
        assert sorted(asked) == ends


async def fill(site: Site, room: str, person: Person, count: int) -> None:
    """Let somebody talk without the pace that people are held to."""
    user = await user_of(site, person)
    for number in range(count):
        await site.services.actions.messages.say(room, user, Draft(f"text {number}, @ben", ""))


async def test_pages_of_two_processes_receive_it(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Dan") as (ada, ben, dan):
        room = await found_room(site, "Garden", ada, ben)
        address = other_site.url.replace("http", "ws", 1) + "/socket"
        headers = [{"Cookie": person.cookies()} for person in (ben, dan)]
        async with (
            connect(address, additional_headers=headers[0], proxy=None) as his,
            connect(address, additional_headers=headers[1], proxy=None) as outsiders,
        ):
            page, outside = Stream(his), Stream(outsiders)
            await ada.say(room, "hello @ben")
            await page.until_text('data-call="1"')
            await page.until_text('data-end="1"')
            await ben.post(f"/rooms/{room}/read", htmx=True, seq="1")
            await page.until_text('data-read="1"')
            await ben.post(f"/rooms/{room}/read", htmx=True, seq="1", unread="1")
            await page.until_text('data-unread="0"')
            await found_room(site, "Attic", ada)  # All pages hear of that, and in their order.
            await outside.until_text("rooms-news")
            assert "data-room" not in "".join(outside.frames)


async def test_a_room_set_to_nothing_counts_in_a_low_voice_at_once(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        await ada.say(room, "hello")
        await settled(site, room, 1)
        assert "data-muted" not in (await ben.get("/rooms")).text
        for level, muted in (("nothing", True), ("", False)):
            await ben.post(f"/rooms/{room}/level", level=level)
            for path in ("/rooms", f"/rooms/{room}"):
                page = (await ben.get(path)).text
                assert ("data-muted" in page) is muted
                assert badges(page) == ["unread 1"]
                pressed = 'value="nothing" aria-pressed="true"' in page
                assert pressed is (muted and path != "/rooms")
