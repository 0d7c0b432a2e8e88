"""Feeds on a real store: whatever the bus does, every page sees each thing once and in order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from littlechat import feeds, messages
from littlechat.bus import Event, Exchange, MemoryBus
from littlechat.config import Settings
from littlechat.feeds import room_topic
from littlechat.hub import OVERLOAD
from littlechat.messages import PAGE_DEFAULT
from littlechat.models import Cursor, Message, new_id
from littlechat.web import Services
from tests.factories import WAIT_SECONDS, Dom
from tests.tabs import Tab, process, somebody, until

ROOM = "garden"
ADA, BEN, CLEO = somebody("Ada"), somebody("Ben"), somebody("Cleo")

RELOAD = 'hx-swap-oob="reload:#messages"'

Open = Callable[..., Any]


@pytest.fixture(autouse=True)
def quick_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let feeds end soon, and never beat by themselves: each test says what it relies on."""
    monkeypatch.setattr(feeds, "LINGER_SECONDS", 0.05)
    monkeypatch.setattr(feeds, "BEAT_SECONDS", 3_600.0)
    monkeypatch.setattr("littlechat.actions.TOUCH_SECONDS", 0.01)


@pytest.fixture
async def here(db: object, settings: Settings, exchange: Exchange) -> AsyncIterator[Services]:
    """The process whose feeds are watched."""
    async with process(settings, MemoryBus(exchange)) as served:
        yield served


@pytest.fixture
async def there(db: object, settings: Settings, exchange: Exchange) -> AsyncIterator[Services]:
    """Another process, which posts."""
    async with process(settings, MemoryBus(exchange)) as served:
        yield served


@pytest.fixture
async def tab(here: Services) -> AsyncIterator[Open]:
    """Open tabs, which are closed with the test."""
    tabs: list[Tab] = []

    async def open_tab(user: Any = BEN, after: Cursor | None = None, room: str = ROOM) -> Tab:
        tabs.append(Tab(here, user))
        return await tabs[-1].enter(room, after)

    yield open_tab
    for one in tabs:
        await one.close()


async def store(served: Services, count: int, room: str = ROOM) -> list[Message]:
    """Store posts of which no event tells."""
    sends = [served.messages.add(room, ADA, f"text {n}", new_id()) for n in range(1, count + 1)]
    return list(await asyncio.gather(*sends))


def posted(served: Services, message: Message) -> Event:
    """Return the event that tells of a post."""
    html = str(served.render.message(message))
    return {"kind": "posted", "seq": message.seq, "author": message.author_name, "html": html}


def changed(served: Services, message: Message, n: int) -> Event:
    """Return the event that tells of a change."""
    return {"kind": "changed", "n": n, "html": str(served.render.message(message))}


def tell(served: Services, *events: Event, room: str = ROOM) -> None:
    """Publish events from one process."""
    for event in events:
        served.bus.publish(room_topic(room), event)


def shown(messages_: list[Message]) -> list[str]:
    return [message.body for message in messages_]


async def fresh(served: Services, room: str = ROOM) -> Dom:
    """Return the page as it is when loaded now."""
    head = await served.messages.head(room)
    page = await served.messages.newest(room, head, 100)
    return Dom(str(served.render.history(room, page)))


# Order, whatever the bus does


async def test_events_in_order_reach_every_page_at_once(
    here: Services, there: Services, tab: Open
) -> None:
    tabs = [await tab(), await tab(CLEO)]
    for number in range(5):
        await there.actions.say(ROOM, ADA, f"{number}", new_id())
    for one in tabs:
        dom = await one.until_shows(*"01234")
        assert dom.doubled == []
        assert dom.cursor == "c5-0"
    assert here.feeds.counters.gaps == 0


@pytest.mark.parametrize("order", [[2, 1, 0], [1, 0, 1, 0, 2, 2], [2, 0, 1]])
async def test_reordered_and_doubled_events_are_shown_once_and_in_order(
    here: Services, there: Services, tab: Open, order: list[int]
) -> None:
    page = await tab()
    stored = await store(there, 3)
    tell(there, *(posted(there, stored[index]) for index in order))
    dom = await page.until_shows(*shown(stored))
    assert dom.doubled == []
    assert here.feeds.counters.gaps == 0


