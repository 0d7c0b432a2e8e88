"""Enter, Escape and the arrows: for keyboards on a screen, and beside input methods."""

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.pages import (
    PHONE,
    Open,
    act,
    copy_cookies,
    enter,
    send,
)
from tests.factories import Person

Room = tuple[str, Person, Person]

TOUCH: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}

CONFIRM = """(field, key) => {
  // As Safari does it: the composition has ended when the key that confirmed it arrives.
  field.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
  field.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true, data: "x" }));
  const options = { key, keyCode: 229, isComposing: false, bubbles: true, cancelable: true };
  return field.dispatchEvent(new KeyboardEvent("keydown", options));
}"""

COMPOSE = """(field, key) => field.dispatchEvent(new KeyboardEvent("keydown",
  { key, isComposing: true, bubbles: true, cancelable: true }))"""
"""As other browsers do it."""


async def confirm(field: Locator, key: str = "Enter") -> None:
    """Press a key that belongs to an input method, and see that nobody else took it."""
    for script in (CONFIRM, COMPOSE):
        assert await field.evaluate(script, key), f"{key} was taken from the input method"


async def test_enter_of_an_input_method_neither_sends_nor_leaves(
    room: Room, open_page: Open
) -> None:
    name, ada, _ = room
    await ada.say(name, "Shall we?")
    page = await open_page()
    await enter(page, ada, name)
    field = page.locator("#body")
    await field.fill("日本")
    await confirm(field)
    await expect(field).to_have_value("日本")
    # Completion: nothing is chosen, and the list stays.
    await field.fill("")
    await field.press_sequentially("@b")
    await expect(page.locator("#completions")).to_be_visible()
    for key in ("Enter", "Tab", "Escape", "ArrowDown"):
        await confirm(field, key)
    await expect(page.locator("#completions")).to_be_visible()
    await expect(field).to_have_value("@b")
    await field.fill("")
    await confirm(field, "ArrowUp")
    await expect(page.locator("form.edit")).to_have_count(0)
    # An edit is neither saved nor left.
    await act(page, "#message-1", "Edit")
    edit = page.get_by_label("Edit your message")
    await edit.fill("日本")
    for key in ("Enter", "Escape"):
        await confirm(edit, key)
    await expect(edit).to_have_value("日本")
    await page.keyboard.press("Escape")
    await expect(edit).to_have_count(0)
    # Nor is a thread.
    await act(page, "#message-1", "Reply")
    reply = page.locator("#thread-body")
    await reply.fill("日本")
    for key in ("Enter", "Escape"):
        await confirm(reply, key)
    await expect(reply).to_have_value("日本")
    await expect(page.locator("#thread")).to_be_visible()
    await expect(page.locator(".message")).to_have_count(2)  # In the room, and in its thread.


async def test_enter_of_an_input_method_chooses_no_room_person_or_emoji(
    room: Room, open_page: Open
) -> None:
    name, ada, _ = room
    page = await open_page()
    await enter(page, ada, name)
    await page.keyboard.press("Control+k")
    jump = page.locator("#jump")
    await jump.press_sequentially("be")
    await expect(page.locator("#jump-results .jump").first).to_be_visible()
    for key in ("Enter", "ArrowDown"):
        await confirm(jump, key)
    await expect(jump).to_be_focused()
    await page.keyboard.press("Escape")
    await page.locator("#composer").get_by_role("button", name="Add an emoji").click()
    await expect(page.locator("#emoji-all button").first).to_be_visible()
    search = page.get_by_label("Find an emoji")
    for key in ("Enter", "Escape", "ArrowDown"):
        await confirm(search, key)
    await expect(search).to_be_focused()
    await expect(page.locator("#body")).to_have_value("")
    await page.goto(f"{ada.url}/direct/new")
    await page.locator("#q").press_sequentially("be")
    await expect(page.locator("#choice input")).to_have_count(1)
    await confirm(page.locator("#q"))
    await expect(page.locator("#choice input:checked")).to_have_count(0)
    await page.goto(f"{ada.url}/search?q=hello")
    for key in ("Enter", "ArrowDown"):
        await confirm(page.locator("#search-field"), key)
    await expect(page.locator("#search-field")).to_be_focused()


async def test_on_touch_enter_breaks_the_line_and_the_button_sends(
    room: Room, open_page: Open
) -> None:
    name, ada, _ = room
    page = await open_page(**TOUCH)
    await enter(page, ada, name)
    field = page.locator("#body")
    await expect(field).to_have_js_property("enterKeyHint", "enter")
    await field.press_sequentially("one")
    await field.press("Enter")
    await field.press_sequentially("two")
    await expect(field).to_have_value("one\ntwo")
    await page.locator("#composer").get_by_role("button", name="Send").tap()
    await expect(page.locator("#message-1 .message-body")).to_have_text("one\ntwo")
    # A keyboard that is attached to it has a way, too.
    await field.fill("three")
    await field.press("Control+Enter")
    await expect(page.locator("#message-2")).to_be_visible()
    await sheet(page, "#message-2", "Edit")
    edit = page.get_by_label("Edit your message")
    await edit.press("Enter")
    await edit.press_sequentially("four")
    await expect(edit).to_have_value("three\nfour")
    await page.get_by_role("button", name="Save").tap()
    await expect(page.locator("#message-2 .message-body")).to_have_text("three\nfour")
    await sheet(page, "#message-2", "Reply")
    reply = page.locator("#thread-body")
    await reply.press_sequentially("five")
    await reply.press("Enter")
    await expect(reply).to_have_value("five\n")
    await page.locator("#thread-composer").get_by_role("button", name="Send").tap()
    await expect(page.locator("#thread-message-3")).to_be_visible()


async def sheet(page: Page, message: str, name: str) -> None:
    """Choose something from the sheet of a message, by touch."""
    await page.locator(f"{message} .message-body").tap()
    await page.locator(message).get_by_role("button", name="What to do with this message").tap()
    await page.get_by_role("menuitem", name=name).tap()


@pytest.mark.parametrize("key", ["Enter", "Control+Enter"])
async def test_with_a_mouse_enter_sends(key: str, room: Room, open_page: Open) -> None:
    name, ada, _ = room
    page = await open_page()
    await enter(page, ada, name)
    await expect(page.locator("#body")).to_have_js_property("enterKeyHint", "send")
    await page.locator("#body").fill("hello")
    await page.locator("#body").press(key)
    await expect(page.locator("#message-1")).to_be_visible()


async def test_hint_of_the_field_tells_no_phone_that_enter_sends(
    room: Room, open_page: Open
) -> None:
    name, ada, _ = room
    tablet = await open_page(viewport={"width": 1024, "height": 768}, has_touch=True)
    await enter(tablet, ada, name)
    await tablet.locator("#body").focus()
    await expect(tablet.locator("#composer-hint")).not_to_be_visible()
    page = await open_page()
    await copy_cookies(ada, page.context)
    await enter(page, ada, name)
    await send(page, "hello")
    await expect(page.locator("#composer-hint")).to_be_visible()
