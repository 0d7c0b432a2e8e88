"""The life of feeds: from a room's first page to after its last."""

import asyncio
import logging

import pytest

from littlechat.core.messages import Cursor, Draft
from littlechat.core.names import new_id
from littlechat.realtime import feed
from littlechat.realtime.hub import OVERLOAD
from littlechat.web.services import Services
from tests.factories import WAIT_SECONDS
from tests.tabs import (
    ADA,
    ROOM,
    Open,
    Tab,
    shown,
    somebody,
    store,
    until,
)

pytestmark = pytest.mark.usefixtures("quick_feeds")


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
    await there.actions.messages.say(ROOM, ADA, Draft("next", new_id()))
    await again.until_shows(*shown(stored), "next")


async def test_a_page_that_comes_back_in_time_finds_the_same_feed(
    here: Services, there: Services, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LINGER_SECONDS", 3_600.0)
    page = await tab()
    await page.close()
    again = await tab()
    await there.actions.messages.say(ROOM, ADA, Draft("next", new_id()))
    await again.until_shows("next")
    assert len(feed_tasks()) == 1


async def test_pages_that_come_and_go_at_the_end_of_a_feed_are_always_served(
    here: Services, there: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LINGER_SECONDS", 0.0)

    async def come_and_go(number: int) -> None:
        for turn in range(12):
            head = await there.messages.head(ROOM)
            page = await Tab(here, somebody(f"p{number}")).enter(ROOM, head)
            text = f"{number} {turn}"
            await there.actions.messages.say(ROOM, ADA, Draft(text, new_id()))
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
    with (
        monkeypatch.context() as broken,
        caplog.at_level(logging.CRITICAL, "littlechat.realtime.feeds"),
    ):
        broken.setattr(here.renderer.frames, "typing", None)
        here.realtime.feeds.typed(ROOM, "Ada")
        assert await page.until_closed() == OVERLOAD
        await until(lambda: not feed_tasks())
    await there.actions.messages.say(ROOM, ADA, Draft("missed", new_id()))
    again = await tab(after=Cursor())
    await there.actions.messages.say(ROOM, ADA, Draft("next", new_id()))
    await again.until_shows("missed", "next")
