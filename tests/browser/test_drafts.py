"""What was written and not sent: asked about at logging out, and never shown to the next person."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.attacks import user_of
from tests.browser.pages import Open, copy_cookies, enter, live
from tests.factories import PASSWORD, Person, Site

SECRET = "for nobody's eyes yet"


async def stored(page: Page) -> str:
    """Return all that the browser keeps for pages."""
    return str(await page.evaluate("JSON.stringify(localStorage)"))


async def log_in(page: Page, person: Person) -> None:
    await page.get_by_label("Username").fill(person.name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/rooms**")


async def end_session(site: Site, person: Person, context: BrowserContext) -> None:
    """End a session behind the browser's back, as an administrator or a lapse does."""
    for session in await site.services.accounts.sessions.list_of(await user_of(site, person)):
        await site.services.actions.sessions.log_out(session)


async def test_logging_out_asks_about_what_was_not_sent_and_where(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    attic = await ada.create_room("Attic")
    await ben.join(attic)
    await ada.say(name, "root")
    page = await open_page()
    await enter(page, ben, attic)
    await page.locator("#body").fill("upstairs")
    await page.goto(f"{ben.url}/rooms/{name}?thread=1")
    await live(page)
    await page.locator("#body").fill(SECRET)
    await page.locator("#thread-body").fill("a reply")
    await page.goto(f"{ben.url}/rooms")
    out = page.get_by_role("button", name="Log out", exact=True)
    await out.click()
    question = page.get_by_role("dialog", name="Log out and lose what you wrote?")
    await expect(question).to_contain_text("3 messages are written and not sent:")
    told = sorted(await question.get_by_role("listitem").all_text_contents())
    assert told == ["Attic", "Garden", "Garden, a reply in a thread"]
    await question.get_by_role("button", name="Stay").click()
    await expect(question).to_be_hidden()
    await page.goto(f"{ben.url}/rooms/{name}")
    await expect(page.locator("#body")).to_have_value(SECRET)
    await out.click()
    await question.get_by_role("button", name="Log out and lose it").click()
    await page.wait_for_url("**/login")
    assert SECRET not in await stored(page)
    await log_in(page, ben)
    await page.goto(f"{ben.url}/rooms/{name}")
    await live(page)
    await expect(page.locator("#body")).to_have_value("")


KEEPS_CHANGE = "Object.keys(localStorage).some(key => key.startsWith('edit:'))"


async def test_a_change_that_was_not_saved_is_there_at_the_next_edit(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, _, ben = room
    await ben.say(name, "as it was")
    page = await open_page()
    await enter(page, ben, name)
    field, text = page.locator("#edit-1"), page.locator("#message-1 .message-body")
    await page.locator("#body").press("ArrowUp")
    await field.fill("as it shall be")
    await page.wait_for_function(KEEPS_CHANGE)
    await page.goto(f"{ben.url}/rooms")
    await page.get_by_role("button", name="Log out", exact=True).click()
    question = page.get_by_role("dialog", name="Log out and lose what you wrote?")
    await expect(question.get_by_role("listitem")).to_have_text("Garden, a change of a message")
    await page.goto(f"{ben.url}/rooms/{name}")
    await live(page)
    await expect(text).to_have_text("as it was")
    await page.locator("#body").press("ArrowUp")
    await expect(field).to_have_value("as it shall be")
    await field.press("Enter")
    await expect(text).to_have_text("as it shall be")
    assert not await page.evaluate(KEEPS_CHANGE)
    # Who gives a change up is not reminded of it.
    await page.locator("#body").press("ArrowUp")
    await field.fill("neither this")
    await page.wait_for_function(KEEPS_CHANGE)
    await field.press("Escape")
    await expect(text).to_have_text("as it shall be")
    assert not await page.evaluate(KEEPS_CHANGE)


async def test_who_has_nothing_unsent_logs_out_at_once(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, _, ben = room
    page = await open_page()
    await enter(page, ben, name)
    await page.locator("#body").fill("typed and deleted")
    await page.locator("#body").fill("")
    await page.get_by_role("button", name="Log out", exact=True).click()
    await page.wait_for_url("**/login")


async def test_the_next_person_sees_nothing_however_the_session_ended(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    page = await open_page()
    await enter(page, ben, name)
    await page.locator("#body").fill(SECRET)
    other: Page = await page.context.new_page()
    await other.goto(f"{ben.url}/rooms/{name}")
    await expect(other.locator("#body")).to_have_value(SECRET)
    await end_session(site, ben, page.context)
    await page.goto(f"{ben.url}/login")
    await log_in(page, ada)
    assert SECRET not in await stored(page)
    await page.goto(f"{ben.url}/rooms/{name}")
    await live(page)
    await expect(page.locator("#body")).to_have_value("")
    # The tab that was left open has gone with its person.
    await expect(other.locator("body[data-me=Ben]")).to_have_count(0)
    assert SECRET not in await shown(other)
    # Nor does the way back lead to it.
    for _ in range(3):
        await page.go_back()
        assert SECRET not in await page.content()
        assert SECRET not in await shown(page)


async def shown(page: Page) -> str:
    """Return what stands in the fields of a page."""
    script = "all => all.map(one => one.value).join()"
    return str(await page.locator("input, textarea").evaluate_all(script))


async def test_who_comes_back_after_a_lapse_finds_the_draft(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, _, ben = room
    page = await open_page()
    await enter(page, ben, name)
    await page.locator("#body").fill(SECRET)
    await end_session(site, ben, page.context)
    await page.goto(f"{ben.url}/login")
    await log_in(page, ben)
    await page.goto(f"{ben.url}/rooms/{name}")
    await expect(page.locator("#body")).to_have_value(SECRET)


@pytest.mark.parametrize("way", ["logged out", "disabled"])
async def test_nobody_reads_a_draft_in_the_browser_s_storage_however_the_session_ended(
    room: tuple[str, Person, Person], open_page: Open, site: Site, way: str
) -> None:
    name, ada, ben = room
    page = await open_page()
    await enter(page, ben, name)
    await page.locator("#body").fill(SECRET)
    await page.wait_for_function("Object.keys(localStorage).some(key => key.startsWith('draft:'))")
    assert SECRET not in await stored(page)
    assert "Garden" not in await stored(page)
    if way == "disabled":
        administration = site.services.actions.administration
        await administration.disable(await user_of(site, ada), "Ben")
    else:
        await end_session(site, ben, page.context)
    # The page that was left open says so, and shows no more what was unsent.
    await expect(page.locator("#connection")).to_contain_text("You are signed out.")
    await expect(page.locator("#body")).to_have_value("")
    await page.goto(f"{ben.url}/login")
    assert SECRET not in await stored(page)


async def test_what_an_earlier_version_left_readable_is_erased_by_who_comes_first(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, _, ben = room
    page = await open_page()
    await page.goto(f"{ben.url}/login")
    leave = "([key, text]) => localStorage.setItem(key, text)"
    await page.evaluate(leave, [f"draft:somebody:{name}", SECRET])
    await page.reload()
    await page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('draft:'))")
    await page.evaluate(leave, [f"draft:Ben:{name}", SECRET])
    await enter(page, ben, name)
    await expect(page.locator("#body")).to_have_value(SECRET)
    await page.wait_for_function(
        "Object.entries(localStorage).every(([key, text]) => !key.startsWith('draft:')"
        " || text.startsWith('sealed:'))"
    )


async def test_a_half_filled_form_is_not_put_back_for_somebody_else(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    _, ada, ben = room
    page = await open_page()
    await copy_cookies(ben, page.context)
    await page.goto(f"{ben.url}/account")
    for label in ("About you", "Display name", "Status"):
        await page.get_by_label(label, exact=True).fill(SECRET)
    await page.goto(f"{ben.url}/rooms/new")
    await page.get_by_label("What it is about").fill(SECRET)
    await end_session(site, ben, page.context)
    await page.goto(f"{ben.url}/login")
    await log_in(page, ada)
    for _ in range(3):
        await page.go_back()
        assert SECRET not in await shown(page)


async def keep_in_memory(page: Page) -> Any:
    """Let the page be told that it came out of the browser's memory of pages."""
    return await page.evaluate(
        "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    )


async def test_a_page_out_of_the_browsers_memory_looks_who_is_there(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, _, ben = room
    page = await open_page()
    await enter(page, ben, name)
    await page.evaluate("window.same = true")
    await keep_in_memory(page)
    assert await page.evaluate("window.same")
    await end_session(site, ben, page.context)
    await page.evaluate("localStorage.setItem('person', 'somebody else')")
    await keep_in_memory(page)
    await page.wait_for_url("**/login**")
