"""Nothing moves, covers or flashes: what stands where in a real Chromium, at every width."""

import re
from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.attacks import user_of
from tests.browser.pages import (
    PHONE,
    Open,
    copy_cookies,
    enter,
    fill,
    live,
)
from tests.factories import Person, Site
from tests.pictures import picture

Room = tuple[str, Person, Person]

WORD = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunt"
ZALGO = "Z" + "\u0301\u0323\u0337\u0348\u0365" * 12

FITS = "document.documentElement.scrollWidth <= innerWidth"

FIRST_PICTURE = """(() => {
  const see = () => {
    if (!document.querySelector("#messages > .message")) return requestAnimationFrame(see);
    window.first = {
      scripted: document.documentElement.classList.contains("scripted"),
      follows: Boolean(document.querySelector(".message.follows")),
      times: [...document.querySelectorAll("#messages time")].every(one => one.title),
    };
  };
  requestAnimationFrame(see);
})();"""
"""Notes what the page is like when it is first drawn with messages in it."""

OVERLAP = """([a, b]) => {
  const [one, other] = [a, b].map(name => document.querySelector(name).getBoundingClientRect());
  return one.width && other.width && one.left < other.right - 1 && one.right > other.left + 1
    && one.top < other.bottom - 1 && one.bottom > other.top + 1;
}"""


async def many_rooms(site: Site, person: Person, count: int = 50) -> None:
    """Make rooms, without the pace that people are held to; each has a word for screen readers."""
    user = await user_of(site, person)
    for number in range(count):
        await site.services.actions.rooms.create(user, f"Room {number}", "", "private")


async def assert_still(page: Page) -> None:
    """See that the window shows its page from the top, and cannot be scrolled by anything."""
    await page.evaluate("scrollTo(0, 1000); document.documentElement.scrollTop = 1000")
    await page.evaluate("document.body.scrollTop = 1000")
    tops = "[scrollY, document.documentElement.scrollTop, document.body.scrollTop]"
    assert await page.evaluate(tops) == [0, 0, 0]
    top = await page.locator("#main > .bar").evaluate("bar => bar.getBoundingClientRect().top")
    assert 0 <= top < 20


@pytest.mark.parametrize("width", [1280, 768, 390])
async def test_permalink_in_a_long_list_of_rooms_does_not_move_the_page(
    width: int, room: Room, open_page: Open, site: Site
) -> None:
    name, ada, _ = room
    await many_rooms(site, ada)
    await fill(site, name, "Ada", "Ben", count=60)
    page = await open_page(viewport={"width": width, "height": 600})
    await enter(page, ada, name)
    await page.goto(f"{ada.url}/rooms/{name}?around=20#message-20")
    await expect(page.locator("#message-20")).to_be_in_viewport()
    await assert_still(page)
    await page.goto(f"{ada.url}/rooms/{name}?thread=20#thread-message-20")
    await assert_still(page)


async def test_list_of_rooms_stays_where_it_is_when_a_room_is_chosen(
    room: Room, open_page: Open, site: Site
) -> None:
    name, ada, _ = room
    await many_rooms(site, ada)
    page = await open_page(viewport={"width": 1280, "height": 600})
    await enter(page, ada, name)
    # The current room, the oldest, is seen from the beginning.
    await expect(page.locator("#rooms [aria-current]")).to_be_in_viewport()
    link = page.get_by_role("link", name="Room 35 private", exact=True)
    await link.evaluate("link => link.scrollIntoView({ block: 'center' })")
    before = await link.bounding_box()
    # The address of a private room does not tell its name.
    address = await link.get_attribute("href")
    await link.click()
    await page.wait_for_url(f"**{address}")
    await live(page)
    after = await link.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2
    # A list that is fetched again stays there, too.
    await page.evaluate("htmx.trigger('#rooms', 'stale')")
    await page.evaluate("document.querySelector('#rooms').stale = true")
    await page.wait_for_function("() => !document.querySelector('#rooms').stale")
    again = await link.bounding_box()
    assert again
    assert abs(before["y"] - again["y"]) < 2


