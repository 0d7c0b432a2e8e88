"""The first hours: an installation is set up, and reached from another machine."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from littlechat.accounts.setup_token import setup_token
from littlechat.platform.own_address import lan_address
from tests.browser.pages import PHONE, Open, assert_accessible, live, register
from tests.factories import PASSWORD, Site, command
from tests.pictures import animation


@pytest.mark.parametrize("scripts", [True, False])
async def test_installation_is_set_up_and_its_link_lets_the_next_person_in(
    site: Site, open_page: Open, scripts: bool
) -> None:
    hers, his = await open_page(java_script_enabled=scripts), await open_page(viewport=PHONE)
    await hers.goto(site.url)
    await expect(hers).to_have_url(f"{site.url}/setup")
    if scripts:
        await assert_accessible(hers)
    await hers.get_by_label("What it is called").fill("Greenhouse")
    await hers.get_by_label("Your username").fill("Ada")
    await hers.get_by_label("Your password").fill(PASSWORD)
    await hers.get_by_role("button", name="Make the administrator’s account").click()
    await hers.wait_for_url("**/rooms/lobby?welcome=1")
    await expect(hers).to_have_title("Lobby · Greenhouse")
    if scripts:
        await live(hers)
        await assert_accessible(hers)
    link = await hers.get_by_label("Invitation link").input_value()
    await his.goto(link)
    await his.get_by_label("Username").fill("Ben")
    await his.get_by_label("Password").fill(PASSWORD)
    await his.keyboard.press("Enter")
    await his.wait_for_url("**/rooms")
    await expect(his.get_by_role("banner")).to_contain_text("Greenhouse")


async def test_from_another_machine_plain_http_is_explained_and_makes_no_account(
    open_page: Open, tmp_path: Path
) -> None:
    address = lan_address()
    if address is None:
        pytest.skip("this machine has no network")
    async with command(tmp_path, HOST="0.0.0.0") as (_, local):
        page = await open_page(viewport=PHONE)
        there = f"http://{address}:{urlsplit(local).port}"
        token = setup_token((tmp_path / "secret-key").read_text().strip())
        for path in (f"setup?token={token}", "login"):
            await page.goto(f"{there}/{path}")
            await expect(page.get_by_role("alert")).to_contain_text("plain http")
            await expect(page.locator("main")).to_contain_text("COOKIE_SECURE=off")
            await page.get_by_label("Username").fill("Ada")
            await page.get_by_label("Password").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("alert")).to_contain_text("plain http")
            await expect(page).to_have_url(f"{there}/{path}")
        # The name is free, and still the first account's.
        here = await open_page()
        await register(here, local, "Ada")
        await here.goto(f"{local}/admin")
        await expect(here.get_by_role("heading", name="Administration")).to_be_visible()


async def test_moving_picture_waits_for_who_asked_for_less_motion(
    site: Site, open_page: Open
) -> None:
    page = await open_page(reduced_motion="reduce")
    await register(page, site.url, "Ada")
    await page.get_by_role("button", name="Join Lobby").click()
    await live(page)
    picture = {"name": "dance.gif", "mimeType": "image/gif", "buffer": animation()}
    await page.locator("#composer input[type=file]").set_input_files(picture)  # type: ignore[arg-type]
    await expect(page.locator(".chip [data-do=drop]")).to_be_visible()
    await page.locator("#body").press("Enter")
    await page.get_by_role("link", name="dance.gif").click()
    image = page.locator("#lightbox img")
    await expect(image).to_have_attribute("src", re.compile("/thumb$"))
    await page.get_by_role("button", name="Play").click()
    await expect(image).not_to_have_attribute("src", re.compile("/thumb$"))
    await expect(page.get_by_role("button", name="Play")).to_be_hidden()
    await expect(page.get_by_role("button", name="Close")).to_be_focused()
