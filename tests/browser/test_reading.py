"""What people have read and what concerns them, as they see it in a real Chromium."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from littlechat.core.names import new_id
from tests.browser.pages import (
    PHONE,
    Open,
    act,
    assert_accessible,
    confirm,
    copy_cookies,
    enter,
    fill,
    live,
    send,
)
from tests.factories import WAIT_SECONDS, Person, Site

AWAY = "window.away = true; document.hasFocus = () => !window.away"
"""Makes a page one that nobody looks at, until `come`."""


async def away(open_page: Open, **options: Any) -> Page:
    page = await open_page(**options)
    await page.context.add_init_script(AWAY)
    return page


async def come(page: Page) -> None:
    """Look at a page again."""
    await page.evaluate("window.away = false; window.dispatchEvent(new Event('focus'))")


async def position(site: Site, room: str, person: Person) -> int:
    user = await site.services.accounts.users.find(person.name)
    assert user
    found = await site.services.rooms.memberships.find(room, user)
    assert found
    return found.read_seq


async def until_read(site: Site, room: str, person: Person, seq: int) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while await position(site, room, person) != seq:
            await asyncio.sleep(0.02)


def badge(page: Page, room: str, kind: str = "unread") -> Any:
    return page.locator(f'#rooms a[href="/rooms/{room}"] .{kind}')


async def test_counts_rise_in_every_tab_and_fall_when_one_of_them_is_read(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    other = await ada.create_room("Attic")
    await ben.join(other)
    first, list_page = await open_page(), await open_page()
    await enter(first, ben, other)
    await copy_cookies(ben, list_page.context)
    # Another device, which another process may serve.
    await list_page.goto(f"{ada.url}/rooms")
    await expect(list_page.locator("#rooms a")).not_to_have_count(0)
    await ada.say(name, "one")
    await ada.say(name, "two, @ben")
    for page in (first, list_page):
        await expect(badge(page, name)).to_have_text("2 unread")
        await expect(badge(page, name, "calls")).to_have_text("@1 for you")
        await expect(page.locator(".inbox .calls")).to_have_text("@1 for you")
        await expect(page).to_have_title(re.compile(r"^\(2\) "))
        assert "data:image/svg" in str(await page.locator("link[rel=icon]").get_attribute("href"))
    reader = await open_page()
    await enter(reader, ben, name)
    await until_read(site, name, ben, 2)
    for page in (first, list_page):
        await expect(badge(page, name)).to_be_hidden()
        await expect(badge(page, name, "calls")).to_be_hidden()
        await expect(page).not_to_have_title(re.compile(r"^\("))
        href = str(await page.locator("link[rel=icon]").get_attribute("href"))
        assert "/static/installed/icon.svg" in href


async def test_what_comes_while_one_is_away_stays_unread_below_a_line(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    page = await away(open_page)
    await enter(page, ben, name)
    await come(page)
    await ada.say(name, "seen at once")
    await until_read(site, name, ben, 1)
    await expect(page.locator(".new-line")).to_have_count(0)
    await page.evaluate("window.away = true")
    await ada.say(name, "while he is away")
    await ada.say(name, "and another")
    await expect(page.locator("#message-2 > .new-line")).to_have_text("New")
    await expect(page).to_have_title("(2) Garden · littlechat")
    await expect(badge(page, name)).to_have_text("2 unread")
    assert await position(site, name, ben) == 1
    await come(page)
    await until_read(site, name, ben, 3)
    await expect(page).to_have_title("Garden · littlechat")
    # The line is still there to find one's place, until one answers.
    await expect(page.locator(".new-line")).to_have_count(1)
    await send(page, "my answer")
    await expect(page.locator("#message-4")).to_be_visible()
    await expect(page.locator(".new-line")).to_have_count(0)
    await until_read(site, name, ben, 4)


DRAWN = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
    () => setTimeout(done, 50))))"""


