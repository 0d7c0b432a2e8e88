"""Pages that come back: what they missed, or a fresh list."""

import pytest

from littlechat.core.messages import Cursor, Draft
from littlechat.core.names import new_id
from littlechat.messages import store as messages
from littlechat.messages.mutations import edited
from littlechat.messages.store import PAGE_DEFAULT
from littlechat.realtime import catch_up as catchup
from littlechat.web.services import Services
from tests.tabs import ADA, RELOAD, ROOM, Open, shown, store

pytestmark = pytest.mark.usefixtures("quick_feeds")


async def test_a_page_gets_what_it_missed_and_then_what_comes(
    here: Services, there: Services, tab: Open
) -> None:
    stored = await store(there, 4)
    await there.messages.change(ROOM, 2, edited("edited", ADA))
    page = await tab(after=Cursor(2, 0))
    await there.actions.messages.say(ROOM, ADA, Draft("next", new_id()))
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
    await there.actions.messages.say(ROOM, ADA, Draft("next", new_id()))
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
    await there.actions.messages.say(ROOM, ADA, Draft("next", new_id()))
    await page.until_shows(*shown(stored), "next")


async def test_a_page_too_far_behind_gets_a_fresh_list(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "CATCH_UP_MAX", 60)
    stored = await store(there, 70)
    page = await tab(after=Cursor(9, 0))
    await page.until_shows(*shown(stored)[-PAGE_DEFAULT:])
    await page.until_frame(RELOAD)
    assert here.realtime.feeds.catch_up.counters.reloads == 1


async def test_catch_up_too_large_for_a_frame_is_a_fresh_list_cut_to_fit(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catchup, "CATCH_UP_CHARS", 20_000)
    for number in range(10):
        await there.messages.add(ROOM, ADA, Draft(f"{number} " + "long " * 800, new_id()))
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
    monkeypatch.setattr(catchup, "CATCH_UP_CHARS", 100)
    await store(there, 2)
    page = await tab(after=Cursor())
    await page.until_shows("text 2")