async def test_a_lost_event_is_read_from_the_store(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    stored = await store(there, 4)
    tell(there, posted(there, stored[0]), posted(there, stored[3]))
    dom = await page.until_shows(*shown(stored))
    assert (dom.doubled, dom.cursor) == ([], "c4-0")
    assert here.feeds.counters.gaps == 1


async def test_a_lost_change_is_read_from_the_store(
    here: Services, there: Services, tab: Open
) -> None:
    await store(there, 3)
    page = await tab(after=Cursor())
    await there.messages.edit(ROOM, 1, ADA, "edited")
    removed, n = await there.messages.remove(ROOM, 3, ADA)
    tell(there, changed(there, removed, n))
    dom = await page.until_shows("edited", "text 2", "This message was removed.")
    assert (dom.doubled, dom.cursor) == ([], "c3-2")


async def test_an_event_heard_too_late_changes_nothing(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    stored = await store(there, 2)
    tell(there, posted(there, stored[1]))
    await page.until_shows(*shown(stored))
    tell(there, posted(there, stored[0]))
    await there.actions.say(ROOM, ADA, "next", new_id())
    dom = await page.until_shows(*shown(stored), "next")
    assert dom.doubled == []


async def test_the_loss_of_the_last_event_is_noticed_at_a_beat(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "BEAT_SECONDS", 0.05)
    page = await tab()
    stored = await store(there, 2)
    dom = await page.until_shows(*shown(stored))
    assert dom.doubled == []
    assert "c2-0" in await page.until_frame('id="beat"')
    await there.messages.edit(ROOM, 2, ADA, "edited")
    await page.until_shows("text 1", "edited")


async def test_the_loss_of_the_last_event_is_noticed_when_the_bus_is_in_doubt(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    stored = await store(there, 2)
    here.feeds.doubt()
    await page.until_shows(*shown(stored))


async def test_events_that_claim_numbers_the_store_lacks_do_no_harm(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    tell(there, {"kind": "posted", "seq": 99, "author": "Eve", "html": "<b>forged</b>"})
    await there.actions.say(ROOM, ADA, "true", new_id())
    dom = await page.until_shows("true")
    assert dom.cursor == "c1-0"


async def test_an_edit_heard_before_its_post_ends_as_the_edit(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    [post] = await store(there, 1)
    edited, n = await there.messages.edit(ROOM, 1, ADA, "edited")
    tell(there, changed(there, edited, n), posted(there, post))
    await page.until_shows("edited")
    await page.until(lambda dom: dom.cursor == "c1-1")
    assert page.dom.texts == ["edited"]


# Joining


async def test_a_page_gets_what_it_missed_and_then_what_comes(
    here: Services, there: Services, tab: Open
) -> None:
    stored = await store(there, 4)
    await there.messages.edit(ROOM, 2, ADA, "edited")
    page = await tab(after=Cursor(2, 0))
    await there.actions.say(ROOM, ADA, "next", new_id())
    dom = await page.until_shows("edited", *shown(stored)[2:], "next")
    assert (dom.doubled, dom.cursor) == ([], "c5-1")


async def test_a_page_that_missed_nothing_gets_no_messages(
    here: Services, there: Services, tab: Open
) -> None:
    await store(there, 2)
    page = await tab(after=Cursor(2, 0))
    await page.until_frame('id="online"')
    assert not any("data-cursor" in frame for frame in page.frames)


async def test_without_a_cursor_a_page_gets_only_what_comes(
    here: Services, there: Services, tab: Open
) -> None:
    await store(there, 2)
    page = await tab()
    await there.actions.say(ROOM, ADA, "next", new_id())
    await page.until_shows("next")


@pytest.mark.parametrize("after", [Cursor(10**15, 0), Cursor(0, 10**15), Cursor(4, 0)])
async def test_a_page_with_a_cursor_of_elsewhere_gets_a_fresh_list(
    here: Services, there: Services, tab: Open, after: Cursor
) -> None:
    stored = await store(there, 3)
    page = await tab(after=after)
    dom = await page.until_shows(*shown(stored))
    await page.until_frame(RELOAD)
    assert dom.cursor == "c3-0"
    await there.actions.say(ROOM, ADA, "next", new_id())
    await page.until_shows(*shown(stored), "next")


async def test_a_page_too_far_behind_gets_a_fresh_list(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "CATCH_UP_MAX", 60)
    stored = await store(there, 70)
    page = await tab(after=Cursor(9, 0))
    await page.until_shows(*shown(stored)[-PAGE_DEFAULT:])
    await page.until_frame(RELOAD)
    assert here.feeds.counters.reloads == 1


async def test_catch_up_too_large_for_a_frame_is_a_fresh_list_cut_to_fit(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "CATCH_UP_CHARS", 20_000)
    for number in range(10):
        await there.messages.add(ROOM, ADA, f"{number} " + "long " * 800, new_id())
    page = await tab(after=Cursor())
    dom = await page.until(lambda dom: bool(dom.messages))
    frame = await page.until_frame(RELOAD)
    assert len(frame) < 25_000
    assert dom.seqs == list(range(dom.seqs[0], 11))
    assert 1 < len(dom.seqs) < 10
    assert f"before={dom.seqs[0]}" in frame


async def test_one_message_larger_than_a_frame_is_shown_all_the_same(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "CATCH_UP_CHARS", 100)
    await store(there, 2)
    page = await tab(after=Cursor())
    await page.until_shows("text 2")


async def test_a_feed_too_far_behind_gives_all_its_pages_a_fresh_list(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "CATCH_UP_MAX", 20)
    await store(there, 3)
    pages = [await tab(after=Cursor()), await tab(CLEO, after=Cursor())]
    stored = await store(there, 30)
    tell(there, posted(there, stored[-1]))
    for page in pages:
        await page.until_shows("text 1", "text 2", "text 3", *shown(stored))
        await page.until_frame(RELOAD)
    await there.actions.say(ROOM, ADA, "next", new_id())
    for page in pages:
        await page.until(lambda dom: dom.texts[-1] == "next")


@hypothesis_settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.integers(0, 4),
    after=st.integers(0, 4),
    writers=st.lists(
        st.lists(st.sampled_from(["say", "edit", "remove", "silent", "yield"]), max_size=6),
        min_size=1,
        max_size=3,
    ),
    joins=st.lists(st.integers(0, 6), min_size=1, max_size=4),
)
async def test_pages_that_join_while_others_write_miss_nothing_and_get_nothing_twice(
    here: Services,
    there: Services,
    before: int,
    after: int,
    writers: list[list[str]],
    joins: list[int],
) -> None:
    room = new_id()
    await store(there, before, room)
    head = await there.messages.head(room)
    tabs = [Tab(here, BEN) for _ in joins]

    async def write(acts: list[str], served: Services) -> None:
        for act in acts:
            match act:
                case "say":
                    await served.actions.say(room, ADA, new_id(), new_id())
                case "edit" if before:
                    await served.actions.edit(room, 1, ADA, new_id())
                case "remove" if before > 1:
                    await quietly(served.messages.remove(room, before, ADA))
                case "silent":
                    await served.messages.add(room, ADA, new_id(), new_id())
                case _:
                    await asyncio.sleep(0)

    async def join(one: Tab, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await one.enter(room, Cursor(min(after, head.seq), 0))

    await asyncio.gather(
        *(write(acts, (here, there)[n % 2]) for n, acts in enumerate(writers)),
        *(join(one, turns) for one, turns in zip(tabs, joins, strict=True)),
    )
    here.feeds.doubt()
    wanted = await fresh(here, room)
    skipped = min(after, head.seq)
    texts = [
        wanted.messages[seq].text
        for seq in wanted.seqs
        if seq > skipped or wanted.messages[seq].version > 0
    ]
    for one in tabs:
        dom = await one.until_shows(*texts)
        # A change may come twice: of two at once, both show how it ended.
        assert not [seq for seq in dom.doubled if dom.messages[seq].version == 0]
        await one.close()


async def quietly(work: Any) -> None:
    """Do what another may have done already."""
    await asyncio.gather(work, return_exceptions=True)


# Presence and typing


async def test_everybody_hears_who_comes_and_goes_on_either_process(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "ONLINE_SECONDS", 0.02)
    page = await tab(BEN)
    far = await Tab(there, ADA).enter(ROOM)
    await page.until(lambda dom: dom.online == ["Ada", "Ben"])
    await far.until(lambda dom: dom.online == ["Ada", "Ben"])
    assert here.feeds.online(ROOM) == there.feeds.online(ROOM) == ("Ada", "Ben")
    await far.close()
    await page.until(lambda dom: dom.online == ["Ben"])


async def test_a_person_with_two_tabs_is_online_until_both_are_closed(
    here: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "ONLINE_SECONDS", 0.02)
    page, first, second = await tab(BEN), await tab(CLEO), await tab(CLEO)
    await page.until(lambda dom: dom.online == ["Ben", "Cleo"])
    await first.close()
    third = await tab(ADA)
    await page.until(lambda dom: dom.online == ["Ada", "Ben", "Cleo"])
    await second.close()
    await page.until(lambda dom: dom.online == ["Ada", "Ben"])
    await third.close()


async def test_a_process_that_stops_takes_its_people_along_at_once(
    here: Services, tab: Open, settings: Settings, exchange: Exchange
) -> None:
    page = await tab(BEN)
    async with process(settings, MemoryBus(exchange)) as dying:
        far = await Tab(dying, ADA).enter(ROOM)
        await page.until(lambda dom: dom.online == ["Ada", "Ben"])
        far.socket.close(OVERLOAD)
    await page.until(lambda dom: dom.online == ["Ben"])


async def test_a_room_hears_who_is_online_at_most_once_a_second(here: Services, tab: Open) -> None:
    clock = asyncio.get_running_loop().time
    page = await tab(BEN)
    await page.until(lambda dom: dom.online == ["Ben"])
    told, started = len(page.frames), clock()
    visitors = [await tab(somebody(f"visitor{n}")) for n in range(20)]
    await page.until(lambda dom: len(dom.online) == 21)
    frames = [frame for frame in page.frames[told:] if 'id="online"' in frame]
    assert len(frames) <= 1 + (clock() - started) / feeds.ONLINE_SECONDS
    assert len(visitors) == 20


async def test_those_who_type_are_told_of_the_others_only(
    here: Services, there: Services, tab: Open
) -> None:
    ada, ben, cleo = await tab(ADA), await tab(BEN), await tab(CLEO)
    here.feeds.typed(ROOM, "Ada")
    await ben.until(lambda dom: dom.typing == "Ada is typing…")
    there.feeds.typed(ROOM, "Ben")
    await cleo.until(lambda dom: dom.typing == "Ada and Ben are typing…")
    await ada.until(lambda dom: dom.typing == "Ben is typing…")
    await ben.until(lambda dom: dom.typing == "Ada is typing…")


async def test_who_sent_their_message_types_no_longer(here: Services, tab: Open) -> None:
    page = await tab(BEN)
    here.feeds.typed(ROOM, "Ada")
    await page.until(lambda dom: dom.typing == "Ada is typing…")
    await here.actions.say(ROOM, ADA, "there", new_id())
    await page.until(lambda dom: dom.texts == ["there"] and dom.typing == "")


async def test_who_stopped_typing_is_forgotten(
    here: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("littlechat.presence.TYPING_SECONDS", 0.1)
    page = await tab(BEN)
    here.feeds.typed(ROOM, "Ada")
    await page.until(lambda dom: dom.typing == "Ada is typing…")
    await page.until(lambda dom: dom.typing == "")


# A feed's life


def feed_tasks() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == f"feed {ROOM}"]


async def test_a_feed_ends_after_its_last_socket_and_another_may_start(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    assert len(feed_tasks()) == 1
    await page.close()
    await until(lambda: not feed_tasks())
    stored = await store(there, 1)
    again = await tab(after=Cursor())
    await there.actions.say(ROOM, ADA, "next", new_id())
    await again.until_shows(*shown(stored), "next")


async def test_a_page_that_comes_back_in_time_finds_the_same_feed(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "LINGER_SECONDS", 3_600.0)
    page = await tab()
    await page.close()
    again = await tab()
    await there.actions.say(ROOM, ADA, "next", new_id())
    await again.until_shows("next")
    assert len(feed_tasks()) == 1


async def test_pages_that_come_and_go_at_the_end_of_a_feed_are_always_served(
    here: Services, there: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "LINGER_SECONDS", 0.0)

    async def come_and_go(number: int) -> None:
        for turn in range(12):
            head = await there.messages.head(ROOM)
            page = await Tab(here, somebody(f"p{number}")).enter(ROOM, head)
            text = f"{number} {turn}"
            await there.actions.say(ROOM, ADA, text, new_id())
            await page.until(lambda dom, text=text: text in dom.texts)  # type: ignore[misc]
            await page.close()
            for _ in range(number):
                await asyncio.sleep(0)

    await asyncio.wait_for(asyncio.gather(*map(come_and_go, range(4))), WAIT_SECONDS * 2)
    await until(lambda: not feed_tasks())


async def test_a_feed_that_fails_closes_its_sockets_and_another_may_start(
    here: Services,
    there: Services,
    tab: Open,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = await tab()
    with monkeypatch.context() as broken, caplog.at_level(logging.CRITICAL, "littlechat.feeds"):
        broken.setattr(here.render, "typing_frames", None)
        here.feeds.typed(ROOM, "Ada")
        assert await page.until_closed() == OVERLOAD
        await until(lambda: not feed_tasks())
    await there.actions.say(ROOM, ADA, "missed", new_id())
    again = await tab(after=Cursor())
    await there.actions.say(ROOM, ADA, "next", new_id())
    await again.until_shows("missed", "next")