async def read_on(page: Page, room: str, step: int = 400) -> None:
    """Turn the wheel until nothing is unread, as somebody does who reads."""
    await page.mouse.move(640, 400)
    async with asyncio.timeout(3 * WAIT_SECONDS):
        while await badge(page, room).is_visible():
            await page.mouse.wheel(0, step)
            # Nobody reads what was never drawn: wait for the frames of this turn.
            await page.evaluate(DRAWN)


async def count_unread(page: Page, room: str) -> int:
    """Return what the sidebar says."""
    counted = badge(page, room).locator("b")
    before = None
    while before != (text := await counted.text_content()):
        before = text
        # Until two frames in a row find nothing new on the screen.
        await page.evaluate("() => new Promise(done => setTimeout(done, 200))")
    return int(text or "0") if await badge(page, room).is_visible() else 0


DESK = {"width": 1280, "height": 800}


async def test_one_jumps_to_the_first_unread_far_back_and_reads_on(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, _, ben = room
    await fill(site, name, "Ada", count=92)
    await ben.post(f"/rooms/{name}/read", htmx=True, seq="10")
    page = await open_page(viewport=DESK)
    await enter(page, ben, name)
    # Nothing is taken away by opening: the newest were seen, those before them were not.
    await expect(badge(page, name)).to_have_text("82 unread")
    jump = page.get_by_role("link", name="82 new: jump to the first")
    await expect(jump).to_be_visible()
    assert await position(site, name, ben) == 10
    await jump.click()
    await page.wait_for_url("**around=11*")
    await expect(page.locator("#message-11 > .new-line")).to_be_in_viewport()
    await expect(page.locator("#first-unread")).to_be_hidden()
    # What is on the screen there is read; the rest is not.
    await live(page)
    async with asyncio.timeout(WAIT_SECONDS):
        while await position(site, name, ben) == 10:
            await asyncio.sleep(0.02)
    left = await count_unread(page, name)
    assert 60 < left < 82
    # At the second visit the rest is still told of.
    await page.goto(f"{ben.url}/rooms/{name}")
    await expect(page.get_by_role("link", name=f"{left} new: jump to the first")).to_be_visible()
    await page.locator("#first-unread a").click()
    await expect(page.locator(".new-line")).to_be_in_viewport()
    await page.wait_for_url("**around=*")
    await live(page)
    await read_on(page, name)
    await until_read(site, name, ben, 92)
    # The page has come into the present.
    await expect(page.locator("#message-92")).to_be_in_viewport()


async def test_a_room_opens_at_the_line_and_counts_fall_as_it_is_read(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, _, ben = room
    await fill(site, name, "Ada", count=40)
    await ben.post(f"/rooms/{name}/read", htmx=True, seq="10")
    page = await open_page(viewport=DESK)
    await enter(page, ben, name)
    await expect(page.locator("#message-11 > .new-line")).to_be_in_viewport()
    await expect(page.locator("#message-40")).not_to_be_in_viewport()
    await expect(page.locator("#first-unread")).to_be_hidden()
    left = await count_unread(page, name)
    assert 10 < left < 30
    await expect(page).to_have_title(f"({left}) Garden · littlechat")
    # What a jump to the newest skips stays unread, and one finds back to it.
    await page.locator("#news").click()
    await expect(page.locator("#message-40")).to_be_in_viewport()
    await expect(page.locator("#news")).to_be_hidden()
    await expect(badge(page, name)).to_have_text(f"{left} unread")
    jump = page.get_by_role("link", name=f"{left} new: jump to the first")
    await jump.click()
    first = page.locator(f"#message-{41 - left}")
    await expect(first.locator(".new-line")).to_be_in_viewport()
    await expect(first.locator(".time")).to_be_focused()
    assert "around" not in page.url
    await read_on(page, name)
    await until_read(site, name, ben, 40)
    await expect(page).to_have_title("Garden · littlechat")


async def test_reading_up_from_the_newest_to_the_line_reads_all(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, _, ben = room
    await fill(site, name, "Ada", count=70)
    page = await open_page(viewport=DESK)
    await enter(page, ben, name)
    await expect(badge(page, name)).to_have_text("70 unread")
    await read_on(page, name, -400)
    await until_read(site, name, ben, 70)
    await expect(page.locator("#first-unread")).to_be_hidden()


async def test_all_is_marked_read_without_being_seen_by_a_button(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, _, ben = room
    await fill(site, name, "Ada", count=70)
    page = await open_page(viewport=DESK)
    await enter(page, ben, name)
    # The jump covers no message, and none moves when it goes.
    jump, messages = page.locator("#first-unread"), page.locator("#scroll")
    await expect(jump).to_be_visible()
    covered, seen = await jump.bounding_box(), await messages.bounding_box()
    assert covered
    assert seen
    assert covered["y"] + covered["height"] <= seen["y"]
    last = await page.locator("#message-70").bounding_box()
    await page.get_by_role("button", name="Mark read").click()
    await until_read(site, name, ben, 70)
    await expect(badge(page, name)).to_be_hidden()
    await expect(jump).to_be_hidden()
    assert await page.locator("#message-70").bounding_box() == last
    await expect(page).to_have_url(f"{ben.url}/rooms/{name}")


async def test_while_one_is_away_the_line_is_not_pushed_off_the_screen(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, _, ben = room
    page = await away(open_page, viewport=DESK)
    await enter(page, ben, name)
    await come(page)
    await fill(site, name, "Ada", count=1)
    await until_read(site, name, ben, 1)
    await page.evaluate("window.away = true")
    await fill(site, name, "Ada", count=30)
    await expect(page.locator("#message-31")).to_be_attached()
    await expect(page.locator("#message-2 > .new-line")).to_be_in_viewport()
    assert await position(site, name, ben) == 1
    await come(page)
    async with asyncio.timeout(WAIT_SECONDS):
        while await position(site, name, ben) == 1:
            await asyncio.sleep(0.02)
    assert await position(site, name, ben) < 31


async def test_replies_in_their_thread_alone_make_no_room_unread(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    other = await ada.create_room("Attic")
    await ben.join(other)
    await ada.say(name, "root")
    await ben.post(f"/rooms/{name}/read", htmx=True, seq="1")
    page = await open_page(viewport=DESK)
    await enter(page, ben, other)
    await expect(badge(page, name)).to_be_hidden()
    for person in (ben, ada):
        await person.post(
            f"/rooms/{name}/messages", htmx=True, body="aside", thread="1", client_id=new_id()
        )
    await ada.say(name, "for all")
    await expect(badge(page, name)).to_have_text("1 unread")
    await expect(page).to_have_title("(1) Attic · littlechat")
    await page.reload()
    await expect(badge(page, name)).to_have_text("1 unread")
    await page.goto(f"{ben.url}/rooms/{name}")
    await until_read(site, name, ben, 4)
    await expect(badge(page, name)).to_be_hidden()
    # Nor does an own reply that is written here.
    await page.goto(f"{ben.url}/rooms/{name}?thread=1")
    await live(page)
    await page.locator("#thread-body").fill("my own")
    await page.locator("#thread-body").press("Enter")
    await expect(page.locator("#thread-message-5")).to_be_visible()
    await until_read(site, name, ben, 5)
    await expect(badge(page, name)).to_be_hidden()


async def test_a_room_set_to_nothing_is_neither_bold_nor_in_the_title(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    other = await ada.create_room("Attic")
    await ben.join(other)
    await ada.say(name, "one")
    page = await open_page(viewport=DESK)
    await enter(page, ben, other)
    await expect(page).to_have_title("(1) Attic · littlechat")
    label = page.locator(f'#rooms a[href="/rooms/{name}"] .label')
    await expect(label).to_have_css("font-weight", "650")
    # Said on another page, it is so at once on this one.
    await ben.post(f"/rooms/{name}/level", level="nothing")
    await expect(page).to_have_title("Attic · littlechat")
    assert float(await label.evaluate("one => getComputedStyle(one).fontWeight")) < 600
    await ada.say(name, "two")
    await expect(badge(page, name)).to_have_text("2 unread")
    await expect(page).to_have_title("Attic · littlechat")


async def test_marked_unread_it_stays_so_until_one_comes_anew(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    for number in range(3):
        await ada.say(name, f"text {number}")
    page, other = await open_page(), await open_page()
    await copy_cookies(ben, other.context)
    await other.goto(f"{ada.url}/rooms")
    await enter(page, ben, name)
    await until_read(site, name, ben, 3)
    await act(page, "#message-2", "Mark unread")
    for one in (page, other):
        await expect(badge(one, name)).to_have_text("2 unread")
    await expect(page.locator("#message-2 > .new-line")).to_be_visible()
    await until_read(site, name, ben, 1)
    await ada.say(name, "and one more")
    await expect(badge(other, name)).to_have_text("3 unread")
    assert await position(site, name, ben) == 1
    await page.reload()
    await until_read(site, name, ben, 4)
    await expect(page.locator("#message-2 > .new-line")).to_be_visible()
    await expect(badge(other, name)).to_be_hidden()


async def test_a_page_that_is_left_says_what_was_read_in_it(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    page = await open_page()
    await enter(page, ben, name)
    await ada.say(name, "told at once")
    await until_read(site, name, ben, 1)
    await page.evaluate(
        "() => { window.seen = new Promise(done => document.addEventListener('littlechat:read',"
        " event => event.detail.read === 2 && done())); }"
    )
    await ada.say(name, "and this one only after a while")
    await page.evaluate("window.seen")
    await page.goto(f"{ben.url}/account")
    await until_read(site, name, ben, 2)


async def test_counts_are_right_again_after_the_line_was_cut(
    room: tuple[str, Person, Person],
    open_page: Open,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, ada, ben = room
    other = await ada.create_room("Attic")
    await ben.join(other)
    page = await open_page()
    await enter(page, ben, other)
    # Nothing that is said just now reaches him: as if it went by while the line was cut.
    with monkeypatch.context() as deaf:
        for process in site.processes:
            deaf.setattr(process.services.realtime.announcements, "send_to_people", lambda *_: None)
        await ada.say(name, "unheard, @ben")
        await page.wait_for_timeout(1_500)
    for process in site.processes:
        process.services.rooms.access.invalidate()
        for socket in tuple(process.services.realtime.hub.sockets):
            socket.close(1012)
    await expect(badge(page, name)).to_have_text("1 unread")
    await expect(badge(page, name, "calls")).to_have_text("@1 for you")


async def test_everything_is_read_at_once_from_the_list(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    page = await open_page()
    await copy_cookies(ben, page.context)
    await page.goto(f"{ben.url}/rooms")
    await expect(page.get_by_role("button", name="Mark all read")).to_be_hidden()
    await ada.say(name, "one")
    await expect(badge(page, name)).to_have_text("1 unread")
    await page.get_by_role("button", name="Mark all read").click()
    await confirm(page)
    await expect(badge(page, name)).to_be_hidden()


async def test_a_mention_is_completed_by_keyboard_marked_and_found_in_the_inbox(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    hers, his = await open_page(), await open_page()
    await enter(hers, ada, name)
    await copy_cookies(ben, his.context)
    await his.goto(f"{ben.url}/rooms")
    field = hers.locator("#body")
    await field.press_sequentially("Hi @")
    options = hers.get_by_role("option")
    await expect(options).to_have_count(4)
    await field.press_sequentially("b")
    await expect(options).to_have_count(1)
    await expect(field).to_have_attribute("aria-activedescendant", "completion-0")
    await field.press("Enter")
    await expect(field).to_have_value("Hi @Ben ")
    await expect(hers.locator("#completions")).to_be_hidden()
    await expect(field).not_to_have_attribute("aria-activedescendant", "completion-0")
    # Escape puts the list away for this name, and no more; then Enter sends.
    await field.press_sequentially("and @a")
    await expect(options).to_have_count(2)
    await field.press("Escape")
    await field.press_sequentially("d")
    await expect(hers.locator("#completions")).to_be_hidden()
    await field.press("Backspace")
    await field.press("Backspace")
    await field.press("Backspace")
    await field.press_sequentially("@a")
    await field.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await field.press("ArrowUp")
    await field.press("Tab")
    await expect(field).to_have_value("Hi @Ben and @Ada ")
    await field.press("Enter")
    mention = hers.locator('#message-1 .mention[data-mention="Ben"]')
    await expect(mention).to_have_text("@Ben")
    await expect(hers.locator("#message-1")).not_to_have_class(re.compile("calls-me"))
    await expect(his.locator(".inbox .calls")).to_have_text("@1 for you")
    await his.get_by_role("link", name="Inbox").click()
    await expect(his.get_by_role("article")).to_have_count(1)
    await ada.say(name, "And again, @ben")
    await expect(his.get_by_role("article")).to_have_count(2)
    await expect(his.get_by_role("article").first).to_contain_text("And again, @ben")
    await expect(his.locator("article time").first).to_have_text(re.compile(r"\d:\d\d"))
    entry = his.get_by_role("article", name="Ada in Garden").last
    await expect(entry).to_contain_text("Hi @Ben and @Ada")
    await entry.get_by_role("link").click()
    await live(his)
    await expect(his.locator("#message-1")).to_have_class(re.compile("calls-me"))
    await expect(his.locator("#message-1 .mention.to-me")).to_have_text("@Ben")
    await expect(hers.locator("#message-1 .mention.to-me")).to_have_text("@Ada")


async def test_a_phone_completes_by_touch_and_shows_what_waits_elsewhere(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    other = await ada.create_room("Attic")
    await ben.join(other)
    page = await open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    await enter(page, ben, name)
    await page.locator("#body").tap()
    await page.locator("#body").press_sequentially("@a")
    option = page.get_by_role("option", name="Ada")
    box = await option.bounding_box()
    assert box
    assert box["height"] >= 44
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await option.tap()
    await expect(page.locator("#body")).to_have_value("@Ada ")
    await expect(page.locator("#body")).to_be_focused()
    await ada.say(other, "upstairs")
    await expect(page.locator("#elsewhere")).to_have_text("1 unread elsewhere")


async def test_completion_works_where_a_message_is_edited(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    await ada.say(name, "hello")
    page, his = await open_page(), await open_page()
    await enter(page, ada, name)
    await enter(his, ben, name)
    await act(page, "#message-1", "Edit")
    field = page.get_by_label("Edit your message")
    await field.press_sequentially(" @b")
    await field.press("Enter")
    await expect(field).to_have_value("hello @Ben ")
    await field.press("Enter")
    await expect(his.locator("#message-1 .mention.to-me")).to_have_text("@Ben")


async def test_axe_finds_nothing_where_something_is_new(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    await fill(site, name, "Ada", count=30)
    await ada.say(name, "hello @ben and @ada")
    for scheme in ("light", "dark"):
        page = await away(open_page, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
        await enter(page, ben, name)
        await page.locator("#news").click()
        await expect(page.locator("#first-unread")).to_be_visible()
        await assert_accessible(page)
        await page.locator("#first-unread a").click()
        await page.locator("#body").press_sequentially("@")
        await expect(page.get_by_role("option")).to_have_count(4)
        await assert_accessible(page)
        for path in ("/inbox", "/rooms"):
            await page.goto(f"{ben.url}{path}")
            await expect(page.locator(".badge.calls").first).to_be_attached()
            await assert_accessible(page)