async def test_first_picture_of_a_room_is_the_final_one(room: Room, open_page: Open) -> None:
    name, ada, ben = room
    for text in ("one", "two", "three"):
        await ada.say(name, text)
    page = await open_page()
    await page.context.add_init_script(FIRST_PICTURE)
    await enter(page, ben, name)
    for _ in range(3):
        assert await page.evaluate("window.first") == {
            "scripted": True,
            "follows": True,
            "times": True,
        }
        await page.reload()
        await live(page)


async def test_messages_are_shown_where_the_first_picture_cannot_be_held_back(
    room: Room, open_page: Open
) -> None:
    name, ada, _ = room
    await ada.say(name, "hello")
    page = await open_page()
    await page.context.add_init_script("delete HTMLScriptElement.prototype.blocking")
    await enter(page, ada, name)
    await expect(page.locator("#message-1")).to_be_visible()
    await expect(page.locator("html.unready")).to_have_count(0)
    # Nor are they hidden for ever, if the script that shows them does not come.
    await page.route("**/rooms/room.js", lambda route: route.abort())
    await page.reload()
    await expect(page.locator("html.unready")).to_have_count(1)
    await expect(page.locator("#message-1")).to_be_visible()


async def test_highlight_of_a_hit_lies_behind_its_author_and_its_text(
    room: Room, open_page: Open
) -> None:
    name, ada, _ = room
    await ada.say(name, "found")
    page = await open_page()
    await enter(page, ada, name)
    await page.goto(f"{ada.url}/rooms/{name}?around=1#message-1")
    item = page.locator("#message-1")
    assert await item.evaluate("item => item.matches(':target')")
    style = "name => item => getComputedStyle(item, name)"
    assert await item.evaluate(f"item => ({style})('::after')(item).zIndex") == "-1"
    plain = "rgba(0, 0, 0, 0)"
    assert await item.evaluate(f"item => ({style})('::after')(item).backgroundColor") != plain
    body = item.locator(".message-body")
    assert await body.evaluate("one => getComputedStyle(one).boxShadow") == "none"
    assert await body.evaluate("one => getComputedStyle(one).backgroundColor") == plain


@pytest.mark.parametrize("width", [1280, 768, 640, 390, 320])
async def test_one_long_word_makes_no_page_wider_and_breaks_no_word_of_ours(
    width: int, room: Room, open_page: Open, site: Site
) -> None:
    _, ada, ben = room
    name = await ada.create_room(WORD)
    await ada.post(f"/rooms/{name}/settings", name=WORD, description=WORD * 4)
    await ben.join(name)
    await ada.say(name, f"{WORD * 3}, @ben")
    await ada.post("/account/profile", display=WORD[:40], bio=WORD * 3, zone="")
    await ada.post("/account/status", status=WORD, hours="")
    await ada.invite(name)
    page = await open_page(viewport={"width": width, "height": 800})
    await enter(page, ada, name)
    for path in (
        *(f"/rooms/{name}", f"/rooms/{name}?thread=1", f"/rooms/{name}/settings", "/rooms"),
        *(f"/rooms/{name}/bots", "/account", "/account/notifications", "/people", "/people/Ada"),
        *("/admin", "/admin/audit", "/admin/registration", "/direct/new", f"/jump?q={WORD[:9]}"),
        *(f"/search?q={WORD}", "/rooms/new", "/inbox"),
    ):
        await page.goto(f"{ada.url}{path}")
        assert await page.evaluate(FITS), path
        # A word that is broken has its letters on two lines.
        broken = await page.evaluate(BROKEN)
        assert broken == [], path
    await copy_cookies(ben, page.context)
    for path in ("/inbox", "/rooms"):
        await page.goto(f"{ada.url}{path}")
        assert await page.evaluate(FITS), path


BROKEN = """() => {
  const names = "button, .button, strong, h2, legend, .drawing, .tag, .badge, .hint, dt";
  const found = [];
  for (const part of document.querySelectorAll(names)) {
    if (!part.checkVisibility() || part.closest(".unseen")) continue;
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      for (const { 0: word, index } of text.data.matchAll(/[A-Za-z]{2,20}(?![A-Za-z])/g)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        if (index && /\\w/.test(text.data[index - 1])) continue;
        if (new Set([...range.getClientRects()].map(box => box.top)).size > 1) found.push(word);
      }
    }
  }
  return found;
}"""


