"""People in a real Chromium: an administrator and a newcomer, profiles, faces, who is away."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from littlechat.realtime import presence as online
from tests.browser.pages import (
    PHONE,
    Open,
    assert_accessible,
    confirm,
    copy_cookies,
    enter,
    live,
    register,
    send,
)
from tests.factories import PASSWORD, WAIT_SECONDS, Person, Site
from tests.pictures import picture


async def log_in(page: Page, name: str) -> None:
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/rooms")


async def test_an_administrator_lets_somebody_in_and_shuts_them_out(
    site: Site,
    open_page: Open,
) -> None:
    hers, his = await open_page(), await open_page(viewport=PHONE)
    here, there = site.next_url(), site.next_url()
    await register(hers, here, "Ada")
    await hers.get_by_role("link", name="Admin").click()
    await hers.get_by_label("Username").fill("Ben")
    await hers.get_by_role("button", name="Make account").click()
    link = await hers.get_by_label("The link").input_value()
    await assert_accessible(hers)
    await his.goto(link.replace(here, there))
    await expect(his.locator(":focus")).to_have_attribute("id", "password")
    await assert_accessible(his)
    await his.get_by_label("New password").fill(PASSWORD)
    await his.keyboard.press("Enter")
    await expect(his.locator("p.done")).to_have_text("Your password is set. Log in with it.")
    await log_in(his, "Ben")
    await his.goto(f"{there}/rooms/lobby")
    await his.get_by_role("button", name="Join").click()
    await live(his)
    for path in ("/admin/registration", "/admin/audit", "/people", "/people/Ben"):
        await hers.goto(here + path)
        await assert_accessible(hers)
    await hers.get_by_role("button", name="Disable Ben").click()
    await confirm(hers)
    # In the middle of it: the page says so at once, and the way in says why.
    await expect(his.locator("#connection")).to_contain_text("You are signed out")
    await his.get_by_role("link", name="Log in again").click()
    await expect(his.get_by_role("alert")).to_contain_text("This account is disabled.")
    await assert_accessible(his)


async def test_an_administrator_sets_who_may_come_in(site: Site, open_page: Open) -> None:
    hers, his = await open_page(), await open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    here, there = site.next_url(), site.next_url()
    await register(hers, here, "Ada")
    await hers.goto(f"{here}/admin/registration")
    await hers.get_by_label("By invitation").check()
    await hers.get_by_role("button", name="Save", exact=True).click()
    await expect(hers.get_by_label("By invitation")).to_be_checked()
    await his.goto(f"{there}/register")
    await expect(his.get_by_text("Registration is by invitation here.")).to_be_visible()
    await hers.get_by_role("button", name="Make an invitation").click()
    link = await hers.get_by_label("The link").input_value()
    await his.goto(link.replace(here, there))
    await log_in(his, "Ben")  # The form has the same fields.
    # It was for one.
    await his.context.clear_cookies()
    await his.goto(link.replace(here, there))
    await expect(his.get_by_role("alert")).to_contain_text("used up")
    await hers.get_by_label("Closed").check()
    await hers.get_by_role("button", name="Save", exact=True).click()
    await expect(hers.get_by_label("Closed")).to_be_checked()
    await his.goto(f"{there}/register")
    await expect(his.get_by_text("Registration is closed here.")).to_be_visible()
    await hers.get_by_role("link", name="Audit log").click()
    for words in ("set registration", "made an invitation", "registered by invitation"):
        await expect(hers.locator(".log")).to_contain_text(words)


async def test_a_face_and_a_name_reach_open_pages_without_a_reload(
    open_page: Open,
    room: tuple[str, Person, Person],
    tmp_path: Path,
) -> None:
    name, ada, ben = room
    hers, his = await open_page(), await open_page(viewport=PHONE)
    await enter(hers, ada, name)
    await send(hers, "hello")
    await enter(his, ben, name)
    await expect(his.locator(".message .author")).to_have_text("Ada")
    account = await hers.context.new_page()
    await account.goto(f"{ada.url}/account")
    file = tmp_path / "me.png"
    file.write_bytes(picture("PNG", (300, 200)))
    await account.get_by_label("Picture", exact=True).set_input_files(file)
    await account.get_by_role("button", name="Use this picture").click()
    await expect(account.locator("p.done")).to_have_text("Your picture is saved.")
    await account.get_by_label("Display name").fill("Ada Lovelace")
    await account.get_by_label("About you").fill("I count.")
    await account.get_by_label("Time zone").select_option("Europe/London")
    await account.get_by_role("button", name="Save").first.click()
    await expect(account.locator("p.done")).to_contain_text("is saved")
    await account.get_by_label("Status", exact=True).fill("At lunch")
    await account.get_by_role("button", name="Set status").click()
    await assert_accessible(account)
    shown = """() => {
      const author = document.querySelector('.message .author');
      const avatar = document.querySelector('.message .avatar');
      return [getComputedStyle(author, '::after').content,
        getComputedStyle(avatar).backgroundImage.includes('/avatars/')];
    }"""
    for page in (hers, his):
        await page.wait_for_function(
            f"() => JSON.stringify(({shown})()) === JSON.stringify(['\"Ada Lovelace\"', true])"
        )
    await his.locator(".message .author").click()
    card = his.locator("#card")
    await expect(card).to_be_visible()
    await expect(card).to_contain_text("I count.")
    await expect(card).to_contain_text("At lunch")
    await expect(card.get_by_role("button", name="Message")).to_be_focused()
    await assert_accessible(his)
    await his.keyboard.press("Escape")
    await expect(card).to_be_hidden()


async def test_names_that_people_go_by_stand_in_hits_inbox_lists_and_switcher(
    site: Site, open_page: Open, room: tuple[str, Person, Person]
) -> None:
    name, ada, ben = room
    await ben.post("/account/profile", display="Ben Franklin", bio="", zone="")
    await ben.say(name, "@Ada the **kites** fly")
    direct = (await ada.post("/direct", name="Ben")).headers["location"]
    await ben.post(f"{direct}/messages", body="hello")
    await site.services.search.indexer.catch_up([name])
    page = await open_page()
    await copy_cookies(ada, page.context)
    shown = "one => getComputedStyle(one, '::after').content"

    async def assert_named(element: str) -> None:
        one = page.locator(element).first
        await expect(one).to_have_text("Ben")
        assert await one.evaluate(shown) == '"Ben Franklin"', element

    await page.goto(f"{site.url}/search?q=kites")
    await assert_named(".hit .byline b")
    await expect(page.locator(".hit .text")).to_have_text("@Ada the kites fly")
    await expect(page.locator(".hit mark")).to_have_text("kites")
    await page.goto(f"{site.url}/inbox")
    await assert_named(".entries .byline b")
    await expect(page.locator(".entries .byline .place").first).to_contain_text("to you, ")
    await page.goto(f"{site.url}/rooms")
    await assert_named("#directs strong")
    await page.goto(f"{site.url}/direct/new")
    await assert_named('[data-person="Ben"] bdi')
    await page.goto(f"{site.url}/rooms/{name}")
    await live(page)
    await assert_named("#directs .label")
    await page.keyboard.press("Control+k")
    await page.locator("#jump").fill("be")
    await assert_named(".jump .label")


async def test_who_touches_nothing_for_ten_minutes_is_away_until_they_do(
    open_page: Open,
    room: tuple[str, Person, Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(online, "SNAPSHOT_EVERY_SECONDS", 1.0)
    name, ada, ben = room
    hers, his = await open_page(), await open_page()
    await hers.clock.install()
    await enter(hers, ada, name)
    await enter(his, ben, name)
    await send(hers, "hello")
    away = his.locator('#online [data-user="Ada"][data-away]')
    await expect(away).to_have_count(0)
    await hers.clock.run_for("10:30")
    await expect(away).to_have_count(1)
    await assert_accessible(his)
    await card_says(his, "away")
    await hers.mouse.move(200, 200)
    await hers.mouse.move(210, 210)
    await expect(away).to_have_count(0)
    await card_says(his, "online")


async def card_says(page: Page, state: str) -> None:
    """Open the card of who wrote, until it says whether they are here: it is told by the second."""
    fact, said = page.locator("#card .facts dd").first, None
    async with asyncio.timeout(WAIT_SECONDS):
        while said != state:
            await page.locator(".message .author").click()
            await expect(fact).to_be_visible()
            said = await fact.text_content()
            await page.keyboard.press("Escape")
            await expect(fact).to_be_hidden()
