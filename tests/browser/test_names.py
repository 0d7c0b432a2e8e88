"""Names while they are typed, in a real Chromium: completed, chosen among similar ones, doubted."""

from playwright.async_api import Locator, Page, expect

from tests.browser.pages import PHONE, Open, assert_accessible, enter
from tests.factories import Person, Site


def notice(page: Page) -> Locator:
    return page.locator("#composer .unknown-names")


async def test_a_name_that_nobody_has_is_doubted_before_it_is_sent(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, _ = room
    page = await open_page()
    await enter(page, ada, name)
    field = page.locator("#body")
    await field.press_sequentially("@bne, tea?")
    await expect(notice(page)).to_have_text("Nobody here is called @bne. Do you mean @Ben?")
    await expect(notice(page)).to_have_role("status")
    await assert_accessible(page, "#composer")
    await page.get_by_role("button", name="@Ben").click()
    await expect(field).to_have_value("@Ben, tea?")
    await expect(field).to_be_focused()
    await expect(notice(page)).to_be_empty()
    await field.press("Enter")
    await expect(page.locator("#message-1 .mention")).to_have_text("@Ben")
    await expect(notice(page)).to_be_empty()


async def test_what_was_sent_to_nobody_says_so_and_offers_who_may_be_meant(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    await ben.post("/account/profile", False, display="Sabine Ångström", bio="", zone="")
    await site.services.avatar_styles.load()
    page = await open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    await enter(page, ada, name)
    field = page.locator("#body")
    await field.fill("and you, @sab")
    await page.get_by_role("button", name="Send", exact=True).tap()
    await expect(page.locator("#message-1 .message-body")).to_have_text("and you, @sab")
    await expect(page.locator("#message-1 .mention")).to_have_count(0)
    await expect(notice(page)).to_contain_text("Nobody here is called @sab. Do you mean @Ben")
    button = page.get_by_role("button", name="@Ben Sabine Ångström")
    box = await button.bounding_box()
    assert box
    assert box["height"] >= 44
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await button.tap()
    await expect(field).to_have_value("@Ben ")
    await expect(notice(page)).to_be_empty()


async def test_names_are_completed_whatever_accents_and_widths_are_typed(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    await ben.post("/account/profile", False, display="Şule Ångström", bio="", zone="")
    await site.services.avatar_styles.load()
    async with Person(site, "André") as andre:
        await andre.register()
        await andre.join(name)
        page = await open_page()
        await enter(page, ada, name)
        field, options = page.locator("#body"), page.get_by_role("option")
        for typed, found in (
            ("@andre", "André"),
            ("＠ANDRÉ", "André"),
            ("こんにちは@and", "André"),
            ("@ang", "Ben"),
            ("@sule", "Ben"),
            ("well.@şu", "Ben"),
        ):
            await field.fill("")
            await field.press_sequentially(typed)
            await expect(options).to_have_count(1)
            await expect(options.first).to_contain_text(found)
        await field.press("Enter")
        await expect(field).to_have_value("well.@Ben ")
        await page.keyboard.press("Control+k")
        await page.locator("#jump").fill("andre")
        await expect(page.locator("#jump-results .jump").first).to_contain_text("André")