async def test_endings_of_files_stand_on_one_line(room: Room, open_page: Open) -> None:
    name, ada, _ = room
    page = await open_page()
    await enter(page, ada, name)
    files: list[FilePayload] = [
        {"name": f"journal.{end}", "mimeType": "text/plain", "buffer": b"x"}
        for end in ("log", "xlsx", "json")
    ]
    await page.get_by_label("Attach files").set_input_files(files)
    await expect(page.locator("#composer .chip[data-file]")).to_have_count(3)
    assert await page.evaluate(BROKEN) == []
    await page.locator("#body").press("Enter")
    await expect(page.locator("#message-1 .drawing")).to_have_count(3)
    assert await page.evaluate(BROKEN) == []


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [1280, 390, 320])
async def test_no_text_runs_under_a_button_of_a_field(
    width: int, direction: str, room: Room, open_page: Open
) -> None:
    _, ada, _ = room
    name = await ada.create_room(WORD)
    page = await open_page(viewport={"width": width, "height": 700})
    await enter(page, ada, name)
    await page.evaluate("direction => { document.dir = direction }", direction)
    for text in ("", "שלום " * 60, "hello " * 60):
        await page.locator("#body").fill(text)
        for button in (".attach", ".smile", ".send"):
            pair = ["#composer textarea", f"#composer {button}"]
            assert not await page.evaluate(OVERLAP, pair), button
    await page.goto(f"{ada.url}/rooms")
    await page.evaluate("direction => { document.dir = direction }", direction)
    for text in ("", "שלום " * 30):
        await page.locator("#search-field").fill(text)
        for part in ("svg", "kbd"):
            pair = ["#search-field", f"form.find > {part}"]
            assert not await page.evaluate(OVERLAP, pair), part


