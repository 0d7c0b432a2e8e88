"""Feeds on a real store: whatever the bus does, every page sees each thing once and in order."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from littlechat.core.messages import Cursor, Draft
from littlechat.core.names import new_id
from littlechat.messages import store as messages
from littlechat.messages.mutations import edited, emptied
from littlechat.realtime import feed
from littlechat.web.services import Services
from tests.tabs import (
    ADA,
    BEN,
    CLEO,
    RELOAD,
    ROOM,
    Open,
    Tab,
    changed,
    fresh,
    posted,
    publish,
    shown,
    store,
)

pytestmark = pytest.mark.usefixtures("quick_feeds")


async def test_events_in_order_reach_every_page_at_once(
    here: Services, there: Services, tab: Open
) -> None:
    tabs = [await tab(), await tab(CLEO)]
    for number in range(5):
        await there.actions.messages.say(ROOM, ADA, Draft(f"{number}", new_id()))
    for one in tabs:
        dom = await one.until_shows(*"01234")
        assert dom.doubled == []
        assert dom.cursor == "c5-0"
    assert here.realtime.feeds.counters.gaps == 0


@pytest.mark.parametrize("order", [[2, 1, 0], [1, 0, 1, 0, 2, 2], [2, 0, 1]])
async def test_reordered_and_doubled_events_are_shown_once_and_in_order(
    here: Services, there: Services, tab: Open, order: list[int]
) -> None:
    page = await tab()
    stored = await store(there, 3)
    publish(there, *(posted(there, stored[index]) for index in order))
    dom = await page.until_shows(*shown(stored))
    assert dom.doubled == []
    assert here.realtime.feeds.counters.gaps == 0


async def test_a_lost_event_is_read_from_the_store(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    stored = await store(there, 4)
    publish(there, posted(there, stored[0]), posted(there, stored[3]))
    dom = await page.until_shows(*shown(stored))
    assert (dom.doubled, dom.cursor) == ([], "c4-0")
    assert here.realtime.feeds.counters.gaps == 1


async def test_a_lost_change_is_read_from_the_store(
    here: Services, there: Services, tab: Open
) -> None:
    await store(there, 3)
    page = await tab(after=Cursor())
    await there.messages.change(ROOM, 1, edited("edited", ADA))
    removed, n = await there.messages.change(ROOM, 3, emptied(ADA))
    publish(there, changed(there, removed, n))
    dom = await page.until_shows("edited", "text 2", "This message was removed.")
    assert (dom.doubled, dom.cursor) == ([], "c3-2")


async def test_an_event_received_too_late_changes_nothing(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    stored = await store(there, 2)
    publish(there, posted(there, stored[1]))
    await page.until_shows(*shown(stored))
    publish(there, posted(there, stored[0]))
    await there.actions.messages.say(ROOM, ADA, Draft("next", new_id()))
    dom = await page.until_shows(*shown(stored), "next")
    assert dom.doubled == []


async def test_the_loss_of_the_last_event_is_noticed_at_a_beat(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BEAT_SECONDS", 0.05)
    page = await tab()
    stored = await store(there, 2)
    dom = await page.until_shows(*shown(stored))
    assert dom.doubled == []
    assert "c2-0" in await page.until_frame('id="beat"')
    await there.messages.change(ROOM, 2, edited("edited", ADA))
    await page.until_shows("text 1", "edited")


async def test_the_loss_of_the_last_event_is_noticed_when_the_bus_resumes(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    stored = await store(there, 2)
    here.realtime.feeds.resync()
    await page.until_shows(*shown(stored))


async def test_a_page_that_joined_ahead_of_its_feed_receives_changes_to_what_it_has(
    here: Services, there: Services, tab: Open
) -> None:
    first = await tab()
    stored = await store(there, 2)
    # No event told the feed of the posts, but the store told this page.
    ahead = await tab(after=Cursor(0, 0))
    await ahead.until_shows(*shown(stored))
    await there.messages.change(ROOM, 1, edited("edited", ADA))
    here.realtime.feeds.resync()
    for page in (first, ahead):
        await page.until_shows("edited", "text 2")
        await page.until(lambda dom: dom.cursor == "c2-1")


async def test_events_that_claim_numbers_the_store_lacks_do_no_harm(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    publish(there, {"kind": "posted", "seq": 99, "author": "Eve", "html": "<b>forged</b>"})
    await there.actions.messages.say(ROOM, ADA, Draft("true", new_id()))
    dom = await page.until_shows("true")
    assert dom.cursor == "c1-0"


async def test_an_edit_received_before_its_post_ends_as_the_edit(
    here: Services, there: Services, tab: Open
) -> None:
    page = await tab()
    [post] = await store(there, 1)
    message, n = await there.messages.change(ROOM, 1, edited("edited", ADA))
    publish(there, changed(there, message, n), posted(there, post))
    await page.until_shows("edited")
    await page.until(lambda dom: dom.cursor == "c1-1")
    assert page.dom.texts == ["edited"]


async def test_a_feed_too_far_behind_gives_all_its_pages_a_fresh_list(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "CATCH_UP_MAX", 20)
    await store(there, 3)
    pages = [await tab(after=Cursor()), await tab(CLEO, after=Cursor())]
    stored = await store(there, 30)
    publish(there, posted(there, stored[-1]))
    for page in pages:
        await page.until_shows("text 1", "text 2", "text 3", *shown(stored))
        await page.until_frame(RELOAD)
    await there.actions.messages.say(ROOM, ADA, Draft("next", new_id()))
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
                    await served.actions.messages.say(room, ADA, Draft(new_id(), new_id()))
                case "edit" if before:
                    await served.actions.messages.edit(room, 1, ADA, new_id())
                case "remove" if before > 1:
                    await quietly(served.messages.change(room, before, emptied(ADA)))
                case "silent":
                    await served.messages.add(room, ADA, Draft(new_id(), new_id()))
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
    here.realtime.feeds.resync()
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
