"""Texts that are too long: whole in their fields, with how much is over, and a way to send them."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.pages import PHONE, Open, copy_cookies, enter, live
from tests.factories import Person, Site

LONG = "line of a log\n" * 642 + "its very end"
"""9,000 characters."""


async def paste(page: Page, selector: str, text: str) -> None:
    """Put a text into a field as a paste does: cut where the field cuts."""
    await page.locator(selector).focus()
    await page.keyboard.insert_text(text)


def test_the_text_is_as_long_as_the_issue_s() -> None:
    assert len(LONG) == 9_000


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_paste_that_is_too_long_stays_whole_and_goes_as_a_file(
    room: tuple[str, Person, Person], open_page: Open, site: Site, width: int
) -> None:
    name, ada, _ = room
    page = await open_page(viewport={"width": width, "height": 844})
    await enter(page, ada, name)
    await paste(page, "#body", LONG)
    await expect(page.locator("#body")).to_have_value(LONG)
    status = page.locator("#body-over")
    await expect(status).to_have_text(
        "1,000 over the limit of 8,000 characters. Nothing is cut off."
    )
    await expect(status).to_have_attribute("role", "status")
    await expect(
        page.get_by_role("button", name="Send: the message is 1,000 characters too long")
    ).to_have_attribute("aria-disabled", "true")
    await page.locator("#body").press("Enter")
    await expect(page.locator("#composer-alert [role=alert]")).to_have_text(
        "A message has at most 8,000 characters; this one is 1,000 over."
    )
    await expect(page.locator("#body")).to_have_value(LONG)
    await page.reload()
    await live(page)
    await expect(page.locator("#body")).to_have_value(LONG)
    await page.get_by_role("button", name="Send as a text file").click()
    await expect(page.locator("#composer .chip[data-file] .name")).to_have_text("message.txt")
    await expect(page.locator("#body")).to_have_value("")
    await expect(status).to_be_empty()
    # Taken away again, it is a text once more.
    await page.get_by_role("button", name="Remove message.txt").click()
    await expect(page.locator("#body")).to_have_value(LONG)
    await page.get_by_role("button", name="Send as a text file").click()
    await expect(page.locator("#body")).to_have_value("")
    await page.locator("#body").press("Enter")
    link = page.locator("#message-1").get_by_role("link", name="message.txt")
    await expect(link).to_be_visible()
    (file,) = (await site.services.messages.get(name, 1)).files
    sent = await ada.get(f"/files/{file.id}")
    assert sent.text == LONG
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_text_stays_if_its_file_does_not_arrive(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, _ = room
    page = await open_page()
    await enter(page, ada, name)
    await paste(page, "#body", LONG)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Send as a text file").click()
    await expect(page.locator("#composer .chip.failed")).to_be_visible()
    await expect(page.locator("#body")).to_have_value(LONG)


async def test_replies_and_edits_say_how_much_is_over_too(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, _ = room
    await ada.say(name, "root")
    page = await open_page()
    await copy_cookies(ada, page.context)
    await page.goto(f"{ada.url}/rooms/{name}?thread=1")
    await live(page)
    await paste(page, "#thread-body", LONG)
    await expect(page.locator("#thread-body")).to_have_value(LONG)
    await expect(page.locator("#thread-body-over")).to_contain_text("1,000 over")
    await page.locator("#thread-composer .as-file").click()
    await expect(page.locator("#thread-composer .chip .name")).to_have_text("message.txt")
    await page.locator("#body").focus()
    await page.keyboard.press("ArrowUp")
    field = page.get_by_label("Edit your message")
    await field.fill("")
    await paste(page, "form.edit textarea", LONG)
    await expect(field).to_have_value(LONG)
    await expect(page.locator("form.edit .over")).to_contain_text("1,000 over")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("form.edit [role=alert]")).to_contain_text("this one is 1,000 over")
    await expect(page.get_by_label("Edit your message")).to_have_value(LONG)


async def test_characters_are_counted_as_the_server_counts_them(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, _ = room
    page = await open_page()
    await enter(page, ada, name)
    # Two UTF-16 units each, and white space at the end, which is not stored.
    await paste(page, "#body", "🌴" * 8_000 + "\n\n   ")
    await page.locator("#body").press("Enter")
    await expect(page.locator("#message-1")).to_be_visible()


async def test_no_field_cuts_what_is_typed_and_each_refusal_keeps_it(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, _ = room
    page = await open_page(viewport=PHONE)
    await copy_cookies(ada, page.context)
    long = "word " * 200 + "end"
    for path, label in (
        ("/rooms/new", "Name"),
        ("/rooms/new", "What it is about"),
        (f"/rooms/{name}/settings", "Name"),
        ("/account", "About you"),
        ("/account", "Display name"),
        ("/account", "Status"),
    ):
        await page.goto(f"{ada.url}{path}")
        field = page.get_by_label(label, exact=True)
        if path == "/rooms/new" and label != "Name":
            await page.get_by_label("Name", exact=True).fill("Shed")
        await field.fill("")
        await field.focus()
        await page.keyboard.insert_text(long)
        await expect(field).to_have_value(long)
        over = page.locator(f"#{await field.get_attribute('id')}-over")
        await expect(over).to_contain_text("over the limit")
        form = page.locator("form", has=field)
        await form.locator("button:not([type=button])").first.click()
        await expect(page.get_by_role("alert").first).to_contain_text("at most")
        await expect(page.get_by_label(label, exact=True)).to_have_value(long)
    for path, selector in (
        ("/rooms", "main #search"),
        ("/people", "#search"),
        ("/search", "main #search-field"),
        ("/jump", "main #jump"),
        ("/direct/new", "#q"),
    ):
        await page.goto(f"{ada.url}{path}")
        await paste(page, selector, long)
        # There Enter chooses who is listed, and nobody is.
        if path == "/direct/new":
            await expect(page.get_by_text("Nobody else’s name begins with")).to_be_visible()
        await page.keyboard.press("Enter")
        await page.wait_for_load_state()
        await expect(page.locator(selector)).to_have_value(long)
