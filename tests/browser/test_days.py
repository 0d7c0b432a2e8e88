"""Days and times by the reader's own calendar, in pages that stay open, in a real Chromium."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from littlechat.messages import documents
from tests.browser.pages import Open, enter, fill
from tests.factories import Person, Site

BERLIN, LORD_HOWE = "Europe/Berlin", "Australia/Lord_Howe"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Let messages be posted at a moment."""

    def post_at(moment: datetime) -> None:
        monkeypatch.setattr(documents, "now", lambda: moment)

    return post_at


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


async def open_at(open_page: Open, person: Person, room: str, zone: str, now: str) -> Page:
    """Open a room on a machine whose clock says `now`, and goes on from there."""
    page = await open_page(timezone_id=zone)
    await page.clock.install(time=local(zone, now))
    await enter(page, person, room)
    return page


async def days(page: Page) -> list[str]:
    """Return the days that a room's list shows."""
    script = "list => list.map(one => one.dataset.day)"
    found: list[str] = await page.locator("#messages > [data-day]").evaluate_all(script)
    return found


async def test_a_page_left_open_over_midnight_renames_its_days_at_once(
    room: tuple[str, Person, Person], open_page: Open, at: Callable[[datetime], None]
) -> None:
    name, ada, ben = room
    at(local(BERLIN, "2026-07-09 20:00"))
    await ada.say(name, "the evening before")
    at(local(BERLIN, "2026-07-10 23:50"))
    await ada.say(name, "late")
    page = await open_at(open_page, ben, name, BERLIN, "2026-07-10 23:55")
    assert await days(page) == ["Yesterday", "Today"]
    await page.clock.run_for(6 * 60_000)
    await expect(page.locator("#message-2")).to_have_attribute("data-day", "Yesterday")
    assert await days(page) == ["Thursday, July 9", "Yesterday"]
    # There is one today, however long the page stays open.
    at(local(BERLIN, "2026-07-11 00:02"))
    await ada.say(name, "after midnight")
    await expect(page.locator("#message-3")).to_have_attribute("data-day", "Today")
    assert await days(page) == ["Thursday, July 9", "Yesterday", "Today"]
    # The machine sleeps for 26 hours: timers stood still, and fire once.
    await page.clock.fast_forward(26 * 60 * 60_000)
    await expect(page.locator("#message-3")).to_have_attribute("data-day", "Yesterday")
    assert await days(page) == ["Thursday, July 9", "Friday, July 10", "Yesterday"]


async def test_who_comes_back_to_a_page_finds_its_days_right_before_any_timer(
    room: tuple[str, Person, Person], open_page: Open, at: Callable[[datetime], None]
) -> None:
    name, ada, ben = room
    at(local(BERLIN, "2026-07-10 20:00"))
    await ada.say(name, "hello")
    page = await open_at(open_page, ben, name, BERLIN, "2026-07-10 20:01")
    assert await days(page) == ["Today"]
    await page.clock.set_fixed_time(local(BERLIN, "2026-07-11 08:00"))
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert await days(page) == ["Yesterday"]


@pytest.mark.parametrize(
    ("zone", "posted", "now", "shown"),
    [
        # A day of 23 hours: 24 hours before half past midnight it is two days ago.
        (BERLIN, "2026-03-28 20:00", "2026-03-30 00:30", "Saturday, March 28"),
        (BERLIN, "2026-03-29 12:00", "2026-03-30 00:30", "Yesterday"),
        # A day of 25 hours: 24 hours before its last hour it is still today.
        (BERLIN, "2026-10-25 10:00", "2026-10-25 23:30", "Today"),
        (BERLIN, "2026-10-24 10:00", "2026-10-25 23:30", "Yesterday"),
        # Half an hour less, and half an hour more.
        (LORD_HOWE, "2026-10-03 20:00", "2026-10-05 00:15", "Saturday, October 3"),
        (LORD_HOWE, "2026-10-04 12:00", "2026-10-05 00:15", "Yesterday"),
        (LORD_HOWE, "2026-04-05 10:00", "2026-04-05 23:45", "Today"),
        (LORD_HOWE, "2026-04-04 10:00", "2026-04-05 23:45", "Yesterday"),
    ],
)
async def test_days_are_right_on_the_nights_of_a_clock_change(
    room: tuple[str, Person, Person],
    open_page: Open,
    at: Callable[[datetime], None],
    zone: str,
    posted: str,
    now: str,
    shown: str,
) -> None:
    name, ada, ben = room
    at(local(zone, posted))
    await ada.say(name, "hello")
    page = await open_at(open_page, ben, name, zone, now)
    assert await days(page) == [shown]


async def test_lists_say_how_long_ago_by_the_calendar_and_go_on_saying_it(
    room: tuple[str, Person, Person], open_page: Open, site: Site, at: Callable[[datetime], None]
) -> None:
    name, ada, ben = room
    at(local(BERLIN, "2026-07-10 19:00"))
    await ada.say(name, "hello")
    page = await open_at(open_page, ben, name, BERLIN, "2026-07-10 19:00:30")
    await page.goto(f"{ben.url}/rooms")
    time = page.locator(f'#rooms a[href="/rooms/{name}"] time')
    await expect(time).to_have_text("just now")
    await page.clock.run_for(3 * 60_000)
    await expect(time).to_have_text("3 minutes ago")
    await page.clock.fast_forward(2 * 60 * 60_000)
    await expect(time).to_have_text("2 hours ago")
    # At one o'clock in the night the day before yesterday is not 30 hours ago, but two days.
    await page.clock.fast_forward(28 * 60 * 60_000)
    await expect(time).to_have_text("2 days ago")


async def test_the_first_loaded_message_tells_its_day_until_an_older_one_does(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, _, ben = room
    await fill(site, name, "Ada", count=60)
    page = await open_page(viewport={"width": 1280, "height": 800})
    await enter(page, ben, name)
    await expect(page.locator("#message-11")).to_have_attribute("data-day", "Today")
    await page.locator("#scroll").evaluate("one => one.scrollTop = -one.scrollHeight")
    await expect(page.locator("#message-1")).to_have_attribute("data-day", "Today")
    assert await days(page) == ["Today"]
