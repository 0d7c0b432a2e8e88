"""Direct conversations, the quick switcher and the shortcuts, in a real Chromium."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, Route, expect

from tests.attacks import found_room, insiders
from tests.browser.pages import (
    PHONE,
    Open,
    assert_accessible,
    copy_cookies,
    enter,
    live,
    send,
)
from tests.factories import WAIT_SECONDS, Person, Site

Cast = tuple[str, str, Person, Person, Person]


@pytest.fixture
async def cast(site: Site) -> AsyncIterator[Cast]:
    """Two rooms of Ada and Ben, and Cleo."""
    async with insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo):
        garden = await found_room(site, "Garden", ada, ben)
        yield garden, await found_room(site, "Kitchen", ada, ben), ada, ben, cleo


async def jump(page: Page, text: str) -> None:
    await page.keyboard.press("Control+k")
    await expect(page.locator("#switcher")).to_be_visible()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")
    await expect(page.locator("#switcher")).to_have_count(1)


async def test_two_people_find_each_other_and_talk_directly(cast: Cast, open_page: Open) -> None:
    garden, _, ada, ben, _ = cast
    hers, his = await open_page(), await open_page()
    await enter(hers, ada, garden)
    await enter(his, ben, garden)
    await expect(his.locator("#directs li")).to_have_count(0)
    await jump(hers, "be")
    await expect(hers).to_have_title("Ben · littlechat")
    await live(hers)
    await expect(hers.locator("#body")).to_be_focused()
    await expect(hers.locator("#directs a[aria-current]")).to_have_accessible_name("Ben online")
    await expect(hers.locator(".bar .avatar.here")).to_have_count(1)
    await send(hers, "hello")
    # His list shows it by itself, though he is somewhere else.
    await expect(his.locator("#directs a")).to_have_accessible_name("Ada online @1 for you")
    await his.locator("#directs a").click()
    await live(his)
    await expect(his.locator(".message")).to_contain_text("hello")
    await send(his, "hello, Ada")
    await expect(hers.locator(".message").last).to_contain_text("hello, Ada")
    # He goes: her page says so without a reload.
    await his.goto("about:blank")
    await expect(hers.locator(".bar .avatar.here")).to_have_count(0)
    await expect(hers.locator("#directs a")).to_have_accessible_name("Ben")


async def test_who_speaks_comes_to_the_top_and_what_is_hidden_comes_back(
    cast: Cast, open_page: Open
) -> None:
    garden, _, ada, ben, _ = cast
    for other in ("Ben", "Cleo"):
        answer = await ada.post("/direct", name=other)
        await ada.say(answer.headers["location"].rpartition("/")[2], "first")
    room = (await ben.post("/direct", name="Ada")).headers["location"].rpartition("/")[2]
    page = await open_page()
    await enter(page, ada, garden)
    names = page.locator("#directs .label")
    await expect(names).to_have_text(["Cleo", "Ben"])
    await ben.say(room, "second")
    await expect(names).to_have_text(["Ben", "Cleo"])
    await page.locator("#directs").get_by_text("Ben").click()
    await page.get_by_role("button", name="Hide").click()
    await page.wait_for_url("**/rooms")
    await expect(page.locator("#directs strong")).to_have_text(["Cleo"])
    await page.goto(f"{ada.url}/rooms/{garden}")
    await live(page)
    await expect(names).to_have_text(["Cleo"])
    await ben.say(room, "third")
    await expect(names).to_have_text(["Ben", "Cleo"])


async def test_several_people_are_chosen_by_keyboard(cast: Cast, open_page: Open) -> None:
    _, _, ada, _, _ = cast
    page = await open_page()
    await copy_cookies(ada, page.context)
    await page.goto(f"{ada.url}/direct/new")
    await page.keyboard.type("cl")
    await expect(page.locator("#choice input")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.locator("#choice :checked")).to_have_value("Cleo")
    await expect(page.locator("#choice input")).to_have_count(3)
    await page.keyboard.type("x")
    await expect(page.locator("#choice .empty")).to_be_visible()
    await page.keyboard.press("Backspace")
    await expect(page.locator("#choice input")).to_have_count(3)
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#choice input").nth(1)).to_be_focused()
    await page.locator("#choice [value=Ben]").focus()
    await page.keyboard.press("Space")
    await page.locator("#q").focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Ben, Cleo · littlechat")


async def test_enter_means_what_is_typed_and_not_what_was_listed_before(
    cast: Cast, open_page: Open
) -> None:
    _, _, ada, _, _ = cast
    page = await open_page()
    await copy_cookies(ada, page.context)
    await page.goto(f"{ada.url}/direct/new")
    await expect(page.locator("#choice input").first).to_have_value("Ada")
    await page.evaluate(
        """() => {
            const field = document.getElementById("q");
            field.value = "cl";
            field.dispatchEvent(new Event("input", { bubbles: true }));
            field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
        }"""
    )
    await expect(page.locator("#choice :checked")).to_have_value("Cleo")
    await expect(page.locator("#q")).to_have_value("")


async def test_three_have_one_conversation_whoever_opens_it(cast: Cast, open_page: Open) -> None:
    _, _, ada, ben, cleo = cast
    hers, his, third = await open_page(), await open_page(), await open_page()
    await copy_cookies(ada, hers.context)
    await hers.goto(f"{ada.url}/direct/new?name=Ben&name=Cleo")
    await hers.get_by_role("button", name="Open the conversation").click()
    await live(hers)
    await send(hers, "Lunch?")
    for page, person, title in ((his, ben, "Ada, Cleo"), (third, cleo, "Ada, Ben")):
        await copy_cookies(person, page.context)
        await page.goto(f"{person.url}/rooms")
        await page.locator("#directs").get_by_text(title).click()
        await live(page)
        await expect(page).to_have_title(f"{title} · littlechat")
    await send(his, "At noon")
    for page in (hers, third):
        await expect(page.locator(".message").last).to_contain_text("At noon")
    answer = await cleo.http.post("/direct", data={"name": ["Ben", "Ada"]})
    assert hers.url.endswith(answer.headers["location"])


async def test_a_walk_by_keyboard_alone(cast: Cast, open_page: Open) -> None:
    garden, _, ada, _, _ = cast
    page = await open_page()
    await enter(page, ada, garden)
    body, switcher = page.locator("#body"), page.locator("#switcher")
    # The switcher gives the focus back where it was.
    await page.keyboard.press("Control+k")
    await expect(page.locator(".jumps .label")).to_have_text(["Kitchen"])
    await page.keyboard.type("e")
    await expect(page.locator("#jump-results .empty")).to_be_visible()
    await page.keyboard.press("Backspace")
    await page.keyboard.type("c")
    await expect(page.locator(".jumps .label")).to_have_text(["Cleo"])
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".jump").first).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#jump")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(switcher).to_be_hidden()
    await expect(body).to_be_focused()
    # Up edits the last message, and Escape or Save brings the focus back.
    await send(page, "first")
    await expect(page.locator(".message")).to_have_count(1)
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("form.edit textarea")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("form.edit")).to_have_count(0)
    await expect(body).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("form.edit textarea")).to_be_focused()
    await page.keyboard.type(" and last")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message-body")).to_have_text("first and last")
    await expect(body).to_be_focused()
    # The next conversation, and around the end of the list the first again.
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page).to_have_title("Kitchen · littlechat")
    await live(page)
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page).to_have_title("Garden · littlechat")
    await live(page)
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page).to_have_title("Kitchen · littlechat")


async def test_a_step_taken_before_the_last_one_has_led_anywhere_goes_on_from_there(
    cast: Cast, open_page: Open
) -> None:
    garden, _, ada, _, _ = cast
    await ada.create_room("Larder")
    # What goes through a worker cannot be held up.
    page = await open_page(service_workers="block")
    await enter(page, ada, garden)
    names = await page.locator("#rooms li .label").all_inner_texts()
    here = names.index("Garden")
    first, second = (names[(here + step) % 3] for step in (1, 2))
    asked = asyncio.Event()

    async def never(route: Route) -> None:
        asked.set()

    await page.route(f"**/rooms/{first.lower()}", never)
    await page.keyboard.press("Alt+ArrowDown")
    await asyncio.wait_for(asked.wait(), WAIT_SECONDS)
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page).to_have_title(f"{second} · littlechat")


async def test_a_step_that_led_nowhere_is_forgotten(cast: Cast, open_page: Open) -> None:
    garden, _, ada, _, _ = cast
    await ada.create_room("Larder")
    page = await open_page(service_workers="block")
    await page.clock.install()
    await enter(page, ada, garden)
    names = await page.locator("#rooms li .label").all_inner_texts()
    following = names[(names.index("Garden") + 1) % 3]
    asked = asyncio.Event()

    async def nothing(route: Route) -> None:
        # To which a browser stays where it is.
        await route.fulfill(status=204)
        asked.set()

    await page.route(f"**/rooms/{following.lower()}", nothing)
    await page.keyboard.press("Alt+ArrowDown")
    await asyncio.wait_for(asked.wait(), WAIT_SECONDS)
    await page.unroute(f"**/rooms/{following.lower()}")
    await page.clock.fast_forward(5_000)
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page).to_have_title(f"{following} · littlechat")


async def test_single_keys_open_the_sheet_outside_fields_and_may_be_switched_off(
    cast: Cast, open_page: Open
) -> None:
    garden, _, ada, _, _ = cast
    page = await open_page()
    await enter(page, ada, garden)
    sheet, body = page.locator("#keys"), page.locator("#body")
    await body.press("?")
    await expect(body).to_have_value("?")
    await body.fill("")
    await page.locator("#scroll").focus()
    await page.keyboard.press("?")
    await expect(sheet).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(page.locator("#scroll")).to_be_focused()
    await page.keyboard.press("c")
    await expect(body).to_be_focused()
    await expect(body).to_have_value("")
    await page.locator("#scroll").focus()
    await page.keyboard.press("Escape")
    await expect(body).to_be_focused()
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await sheet.get_by_role("checkbox").uncheck()
    await sheet.get_by_role("button", name="Close").click()
    await page.reload()
    await live(page)
    await page.locator("#scroll").focus()
    await page.keyboard.press("?")
    await page.keyboard.press("c")
    await expect(sheet).to_be_hidden()
    await expect(page.locator("#scroll")).to_be_focused()
    await page.keyboard.press("Control+k")
    await expect(page.locator("#switcher")).to_be_visible()


async def test_on_a_phone_by_touch(cast: Cast, open_page: Open) -> None:
    garden, _, ada, ben, _ = cast
    hers, phone = await open_page(), await open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    await enter(hers, ada, garden)
    await copy_cookies(ben, phone.context)
    await phone.goto(f"{ben.url}/rooms")
    await phone.get_by_role("link", name="Jump to").tap()
    await phone.locator("#jump").fill("ad")
    await phone.locator(".jump", has_text="Ada").tap()
    await expect(phone).to_have_title("Ada · littlechat")
    await live(phone)
    await phone.locator("#body").fill("from the train")
    await phone.get_by_role("button", name="Send").tap()
    await expect(hers.locator("#directs a")).to_have_accessible_name("Ben online @1 for you")
    assert await phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await phone.get_by_role("button", name="More", exact=True).tap()
    await phone.locator(".jump-button").tap()
    await phone.locator(".jump", has_text="Garden").tap()
    await expect(phone).to_have_title("Garden · littlechat")
    await phone.get_by_role("button", name="More", exact=True).tap()
    await phone.get_by_role("button", name="People").tap()
    await phone.get_by_role("button", name="Message Ada").tap()
    await expect(phone).to_have_title("Ada · littlechat")


async def test_without_a_script_one_chooses_opens_and_hides(cast: Cast, open_page: Open) -> None:
    _, _, ada, _, _ = cast
    page = await open_page(java_script_enabled=False)
    await copy_cookies(ada, page.context)
    await page.goto(f"{ada.url}/rooms")
    await page.get_by_role("link", name="Jump to").click()
    await page.get_by_role("searchbox").fill("ben")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Ben").click()
    await expect(page).to_have_title("Ben · littlechat")
    await page.get_by_role("button", name="Hide").click()
    await page.goto(f"{ada.url}/direct/new")
    await page.locator("#choice").get_by_text("Cleo").click()
    await page.get_by_label("To whom").fill("b")
    await page.get_by_role("button", name="Find").click()
    await page.locator("#choice").get_by_text("Ben").click()
    await page.get_by_role("button", name="Open the conversation").click()
    await expect(page).to_have_title("Ben, Cleo · littlechat")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(scheme: str, cast: Cast, open_page: Open) -> None:
    garden, _, ada, _, _ = cast
    for names in (["Ben"], ["Ben", "Cleo"], ["Ada"]):
        await ada.http.post("/direct", data={"name": names})
    page = await open_page(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    await enter(page, ada, garden)
    await assert_accessible(page)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("b")
    await expect(page.locator(".jump")).to_have_count(2)
    await assert_accessible(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await assert_accessible(page)
    await page.locator("#keys").get_by_role("checkbox").uncheck()
    await assert_accessible(page)
    await page.keyboard.press("Escape")
    await page.locator("#directs a").first.click()
    await live(page)
    await assert_accessible(page)
    for path in ("/rooms", "/direct/new?q=b&name=Cleo", "/direct/new?q=x", "/jump?q=b"):
        await page.goto(f"{ada.url}{path}")
        await assert_accessible(page)
