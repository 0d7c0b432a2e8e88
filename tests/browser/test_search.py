"""Searching as people do it, in a real Chromium: with the keyboard, on a phone, without scripts."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from littlechat.core.messages import Draft
from littlechat.platform.database import now
from littlechat.search.query import parse
from tests.attacks import user_of
from tests.browser.pages import AXE, AXE_TAGS, PHONE, Open, copy_cookies, enter
from tests.factories import WAIT_SECONDS, Person, Site

Garden = tuple[str, Person, Person]


@pytest.fixture
async def talk(site: Site, room: Garden) -> Garden:
    """A room with a long talk in it, indexed."""
    name, ada, ben = room
    hers, his = await user_of(site, ada), await user_of(site, ben)
    said = [f"About nothing, {n}" for n in range(70)]
    said[3] = "The **old** apple tree <b>needs</b> pruning"
    said[40] = "Which tree?"
    for number, body in enumerate(said):
        await site.services.actions.messages.say(
            name, his if number == 40 else hers, Draft(body, "")
        )
    await site.services.search.indexer.catch_up([name])
    return room


async def begin(page: Page, person: Person, path: str) -> None:
    await copy_cookies(person, page.context)
    await page.goto(f"{person.url}{path}")


async def test_type_go_down_press_enter_and_come_back(
    site: Site, open_page: Open, talk: Garden
) -> None:
    name, ada, _ = talk
    page = await open_page()
    await enter(page, ada, name)
    await page.locator("#search-field").fill("zzz")
    await page.locator("#search-field").press("Enter")
    await page.wait_for_url("**/search?q=zzz*")
    field = page.locator("#search-field")
    await expect(field).to_be_focused()
    await expect(page.get_by_text("Nothing you may see says that")).to_be_visible()
    await field.press("Control+a")
    await field.press_sequentially("tre")
    await expect(page.locator(".hit")).to_have_count(2)
    await expect(page.locator(".hit mark")).to_have_text(["tree", "tree"])
    await expect(page.locator(".hit .text").last).to_contain_text("<b>needs</b>")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".hit").first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".hit").last).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/rooms/garden?around=4#message-4")
    await expect(page.locator("#message-4")).to_be_in_viewport()
    await page.go_back()
    await expect(page.locator("#search-field")).to_have_value("tre")
    await expect(page.locator(".hit")).to_have_count(2)
    await page.locator("#search-field").press("ArrowDown")
    await page.keyboard.press("Escape")
    await expect(page.locator("#search-field")).to_be_focused()


async def test_what_was_just_said_is_found_by_the_other(
    site: Site, open_page: Open, talk: Garden
) -> None:
    name, ada, ben = talk
    page = await open_page()
    await begin(page, ben, f"/search?here={name}")
    await site.services.actions.messages.say(
        name, await user_of(site, ada), Draft("a fresh pear", "")
    )
    async with asyncio.timeout(WAIT_SECONDS):
        while not (await site.services.search.finder.find(parse("pear", now()), [name])).messages:
            await asyncio.sleep(0.05)
    await page.locator("#search-field").fill("from:ada in:here pear")
    await expect(page.locator(".hit mark")).to_have_text("pear")


async def test_more_comes_on_a_phone_by_touch(site: Site, open_page: Open, talk: Garden) -> None:
    name, ada, _ = talk
    page = await open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    await enter(page, ada, name)
    await page.get_by_role("link", name="Search messages").tap()
    await page.locator("#search-field").fill("nothing")
    await expect(page.locator(".hit")).to_have_count(20)
    await page.get_by_role("link", name="More").tap()
    await expect(page.locator(".hit")).to_have_count(40)
    box = await page.get_by_role("link", name="More").bounding_box()
    assert box
    assert box["height"] >= 44
    overflow = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not overflow


async def test_searching_works_without_scripts(site: Site, open_page: Open, talk: Garden) -> None:
    _, ada, _ = talk
    page = await open_page(java_script_enabled=False)
    await begin(page, ada, "/search")
    await page.locator("#search-field").fill("tree")
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator(".hit")).to_have_count(2)
    await page.goto(f"{site.url}/search?q=nothing")
    await page.get_by_role("link", name="More").click()
    await page.wait_for_url("**/search?*after=*")
    await expect(page.locator(".hit")).to_have_count(20)
    await page.locator(".hit").first.click()
    await page.wait_for_url("**/rooms/garden?around=*")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_search_page_is_accessible(open_page: Open, talk: Garden, scheme: str) -> None:
    page = await open_page(color_scheme=scheme)
    for q in ("", "tree", "unheard", "from:nobody"):
        await begin(page, talk[1], f"/search?q={q}")
        await page.evaluate(AXE.read_text())
        script = "tags => axe.run(document, {runOnly: tags})"
        found = await page.evaluate(script, AXE_TAGS)
        assert found["violations"] == [], q
