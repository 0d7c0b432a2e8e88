"""What a screen reader hears, and where the keyboard's focus is."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.pages import (
    PHONE,
    Open,
    act,
    confirm,
    copy_cookies,
    enter,
    fill,
    live,
    lose_connection,
    send,
)
from tests.factories import Person, Site

Room = tuple[str, Person, Person]

LISTEN = """document.addEventListener("DOMContentLoaded", () => {
  window.said = [];
  const live = "[aria-live]:not([aria-live=off]), [role=log], [role=status], [role=alert]";
  new MutationObserver(changes => changes.forEach(({ target, addedNodes }) => {
    const region = (target.nodeType === 1 ? target : target.parentElement)?.closest(live);
    // The state of the connection is no message.
    if (!region || region.id === "connection") return;
    [...addedNodes].map(node => node.textContent.trim()).filter(Boolean)
      .forEach(text => window.said.push(text));
  })).observe(document, { childList: true, subtree: true, characterData: true });
});"""
"""Notes all that is added to any region that screen readers listen to."""


async def listening(open_page: Open, person: Person, room: str, **options: object) -> Page:
    page = await open_page(**options)
    await page.context.add_init_script(LISTEN)
    await enter(page, person, room)
    return page


async def said(page: Page) -> list[str]:
    found: list[str] = await page.evaluate("window.said")
    return found


async def test_each_new_message_is_said_once_with_its_author(
    room: Room, open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    await fill(site, name, "Ada", count=60)
    page = await listening(open_page, ben, name)
    await page.locator("#message-60").hover()
    await page.locator("#message-59").hover()
    # History is no news.
    await page.locator("#scroll").evaluate("scroller => scroller.scrollTop = -100000")
    await expect(page.locator("#message-1")).to_be_attached()
    assert await said(page) == []
    await ada.say(name, "Shall we **dig**?")
    await expect(page.locator("#message-61")).to_be_attached()
    assert await said(page) == ["Ada: Shall we dig?"]
    # Nor is what happens to a message.
    await ada.post(f"/rooms/{name}/messages/61/reactions", emoji="👍")
    await expect(page.locator("#message-61 .reactions button")).to_have_count(1)
    await ada.post(f"/rooms/{name}/messages/61/edit", body="Shall we plant?")
    await expect(page.locator("#message-61 .edited")).to_have_count(1)
    await ada.say(name, "only in its thread", thread="61")
    await expect(page.locator("#message-61 .replies")).to_be_attached()
    await send(page, "my own")
    await expect(page.locator("#message-63")).to_be_attached()
    await ada.post(f"/rooms/{name}/messages/61/remove")
    await expect(page.locator("#message-61.removed")).to_be_attached()
    assert await said(page) == ["Ada: Shall we dig?"]
    await ada.say(name, "and another")
    await expect(page.locator("#message-64")).to_be_attached()
    assert (await said(page))[1:] == ["Ada: and another"]


async def test_replies_of_the_open_thread_are_said_as_such(room: Room, open_page: Open) -> None:
    name, ada, ben = room
    await ada.say(name, "root")
    page = await listening(open_page, ben, name)
    await act(page, "#message-1", "Reply")
    await expect(page.locator("#thread-body")).to_be_focused()
    await ada.say(name, "a reply", thread="1")
    await expect(page.locator("#thread-message-2")).to_be_attached()
    assert await said(page) == ["Ada, in the thread: a reply"]


async def test_many_missed_messages_are_said_in_one_sentence(room: Room, open_page: Open) -> None:
    name, ada, ben = room
    page = await listening(open_page, ben, name)
    await lose_connection(page)
    for number in range(8):
        await ada.say(name, f"missed {number}")
    await page.context.set_offline(False)
    await expect(page.locator(".message")).to_have_count(8, timeout=20_000)
    assert await said(page) == ["8 new messages, the last by Ada"]


async def focused(page: Page) -> str:
    """Return what has the focus, once the browser has drawn: it then drops what is hidden."""
    await page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))"
    )
    one = "document.activeElement"
    script = f"{one} === document.body ? 'BODY' : {one}.outerHTML.slice(0, 80)"
    return str(await page.evaluate(script))


@pytest.mark.parametrize("place", ["#message-2", "#thread-message-2"])
async def test_focus_stays_at_a_message_that_is_removed(
    place: str, room: Room, open_page: Open
) -> None:
    name, ada, _ = room
    for number in range(3):
        await ada.say(name, f"text {number}")
    page = await open_page()
    await enter(page, ada, name)
    if place.startswith("#thread"):
        await act(page, "#message-2", "Reply")
    await act(page, place, "Remove")
    await confirm(page)
    await expect(page.locator(f"{place}.removed")).to_be_visible()
    await focused(page)
    assert await page.locator(place).evaluate("one => one.contains(document.activeElement)")


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, PHONE])
async def test_focus_is_never_lost_when_what_has_it_closes(
    viewport: dict[str, int], room: Room, open_page: Open
) -> None:
    name, ada, ben = room
    await ben.say(name, "hello")
    page = await open_page(viewport=viewport)
    await enter(page, ada, name)
    small = viewport is PHONE
    for opener, within, close in (
        ("Notifications of this room", "#level button >> nth=2", "Enter"),
        ("Notifications of this room", "#level button >> nth=2", "Escape"),
        ("People", "#people .close", "Enter"),
        ("People", "#people a >> nth=0", "Escape"),
    ):
        if opener == "People" and not small:
            continue  # They stand beside the room.
        if small:
            await page.get_by_role("button", name="More", exact=True).click()
        await page.get_by_role("button", name=opener, exact=True).click()
        await page.locator(within).focus()
        await page.keyboard.press(close)
        assert await focused(page) != "BODY", (opener, close)
        if await page.locator("#level").is_visible():
            assert await page.evaluate("document.activeElement.closest('#level') !== null")
        await page.keyboard.press("Escape")
        assert await focused(page) != "BODY", opener
        await expect(page.locator("#level")).to_be_hidden()
    await page.locator("#message-1 .author").click()
    await expect(page.locator("#card")).to_be_visible()
    await page.keyboard.press("Escape")
    assert await focused(page) != "BODY"
    await act(page, "#message-1", "React…")
    await expect(page.locator("#emoji-all button").first).to_be_visible()
    await page.keyboard.press("Escape")
    assert "react" in await focused(page)
    await act(page, "#message-1", "Reply")
    await expect(page.locator("#thread-body")).to_be_focused()
    await page.get_by_role("link", name="Close the thread").click()
    assert await focused(page) != "BODY"
    await page.keyboard.press("Control+k")
    await expect(page.locator("#jump")).to_be_focused()
    await page.keyboard.press("Escape")
    assert await focused(page) != "BODY"


async def test_focus_stays_in_lists_that_are_fetched_again(room: Room, open_page: Open) -> None:
    name, ada, ben = room
    await ada.create_room("Attic")
    page = await open_page()
    await enter(page, ada, name)
    link = page.locator("#rooms").get_by_role("link", name="Attic", exact=True)
    person = page.locator('#online [data-user="Ada"] a')
    for one, change in (
        (link, "htmx.trigger('#rooms', 'stale')"),
        (
            page.locator('#members [data-member="Ben"] button'),
            "htmx.trigger('#belonging', 'stale')",
        ),
    ):
        await one.focus()
        await one.evaluate("one => { one.dataset.old = 'yes' }")
        await page.evaluate(change)
        await expect(one).not_to_have_attribute("data-old", "yes")
        await expect(one).to_be_focused()
    # Somebody comes: the list of who is here is another one.
    await person.focus()
    other = await open_page()
    await enter(other, ben, name)
    await expect(page.locator("#online [data-user]")).to_have_count(2)
    await expect(person).to_be_focused()
    # Whoever has left a place is not led back to it.
    await page.locator("#scroll").click(position={"x": 5, "y": 5})
    await page.evaluate("document.activeElement.blur()")
    await page.evaluate("htmx.trigger('#rooms', 'stale')")
    await page.evaluate("() => new Promise(done => setTimeout(done, 300))")
    assert await focused(page) == "BODY"


async def test_focus_begins_at_the_page_after_hiding_and_leaving(
    room: Room, open_page: Open
) -> None:
    name, ada, _ = room
    answer = await ada.post("/direct", name="Ben")
    page = await open_page()
    await copy_cookies(ada, page.context)
    await page.goto(f"{ada.url}/rooms")
    await page.get_by_role("button", name="Hide Ben").click()
    await expect(page.get_by_role("button", name="Hide Ben")).to_have_count(0)
    await expect(page.locator("#main")).to_be_focused()
    await page.goto(ada.url + answer.headers["location"])
    await live(page)
    await page.get_by_role("button", name="Hide").click()
    await page.wait_for_url("**/rooms")
    await expect(page.locator("#main")).to_be_focused()
    await page.goto(f"{ada.url}/rooms/{name}/settings")
    await page.get_by_role("button", name="Leave this room").click()
    await confirm(page)
    await page.wait_for_url("**/rooms")
    await expect(page.locator("#main")).to_be_focused()


async def test_whole_entry_of_the_inbox_opens_it_and_its_links_still_work(
    room: Room, open_page: Open
) -> None:
    name, ada, ben = room
    await ada.say(name, "@ben, look at https://example.org/ when you can")
    page = await open_page()
    await copy_cookies(ben, page.context)
    await page.goto(f"{ben.url}/inbox")
    entry = page.locator(".entries > li")
    link = entry.get_by_role("link", name="https://example.org/")
    await expect(link).to_be_visible()
    box = await link.bounding_box()
    assert box
    script = "([x, y]) => document.elementFromPoint(x, y).closest('a').href"
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert await page.evaluate(script, middle) == "https://example.org/"
    await entry.click(position={"x": 20, "y": 60})
    await live(page)
    assert page.url.endswith("#message-1")


SMALL = """() => [...document.querySelectorAll("a[href], button, input, select, summary, textarea")]
  .filter(one => one.checkVisibility({ opacityProperty: false }) && !one.closest(".unseen, .skip"))
  // Links in running text may be as high as the text.
  .filter(one => !one.closest(".message-body, p:not(.byline, .quote, .back, .more, .replies)"))
  .map(one => {
    const box = (one.closest("label") ?? one).getBoundingClientRect();
    const after = getComputedStyle(one, "::after");
    const far = after.position === "absolute" && after.content !== "none";
    return far || !box.width || Math.min(box.width, box.height) >= 23.9
      ? "" : `${one.outerHTML.slice(0, 90)} ${box.width} x ${box.height}`;
  }).filter(Boolean)"""
"""What can be pressed and is less than 24 pixels high or wide."""


@pytest.mark.parametrize("width", [1280, 390])
async def test_whatever_can_be_pressed_is_large_enough(
    width: int, room: Room, open_page: Open
) -> None:
    name, ada, ben = room
    await ada.say(name, "Shall we?")
    await ben.say(name, "yes, @ada", thread="1", shown="1")
    await ben.post(f"/rooms/{name}/messages/1/reactions", emoji="👍")
    await ada.invite(name)
    await ada.post("/direct", name="Ben")
    page = await open_page(viewport={"width": width, "height": 800})
    await enter(page, ada, name)
    await page.locator("#message-2").hover()
    assert await page.evaluate(SMALL) == []
    for path in (
        *(f"/rooms/{name}?thread=1", f"/rooms/{name}/settings", "/rooms", "/inbox", "/people"),
        *("/people/Ben", "/account", "/account/notifications", "/admin", "/admin/audit"),
        *("/admin/registration", f"/rooms/{name}/bots", "/direct/new", "/search?q=yes"),
    ):
        await page.goto(f"{ada.url}{path}")
        assert await page.evaluate(SMALL) == [], path
