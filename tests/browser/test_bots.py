"""A bot is made, speaks and answers, as its keeper and the others see it in a real Chromium."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.pages import (
    PHONE,
    Open,
    assert_accessible,
    confirm,
    copy_cookies,
    enter,
    live,
    send,
)
from tests.factories import Person, Site
from tests.programs import require
from tests.receivers import Receiver, answer


async def curl(url: str, token: str, *fields: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(require("curl"), "--silent", "--fail", f"{url}/bots/messages"),
        *("-H", f"Authorization: Bearer {token}"),
        *(part for field in fields for part in ("-F", field)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0


async def test_a_room_manager_creates_a_bot_which_posts_and_answers(
    site: Site, room: tuple[str, Person, Person], open_page: Open, tmp_path: Path
) -> None:
    name, ada, ben = room
    hers, his = await open_page(), await open_page(viewport=PHONE, has_touch=True)
    await enter(his, ben, name)
    await copy_cookies(ada, hers.context)
    await hers.goto(f"{site.url}/rooms/{name}/settings")
    await hers.get_by_role("link", name="Bots of this room").click()
    await hers.get_by_label("Name").fill("Robot")
    await hers.keyboard.press("Enter")
    token = hers.get_by_label("Token of Robot", exact=True)
    await expect(token).to_be_focused()
    secret = await token.input_value()
    report = tmp_path / "report.txt"
    report.write_text("all of it passed")
    await curl(site.url, secret, "text=I am **here**", f"file=@{report}")
    spoken = his.locator(".message").last
    await expect(spoken.locator(".author")).to_have_text("Robot")
    await expect(spoken.locator(".tag")).to_have_text("bot")
    await expect(spoken.locator("strong")).to_have_text("here")
    async with his.expect_download() as download:
        await spoken.get_by_role("link", name="report.txt").tap()
    assert (await (await download.value).path()).read_text() == "all of it passed"
    for process in site.processes:
        process.services.bots.webhooks._client._private = True
    async with Receiver(answer(200, "You called?")) as receiver:
        await hers.locator("summary").press("Enter")
        await hers.get_by_label("Address").fill(receiver.url)
        await hers.get_by_role("button", name="Save webhook of Robot").click()
        await expect(hers.get_by_label("Webhook secret of Robot")).to_be_focused()
        await expect(hers.get_by_label("Token of Robot", exact=True)).to_have_count(0)
        watching = await hers.context.new_page()
        await watching.goto(f"{ada.url}/rooms/{name}")
        await live(watching)
        await send(his, "hello @Robot")
        for page in (his, watching):
            await expect(page.locator(".message").last).to_contain_text("You called?")
    await hers.get_by_role("button", name="Remove Robot").click()
    await confirm(hers)
    await expect(hers.get_by_text("No bot writes here yet.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_page_of_bots(
    site: Site, room: tuple[str, Person, Person], open_page: Open, scheme: str
) -> None:
    name, ada, _ = room
    page = await open_page(
        color_scheme=scheme, bypass_csp=True, reduced_motion="reduce", viewport=PHONE
    )
    await copy_cookies(ada, page.context)
    await page.goto(f"{site.url}/rooms/{name}/bots")
    await assert_accessible(page)
    for bot in ("Robot", "Other"):
        await page.get_by_label("Name").fill(bot)
        await page.keyboard.press("Enter")
        await expect(page.get_by_label(f"Token of {bot}", exact=True)).to_be_focused()
    await assert_accessible(page)
    await page.locator("summary").first.click()
    await page.get_by_label("Address").first.fill("nonsense")
    await page.get_by_role("button", name="Save webhook of Other").click()
    await expect(page.get_by_role("alert")).to_have_count(1)
    await assert_accessible(page)
    await page.get_by_label("Address").first.fill("https://a.example/hook")
    await page.get_by_role("button", name="Save webhook of Other").click()
    bots = site.services.bots.store
    other = (await bots.list_bots(name))[0]
    for _ in range(15):
        await bots.note_failure(other, "It answered with status 404.")
    await page.goto(f"{site.url}/rooms/{name}/bots")
    await assert_accessible(page)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]