async def test_count_of_unread_elsewhere_stands_beside_the_arrow_back(
    room: Room, open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    other = await ada.create_room("Attic")
    await ben.join(other)
    await fill(site, other, "Ada", count=101)
    page = await open_page(viewport=PHONE)
    await enter(page, ben, name)
    await expect(page.locator("#elsewhere b")).to_have_text("99+")
    assert not await page.evaluate(OVERLAP, ["#elsewhere", ".back > span"])
    assert not await page.evaluate(OVERLAP, ["#elsewhere", ".topic"])
    assert await page.evaluate(FITS)


async def test_letters_with_many_marks_are_cut_at_their_own_line(
    room: Room, open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    await ben.say(name, "above")
    await ada.say(name, ZALGO)
    await ada.post("/account/profile", display=ZALGO[:40], bio="", zone="")
    page = await open_page()
    await enter(page, ben, name)
    body = page.locator("#message-2 .message-body")
    assert await body.evaluate("one => getComputedStyle(one).overflowY") == "clip"
    author = page.locator("#message-2 .author")
    assert await author.evaluate("one => getComputedStyle(one).overflowY") == "clip"
    # The message above is drawn as it would be without it.
    box = await page.locator("#message-1").bounding_box()
    assert box
    with_marks = await page.screenshot(clip=box)
    await body.evaluate("one => { one.style.visibility = 'hidden' }")
    assert await page.screenshot(clip=box) == with_marks


async def test_list_says_how_many_rooms_there_are_to_join(site: Site, open_page: Open) -> None:
    async with Person(site, "Ada") as ada, Person(site, "Dan") as dan:
        await ada.register()
        await dan.register()
        page = await open_page()
        await copy_cookies(dan, page.context)
        await page.goto(f"{dan.url}/rooms")
        await expect(page.locator("#rooms > .empty")).to_contain_text("Join the one below")
        await ada.create_room("Garden")
        await page.goto(f"{dan.url}/rooms")
        await expect(page.locator("#rooms > .empty")).to_contain_text("Join one of those below")


async def test_back_into_a_room_leads_to_the_place_that_was_read(
    room: Room, open_page: Open, site: Site
) -> None:
    name, ada, _ = room
    await ada.create_room("Attic")
    await fill(site, name, "Ada", "Ben", count=120)
    page = await open_page(viewport={"width": 1280, "height": 800})
    await enter(page, ada, name)
    scroller = page.locator("#scroll")
    for far in (-1_500, -100_000):
        await scroller.evaluate("(scroller, far) => scroller.scrollTop = far", far)
        await page.wait_for_function("() => history.state?.place")
        # Older messages that are being fetched must not move what is read.
        await page.wait_for_load_state("networkidle")
        await page.wait_for_timeout(200)
        seen = await page.evaluate(TOPMOST)
        await page.get_by_role("link", name="Attic").click()
        await page.wait_for_url("**/rooms/attic")
        await live(page)
        await page.go_back()
        await live(page)
        await expect(page.locator(f"#{seen[0]}")).to_be_in_viewport()
        again = await page.evaluate(TOPMOST)
        assert again[0] == seen[0]
        assert abs(again[1] - seen[1]) < 3
    # Whoever comes by a link comes to the newest.
    await page.goto(f"{ada.url}/rooms/{name}")
    await expect(page.locator("#message-120")).to_be_in_viewport()


TOPMOST = """() => {
  const top = document.getElementById("scroll").getBoundingClientRect().top;
  const item = [...document.querySelectorAll("#messages > .message")]
    .find(one => one.getBoundingClientRect().bottom > top);
  return [item.id, item.getBoundingClientRect().top];
}"""


async def test_room_on_paper_is_its_messages_and_all_of_them(
    room: Room, open_page: Open, site: Site
) -> None:
    name, ada, _ = room
    await ada.say(name, "```\n" + "wide " * 60 + "\n```")
    await fill(site, name, "Ada", "Ben", count=48)
    page = await open_page(color_scheme="dark")
    await enter(page, ada, name)
    await page.goto(f"{ada.url}/rooms/{name}?thread=2")
    await live(page)
    await page.emulate_media(media="print", color_scheme="dark")
    for part in (".rail", "#composer", "#thread", "#people", ".tools", ".bar .bell"):
        for one in await page.locator(part).all():
            await expect(one).to_be_hidden()
    await expect(page.get_by_role("heading", name="Garden")).to_be_visible()
    heights = await page.evaluate(
        "[document.documentElement.scrollHeight, document.getElementById('messages').offsetHeight]"
    )
    assert heights[0] >= heights[1] > 2_000
    for item in await page.locator("#messages > .message").all():
        await expect(item).to_be_visible()
    assert await page.evaluate(FITS)
    code = page.locator("#message-1 pre code")
    assert await code.evaluate("one => one.scrollWidth <= one.clientWidth")
    # Dark ink on white, also for those whose screen is dark.
    ink = await page.locator("#message-2 .message-body").evaluate(
        "one => getComputedStyle(one).color"
    )
    assert max(int(part) for part in re.findall(r"\d+", ink)[:3]) < 128
    pages = len(re.findall(rb"/Type\s*/Page\b", await page.pdf()))
    assert pages > 1


async def test_back_while_a_picture_is_open_closes_the_picture(
    room: Room, open_page: Open, tmp_path: Any
) -> None:
    name, ada, _ = room
    page = await open_page(viewport={"width": 1280, "height": 800})
    await enter(page, ada, name)
    for number in range(2):
        file = tmp_path / f"picture{number}.png"
        file.write_bytes(picture("PNG", (300, 200)))
        await page.get_by_label("Attach files").set_input_files(file)
        await expect(page.locator("#composer .chip[data-file]")).to_have_count(1)
        await page.locator("#body").press("Enter")
        await expect(page.locator(f"#message-{number + 1} .picture")).to_be_visible()
    lightbox, where = page.locator("#lightbox"), page.url
    await page.locator("#message-1 .picture").click()
    await page.keyboard.press("ArrowRight")
    await expect(lightbox.locator(".place")).to_have_text("2 of 2")
    await page.go_back()
    await expect(lightbox).to_be_hidden()
    assert page.url == where
    await expect(page.locator("#message-2 .picture")).to_be_focused()
    await page.go_forward()
    await expect(lightbox).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(lightbox).to_be_hidden()
    await page.wait_for_function("() => !history.state?.picture")
    # No entry is left over: one step back leaves the room.
    await page.go_back()
    assert page.url != where
