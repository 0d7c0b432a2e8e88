"""The toolbar of a message: where it stands, and how it is used by keyboard."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.pages import (
    PHONE,
    Open,
    enter,
    tab_to,
)
from tests.factories import Person

Room = tuple[str, Person, Person]

LONG = "Words that reach from the one edge of their column to the other, and then go on. " * 3

WIDTHS = (1280, 1024, 768, 390, 320)

COVERED = """() => {
  const bar = document.querySelector(".tools").getBoundingClientRect(), covered = [];
  // Code that scrolls sideways is longer than what is seen of it.
  const cuts = seen => box => Math.max(box.left, seen.left) < bar.right - 1
    && Math.min(box.right, seen.right) > bar.left + 1
    && box.top < bar.bottom - 1 && box.bottom > bar.top + 1;
  const list = document.querySelector(".tools").closest("ol");
  for (const part of list.querySelectorAll(".author, .tag, .time, .message-body, .quote")) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(texts.currentNode);
      const boxes = [...range.getClientRects()], seen = part.getBoundingClientRect();
      if (boxes.some(cuts(seen))) covered.push(texts.currentNode.textContent);
    }
  }
  return covered;
}"""
"""The texts of a list that the toolbar lies on."""

ROWS = """() => new Set([...document.querySelectorAll(".tools button")]
  .filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect().top)).size"""


async def fill(ada: Person, ben: Person, room: str) -> None:
    """Let people say what is long, short, and in all that a message can be made of."""
    await ada.say(room, "root " + LONG)
    for text in (LONG, "short", LONG, "```\n" + "code " * 60 + "\n```", LONG, "שלום " * 40):
        await ben.say(room, text)
    await ada.say(room, "mine, " + LONG)
    for text in (LONG, LONG):
        await ada.say(room, text)
    for person in (ben, ada):
        await person.say(room, "reply " + LONG, thread="1")
    await ben.post(f"/rooms/{room}/messages/8/reactions", emoji="👍")


async def assert_free(page: Page, messages: str) -> None:
    """See that the toolbar of no message covers a text, and has one row of four."""
    for item in await page.locator(messages).all():
        await item.locator(".message-body").hover()
        await expect(item.locator(".tools")).to_have_css("opacity", "1")
        assert await page.evaluate(COVERED) == [], await item.get_attribute("id")
        assert await page.evaluate(ROWS) == 1
        # The way from the text to the toolbar leads over nothing that would take it away.
        await item.get_by_role("button", name="What to do with this message").hover()
        await expect(item.locator(".tools")).to_have_count(1)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", WIDTHS)
async def test_toolbar_covers_no_name_and_no_text(
    width: int, direction: str, room: Room, open_page: Open
) -> None:
    name, ada, ben = room
    await fill(ada, ben, name)
    page = await open_page(viewport={"width": width, "height": 900})
    await enter(page, ada, name)
    await page.evaluate("direction => { document.dir = direction }", direction)
    await assert_free(page, "#messages > .message:not(.threaded)")
    await page.goto(f"{ada.url}/rooms/{name}?thread=1")
    await page.evaluate("direction => { document.dir = direction }", direction)
    await assert_free(page, "#thread-messages > .message")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_toolbar_has_four_things_and_the_menu_has_the_others(
    room: Room, open_page: Open
) -> None:
    name, ada, _ = room
    await ada.say(name, "mine")
    page = await open_page()
    await enter(page, ada, name)
    await page.locator("#message-1").hover()
    buttons = page.locator("#message-1 .tools").get_by_role("button")
    assert [
        await one.get_attribute("aria-label") or await one.inner_text()
        for one in await buttons.all()
    ] == [
        "React with 👍",
        "React…",
        "Reply",
        "What to do with this message",
    ]
    await buttons.last.click()
    found = await page.get_by_role("menuitem").all_inner_texts()
    assert [one.strip() for one in found] == [
        "Copy link",
        "Mark unread from here",
        "Edit",
        "Remove",
    ]
    menu = page.locator("#message-menu")
    # It belongs to its message until it is closed, whatever the pointer passes.
    await page.mouse.move(300, 300)
    await expect(page.locator("#message-1 .tools")).to_have_css("opacity", "1")
    await page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(buttons.last).to_be_focused()


async def test_toolbar_is_one_tab_stop_and_arrows_move_in_it(room: Room, open_page: Open) -> None:
    name, ada, _ = room
    await ada.say(name, "one")
    await ada.say(name, "two")
    page = await open_page()
    await enter(page, ada, name)
    await page.locator("#message-1 .time").focus()
    await tab_to(page, "React with 👍")
    for key, there in (
        ("ArrowRight", "React…"),
        ("End", "What to do with this message"),
        ("ArrowRight", "React with 👍"),
        ("ArrowLeft", "What to do with this message"),
        ("ArrowLeft", "Reply"),
    ):
        await page.keyboard.press(key)
        await expect(page.locator("#message-1").get_by_role("button", name=there)).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.locator("#message-2 .time")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    # Whoever moves the pointer to another message loses the toolbar, and not the place.
    await page.locator("#message-2").hover()
    await expect(page.locator("#message-1 .time")).to_be_focused()
    await expect(page.locator("#message-2 .tools")).to_have_count(1)


async def test_on_touch_the_button_of_the_toolbar_covers_no_text(
    room: Room, open_page: Open
) -> None:
    name, ada, ben = room
    await fill(ada, ben, name)
    options: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    page = await open_page(**options)
    await enter(page, ada, name)
    for item in await page.locator("#messages > .message:not(.threaded)").all():
        await item.locator(".message-body").tap(position={"x": 20, "y": 14})
        await expect(item.locator(".tools .more")).to_be_visible()
        assert await page.evaluate(COVERED) == [], await item.get_attribute("id")
