"""What one person does and another sees at once, each in a real Chromium, and where there is a
Redis each served by another process."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.attacks import found_room, insiders
from tests.browser.pages import PHONE, Open, confirm, copy_cookies, enter, live, send
from tests.browser.test_files import file, pick
from tests.factories import Person, Site
from tests.pictures import picture

Cast = tuple[str, Person, Person, Person]
TOUCH: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


@pytest.fixture
async def cast(site: Site) -> AsyncIterator[Cast]:
    """A room of Ada, who made it and administers, Ben and Cleo."""
    async with insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo):
        await site.services.actions.administration.promote("the test", "Ada")
        yield await found_room(site, "Garden", ada, ben, cleo), ada, ben, cleo


async def show(page: Page, person: Person, path: str) -> None:
    """Go to a page without a room and wait until its socket is open."""
    await copy_cookies(person, page.context)
    await page.goto(f"{person.url}{path}")
    await expect(page.locator("#everybody")).to_have_attribute("data-names", person_in(person))


def person_in(person: Person) -> Any:
    return re.compile(rf"(^| ){person.name}( |$)")


def row(page: Page, name: str) -> Any:
    return page.locator("#rooms li").filter(has=page.get_by_text(name, exact=True))


async def test_the_first_direct_message_reaches_an_open_list_and_its_file_is_opened(
    cast: Cast, open_page: Open
) -> None:
    garden, ada, ben, cleo = cast
    await ben.say(garden, "Who has the plan?")
    hers, phone, others = await open_page(), await open_page(**TOUCH), await open_page()
    await show(phone, ben, "/rooms")
    await show(others, cleo, "/rooms")
    await enter(hers, ada, garden)
    await hers.locator(".message .author").click()
    await hers.locator("#card").get_by_role("button", name="Message").click()
    await expect(hers).to_have_title("Ben · littlechat")
    await live(hers)
    await expect(row(phone, "Ada")).to_have_count(0)
    await pick(hers, file("plan.txt", b"Dig here."))
    await expect(hers.locator("#composer .chip[data-file]")).to_have_count(1)
    await send(hers, "I have")
    await expect(row(phone, "Ada").locator(".calls")).to_have_text("@1 for you")
    await expect(phone.locator(".inbox .calls")).to_have_text("@1 for you")
    await row(phone, "Ada").get_by_role("link").tap()
    await live(phone)
    message = phone.locator(".message")
    await expect(message).to_contain_text("I have")
    async with phone.expect_download() as download:
        await message.get_by_role("link", name="plan.txt").tap()
    path = await (await download.value).path()
    assert path.read_text() == "Dig here."
    await pick(phone, file("bed.png", picture(), "image/png"))
    await expect(phone.locator("#composer .chip[data-file]")).to_have_count(1)
    await phone.get_by_role("button", name="Send").tap()
    image = hers.locator(".message").last.get_by_role("img", name="bed.png")
    await expect(image).to_have_js_property("complete", value=True)
    # Nobody else hears of it, and who has the address sees nothing.
    link = (
        await hers.locator(".message")
        .last.locator("a[href^='/files/']")
        .first.get_attribute("href")
    )
    assert (await cleo.get(str(link))).status_code == 404
    await expect(others.locator("#directs")).to_have_count(0)
    await expect(others.locator(".inbox .calls")).to_be_hidden()


async def test_a_list_that_is_on_its_way_meanwhile_shows_the_first_message_too(
    cast: Cast, open_page: Open
) -> None:
    _, ada, ben, _ = cast
    page, arrived = await open_page(), asyncio.Event()

    async def hold(route: WebSocketRoute) -> None:
        await arrived.wait()
        route.connect_to_server()

    await page.route_web_socket("**/socket*", hold)
    await copy_cookies(ben, page.context)
    await page.goto(f"{ben.url}/rooms")
    room = (await ada.post("/direct", name="Ben")).headers["location"].rpartition("/")[2]
    await ada.say(room, "hello")
    other = await open_page()
    await show(other, ben, "/rooms")
    await expect(row(other, "Ada")).to_have_count(1)
    await expect(row(page, "Ada")).to_have_count(0)
    arrived.set()
    await expect(row(page, "Ada").locator(".calls")).to_have_text("@1 for you")


async def test_here_addresses_who_is_online_and_nobody_else(cast: Cast, open_page: Open) -> None:
    garden, ada, ben, cleo = cast
    hers, his = await open_page(), await open_page(**TOUCH)
    await enter(hers, ada, garden)
    await show(his, ben, "/rooms")
    await expect(hers.locator("#everybody")).to_have_attribute("data-names", person_in(ben))
    field = hers.locator("#body")
    await field.press_sequentially("@her")
    await expect(hers.get_by_role("option")).to_contain_text("those who are online now")
    await field.press("Enter")
    await field.press_sequentially("tea is ready")
    await field.press("Enter")
    await expect(hers.locator("#message-1 .mention")).to_have_text("@here")
    await expect(row(his, "Garden").locator(".calls")).to_have_text("@1 for you")
    await row(his, "Garden").get_by_role("link").tap()
    await live(his)
    await expect(his.locator("#message-1 .mention.to-me")).to_have_count(1)
    # Who comes later finds it unread like anything else.
    late = await open_page()
    await show(late, cleo, "/rooms")
    await expect(row(late, "Garden").locator(".unread")).to_have_text("1 unread")
    await expect(row(late, "Garden").locator(".calls")).to_be_hidden()
    await expect(late.locator(".inbox .calls")).to_be_hidden()
    await row(late, "Garden").get_by_role("link").click()
    await live(late)
    await expect(late.locator("#message-1 .mention")).to_have_count(1)
    await expect(late.locator(".to-me, .calls-me")).to_have_count(0)
    await send(hers, "@all: still warm")
    await expect(late.locator("#message-2 .mention.to-me")).to_have_count(1)


async def test_keys_lead_from_one_unread_room_to_the_next(
    site: Site, cast: Cast, open_page: Open
) -> None:
    _, ada, ben, _ = cast
    names = ("Attic", "Cellar", "Kitchen", "Roof")
    rooms = {name: await found_room(site, name, ada, ben) for name in names}
    his, hers = await open_page(), await open_page()
    await enter(his, ben, rooms["Cellar"])
    for name in ("Roof", "Attic"):
        await enter(hers, ada, rooms[name])
        await send(hers, f"Come to the {name}")
        await expect(row(his, name).locator(".unread")).to_have_text("1 unread")
    await expect(his).to_have_title("(2) Cellar · littlechat")
    # The Kitchen, which is between, has nothing new.
    order = await his.locator("#rooms .label").all_text_contents()
    assert order.index("Roof") < order.index("Kitchen") < order.index("Cellar")
    await his.keyboard.press("Alt+Shift+ArrowUp")
    await his.wait_for_url(f"**/rooms/{rooms['Roof']}")
    await live(his)
    await expect(row(his, "Roof").locator(".unread")).to_be_hidden()
    await his.keyboard.press("Alt+Shift+ArrowDown")
    await his.wait_for_url(f"**/rooms/{rooms['Attic']}")
    await live(his)
    await expect(his.locator("#rooms .badge:visible")).to_have_count(0)
    # Nothing is left: the keys lead nowhere.
    await his.keyboard.press("Alt+Shift+ArrowDown")
    await expect(his.locator("#body")).to_be_focused()
    assert his.url.endswith(rooms["Attic"])


async def test_who_is_banned_sees_it_at_once(cast: Cast, open_page: Open) -> None:
    garden, ada, ben, cleo = cast
    hers, his, list_page = await open_page(), await open_page(**TOUCH), await open_page()
    await enter(his, ben, garden)
    await show(list_page, cleo, "/rooms")
    await copy_cookies(ada, hers.context)
    # From a room, by who made it.
    await hers.goto(f"{ada.url}/rooms/{garden}/settings")
    await hers.get_by_role("button", name="Ban Ben").click()
    await confirm(hers)
    await expect(his.locator("#connection")).to_contain_text("You were banned from this room")
    await ada.say(garden, "only among us")
    await his.get_by_role("link", name="To the list of rooms").tap()
    await row(his, "Garden").get_by_role("link").tap()
    await expect(his.get_by_role("alert")).to_contain_text("You are banned from this room")
    await expect(his.get_by_role("button", name="Join")).to_have_count(0)
    await expect(his.get_by_text("only among us")).to_have_count(0)
    # Lifted, he may come back.
    await hers.get_by_role("button", name="Lift the ban of Ben").click()
    await expect(hers.locator("#bans li")).to_have_count(0)
    await his.goto(f"{ben.url}/rooms/{garden}")
    await his.get_by_role("button", name="Join").tap()
    await live(his)
    # From the installation, by an administrator; on a page without a room, too.
    for name, page in (("Ben", his), ("Cleo", list_page)):
        await hers.goto(f"{ada.url}/people/{name}")
        await hers.get_by_role("button", name=f"Disable {name}").click()
        await confirm(hers)
        await expect(page.locator("#connection")).to_contain_text("You are signed out")
        await page.get_by_role("link", name="Log in again").click()
        await page.wait_for_url("**/login**")


async def test_on_phones_people_meet_by_their_cards_and_mark_unread(
    cast: Cast, open_page: Open
) -> None:
    garden, ada, ben, _ = cast
    hers, his = await open_page(**TOUCH), await open_page(**TOUCH)
    await enter(hers, ada, garden)
    await enter(his, ben, garden)
    await hers.locator("#body").fill("hello, @ben")
    await hers.get_by_role("button", name="Send").tap()
    await his.locator("#message-1 .author").tap()
    card = his.locator("#card")
    await expect(card.locator(".facts dd").first).to_have_text("online")
    box = await card.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    await card.get_by_role("link", name="Profile").tap()
    await his.wait_for_url("**/people/Ada")
    await expect(his.get_by_role("heading", name="Ada")).to_be_visible()
    assert await his.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await his.go_back()
    await live(his)
    # Put back in one's own time; the list shows it again.
    await his.locator("#message-1 .message-body").tap()
    await his.get_by_role("button", name="What to do with this message").tap()
    await his.get_by_role("menuitem", name="Mark unread").tap()
    await expect(his.locator("#message-1 > .new-line")).to_be_visible()
    await his.get_by_role("link", name="All rooms").tap()
    await expect(row(his, "Garden").locator(".calls")).to_have_text("@1 for you")
    await his.get_by_role("link", name="Inbox").tap()
    await his.get_by_role("article").get_by_role("link").tap()
    await live(his)
    await expect(his.locator("#message-1.calls-me")).to_be_in_viewport()
    # What she tells of herself, from her own phone, is on her card at once.
    await hers.goto(f"{ada.url}/account")
    await hers.get_by_label("Status", exact=True).fill("On the train")
    await hers.get_by_role("button", name="Set status").tap()
    await expect(hers.locator("p.done")).to_be_visible()
    assert await hers.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await his.locator("#message-1 .author").tap()
    await expect(card).to_contain_text("On the train")
