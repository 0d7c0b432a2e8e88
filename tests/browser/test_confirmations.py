"""Acts that ask first or offer an Undo, with a mouse, with keys alone, and without scripts."""

import re

from playwright.async_api import expect

from tests.attacks import found_room, insiders, user_of
from tests.browser.pages import Open, act, copy_cookies, enter
from tests.factories import Site


async def test_dialog_asks_and_escape_and_cancel_change_nothing(
    site: Site, open_page: Open
) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        await site.services.accounts.roles.promote(await user_of(site, ada))
        page = await open_page()
        await copy_cookies(ada, page.context)
        await page.goto(f"{ada.url}/admin")
        button = page.get_by_role("button", name="Disable Ben")
        dialog = page.get_by_role("dialog", name="Disable Ben?")
        await button.click()
        await expect(dialog).to_contain_text("signed out everywhere at once")
        await expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(button).to_be_focused()
        await page.keyboard.press("Enter")
        await dialog.get_by_role("link", name="Cancel").click()
        await expect(dialog).to_be_hidden()
        assert (await ben.get("/account")).status_code == 200
        await button.click()
        await dialog.get_by_role("button", name="Disable").click()
        await expect(page.get_by_role("button", name="Enable Ben")).to_be_visible()
        assert (await ben.get("/account")).status_code == 303


async def test_without_scripts_a_page_asks(site: Site, open_page: Open) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben, visibility="private")
        page = await open_page(java_script_enabled=False)
        await copy_cookies(ben, page.context)
        await page.goto(f"{ben.url}/rooms/{room}/settings")
        await page.get_by_role("button", name="Leave this room").click()
        await expect(page.get_by_role("heading", name="Leave Garden?")).to_be_visible()
        await page.get_by_role("link", name="Cancel").click()
        await expect(page).to_have_url(re.compile(f"/rooms/{room}/settings"))
        await page.get_by_role("button", name="Leave this room").click()
        await page.get_by_role("button", name="Leave", exact=True).click()
        await page.wait_for_url("**/rooms")
        assert (await ben.get(f"/rooms/{room}")).status_code == 404


async def test_removing_a_message_asks_in_the_same_dialog(site: Site, open_page: Open) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        await ada.say(room, "too early")
        page = await open_page()
        await enter(page, ada, room)
        await act(page, "#message-1", "Remove")
        dialog = page.get_by_role("dialog", name="Remove this message for everybody?")
        await dialog.get_by_role("link", name="Cancel").click()
        await expect(page.locator("#message-1")).to_contain_text("too early")
        await act(page, "#message-1", "Remove")
        await dialog.get_by_role("button", name="Remove").click()
        await expect(page.locator("#message-1")).to_contain_text("was removed")


async def test_leaving_is_undone_by_keys(site: Site, open_page: Open) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        page = await open_page()
        await copy_cookies(ben, page.context)
        await page.goto(f"{ben.url}/rooms/{room}/settings")
        await page.get_by_role("button", name="Leave this room").click()
        await page.wait_for_url("**/rooms")
        await expect(page.locator("#undo [role=status]")).to_have_text("You left Garden.")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Undo")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/rooms/{room}")
        assert (await ben.get(f"/rooms/{room}/settings")).status_code == 200


async def test_undo_goes_away_by_itself_but_not_from_under_a_hand(
    site: Site, open_page: Open
) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        await ben.post(f"/rooms/{room}/leave")
        page = await open_page()
        await copy_cookies(ben, page.context)
        await page.clock.install()
        await page.goto(f"{ben.url}/rooms")
        toast = page.locator("#undo")
        await page.get_by_role("button", name="Undo").focus()
        await page.clock.run_for(30_000)
        await expect(toast).to_be_visible()
        await page.evaluate("document.activeElement.blur()")
        await page.clock.run_for(11_000)
        await expect(toast).to_have_count(0)
