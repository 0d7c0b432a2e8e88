"""What people see and do, in a real Chromium."""

import asyncio
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from littlechat.core.messages import Draft
from tests.browser.pages import (
    PHONE,
    Open,
    act,
    assert_accessible,
    confirm,
    copy_cookies,
    enter,
    fill,
    live,
    lose_connection,
    register,
    send,
    shown,
    tab_to,
)
from tests.factories import PASSWORD, WAIT_SECONDS, Person, Site, command
from tests.xss_corpus import PAYLOADS


async def test_two_people_meet_in_a_room_and_talk(site: Site, open_page: Open) -> None:
    hers, his = await open_page(), await open_page()
    await register(hers, site.next_url(), "Ada")
    await register(his, site.next_url(), "Ben")
    await hers.get_by_role("link", name="New room").click()
    await hers.get_by_label("Name").fill("Garden")
    await hers.get_by_role("button", name="Make room").click()
    await live(hers)
    # His list, opened before, shows the room by itself.
    await his.locator('#rooms a[href="/rooms/garden"]').click()
    await his.get_by_role("button", name="Join").click()
    await live(his)
    for number in range(10):
        await send(hers, f"Ada {number}")
        await expect(his.locator(".message").last).to_contain_text(f"Ada {number}")
        await send(his, f"Ben {number}")
        await expect(hers.locator(".message").last).to_contain_text(f"Ben {number}")
    assert await shown(hers) == await shown(his)
    assert len(await shown(hers)) == 20
    for page in (hers, his):
        await expect(page.locator("#online [data-user]")).to_have_count(2)
        await expect(page.locator("#members [data-member]")).to_have_count(2)
    await his.locator("#body").press_sequentially("So")
    await expect(hers.locator("#typing")).to_have_text("Ben is typing…")
    await expect(his.locator("#typing")).to_have_text("")
    await his.locator("#body").press("Enter")
    await expect(hers.locator("#typing")).to_have_text("")


async def test_pages_heal_without_reload_when_the_server_is_killed(
    open_page: Open, data: Path
) -> None:
    async with command(data) as (process, url):
        port = int(url.rpartition(":")[2])
        async with Person(url, "Ada") as ada, Person(url, "Ben") as ben:
            await ada.register()
            await ben.register()
            room = await ada.create_room("Garden")
            await ben.join(room)
            hers, his = await open_page(), await open_page()
            await enter(hers, ada, room)
            await enter(his, ben, room)
            await hers.evaluate("window.neverReloaded = true")
            await send(hers, "before")
            await expect(his.locator(".message")).to_have_count(1)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            for page in (hers, his):
                await expect(page.locator("#connection")).to_contain_text("Connection lost")
            await send(his, "while it was down")
            await expect(his.locator("#composer-alert")).to_contain_text("kept")
            await expect(his.locator("#body")).to_have_value("while it was down")
            async with command(data, port):
                # A third page writes before the two are back: they have something to catch up with.
                await ada.say(room, "first after the restart")
                # Of both at once: what it says it says for three seconds.
                await asyncio.gather(
                    *(
                        expect(page.locator("#connection")).to_contain_text("Nothing was missed")
                        for page in (hers, his)
                    )
                )
                for page in (hers, his):
                    await expect(page.locator(".message")).to_have_count(2)
                await his.get_by_role("button", name="Try again").click()
                for page in (hers, his):
                    await expect(page.locator(".message")).to_have_count(3)
                assert await hers.evaluate("window.neverReloaded")
                fresh = await open_page()
                await enter(fresh, ada, room)
                assert await shown(hers) == await shown(his) == await shown(fresh)


async def test_history_loads_upwards_without_a_jump_and_news_wait_below(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    await fill(site, name, "Ada", "Ben", count=120)
    page = await open_page(viewport={"width": 1280, "height": 800})
    await enter(page, ben, name)
    await expect(page.locator("#message-120")).to_be_in_viewport()
    assert (await shown(page))[0][0] == "message-71"
    scroller = page.locator("#scroll")
    await scroller.evaluate("scroller => scroller.scrollTop = 400 - scroller.scrollHeight")
    mark = page.locator("#message-75")
    before = await mark.bounding_box()
    await expect(page.locator("#message-21")).to_be_attached()
    after = await mark.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2
    await ada.say(name, "something new")
    await expect(page.locator("#message-121")).to_be_attached()
    await expect(page.locator("#news")).to_have_text("1 new message")
    settled = await mark.bounding_box()
    assert settled
    assert abs(after["y"] - settled["y"]) < 2
    await page.locator("#news").click()
    await expect(page.locator("#message-121")).to_be_in_viewport()
    await expect(page.locator("#news")).to_be_hidden()
    ids = [one for one, _ in await shown(page)]
    assert ids == [f"message-{n}" for n in range(122 - len(ids), 122)]


async def test_permalink_opens_in_the_past_and_reads_on_into_the_present(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    await fill(site, name, "Ada", "Ben", count=110)
    page = await open_page(viewport={"width": 1280, "height": 800})
    await enter(page, ben, name)
    await page.goto(f"{ben.url}/rooms/{name}?around=40#message-40")
    await expect(page.locator("#message-40")).to_be_in_viewport()
    await expect(page.locator("#news")).to_have_text("Jump to the newest")
    await ada.say(name, "far away")
    async with asyncio.timeout(WAIT_SECONDS):
        while not await page.locator("#message-111").count():
            await page.locator("#scroll").evaluate("scroller => scroller.scrollTop = 0")
            await page.wait_for_timeout(50)
    await ada.say(name, "and live again")
    await expect(page.locator("#message-112")).to_be_attached()
    ids = [one for one, _ in await shown(page)]
    first = int(ids[0].removeprefix("message-"))
    assert ids == [f"message-{n}" for n in range(first, 113)]


async def test_composer_keeps_what_is_typed(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, _ = room
    page = await open_page()
    await enter(page, ada, name)
    field = page.locator("#body")
    await expect(field).to_be_focused()
    low = await field.bounding_box()
    await field.press_sequentially("one")
    await field.press("Shift+Enter")
    await field.press_sequentially("two")
    await expect(field).to_have_value("one\ntwo")
    high = await field.bounding_box()
    assert low
    assert high
    assert high["height"] > low["height"]
    await page.reload()
    await expect(field).to_have_value("one\ntwo")
    await page.context.set_offline(True)
    await field.press("Enter")
    await expect(page.locator("#composer-alert [role=alert]")).to_contain_text("Your text is kept")
    await expect(field).to_have_value("one\ntwo")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".message")).to_have_count(1)
    await expect(field).to_have_value("")
    await expect(field).to_be_focused()
    await expect(page.locator("#composer-alert")).to_be_empty()
    await page.reload()
    await expect(field).to_have_value("")
    await field.evaluate("field => { field.maxLength = 100000; field.value = 'x'.repeat(8001) }")
    await field.press("Enter")
    await expect(page.locator("#composer-alert [role=alert]")).to_contain_text("1 over")
    assert len(await field.input_value()) == 8_001


async def test_quick_messages_keep_their_order_on_a_slow_line(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    page, other = await open_page(), await open_page()
    await enter(page, ada, name)
    await enter(other, ben, name)

    async def slowly(route: Any) -> None:
        await asyncio.sleep(0.15)
        await route.continue_()

    await page.route("**/messages", slowly)
    for number in range(6):
        await send(page, f"quick {number}")
    await expect(other.locator(".message")).to_have_count(6)
    await expect(page.locator(".message")).to_have_count(6)
    assert [text for _, text in await shown(other)] == [f"quick {n}" for n in range(6)]
    assert await shown(page) == await shown(other)


async def test_own_message_is_edited_and_removed_everywhere(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    hers, his = await open_page(), await open_page()
    await enter(hers, ada, name)
    await enter(his, ben, name)
    await send(his, "teh garden")
    message = his.locator("#message-1")
    await act(his, "#message-1", "Edit")
    field = message.get_by_label("Edit your message")
    await expect(field).to_be_focused()
    await field.fill(" ")
    await field.press("Enter")
    await expect(message.get_by_role("alert")).to_contain_text("nothing to send")
    await field.fill("the **garden**")
    await field.press("Enter")
    for page in (hers, his):
        await expect(page.locator("#message-1 .message-body")).to_have_text("the garden")
        await expect(page.locator("#message-1 .edited")).to_have_count(1)
    await act(his, "#message-1", "Edit")
    await expect(field).to_have_value("the **garden**")
    await field.press("Escape")
    await expect(message.locator(".message-body")).to_have_text("the garden")
    await hers.locator("#message-1").hover()
    await hers.get_by_role("button", name="What to do with this message").click()
    await expect(hers.get_by_role("menuitem", name="Edit")).to_have_count(0)
    await hers.get_by_role("menuitem", name="Remove").click()
    await confirm(hers)
    for page in (hers, his):
        await expect(page.locator("#message-1")).to_have_text(
            re.compile("This message was removed")
        )


async def test_removed_member_sees_why_and_receives_no_more(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    page = await open_page()
    await enter(page, ben, name)
    await ada.post(f"/rooms/{name}/members/Ben/remove")
    await expect(page.locator("#connection")).to_contain_text("You were removed from this room.")
    await ada.say(name, "only among us")
    await page.get_by_role("link", name="To the list of rooms").click()
    await expect(page.get_by_role("button", name="Join Garden")).to_be_visible()


async def test_page_that_ends_says_why_and_leads_on(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    hers, his = await open_page(), await open_page()
    await enter(his, ben, name)
    await ada.post(f"/rooms/{name}/members/Ben/ban")
    await expect(his.locator("#connection")).to_contain_text("You were banned from this room.")
    await his.get_by_role("link", name="To the list of rooms").click()
    await his.wait_for_url("**/rooms")
    await his.goto(f"{ben.url}/rooms/{name}")
    await expect(his.get_by_role("alert")).to_contain_text("You are banned from this room.")
    await his.get_by_role("link", name="To the list of rooms").click()
    await his.wait_for_url("**/rooms")
    attic = await ada.create_room("Attic", visibility="private")
    await enter(hers, ada, attic)
    await ada.post(f"/rooms/{attic}/delete", confirmation="Attic")
    await expect(hers.locator("#connection")).to_contain_text("This room was deleted")
    await hers.get_by_role("link", name="To the list of rooms").click()
    await hers.wait_for_url("**/rooms")


async def test_a_dead_line_that_answers_no_close_is_given_up_at_once(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    page = await open_page()
    # As on a line that swallows everything: the close is sent, and nobody answers it.
    await page.add_init_script("WebSocket.prototype.close = () => {}")
    await enter(page, ben, name)
    await page.evaluate("document.dispatchEvent(new Event('littlechat:reconnect'))")
    await expect(page.locator("#connection")).to_contain_text("Connection lost")
    await expect(page.locator("#connection")).to_contain_text("Nothing was missed")
    await ada.say(name, "on the new line")
    await expect(page.locator(".message")).to_have_text([re.compile("on the new line")])


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ("members/Ben/remove", "You were removed from this room."),
        ("members/Ben/ban", "You were banned from this room."),
        ("delete", "This room was deleted, or you are no longer in it."),
    ],
)
async def test_page_that_was_away_when_it_ended_asks_why(
    room: tuple[str, Person, Person], open_page: Open, act: str, why: str
) -> None:
    name, ada, ben = room
    page = await open_page()
    await enter(page, ben, name)
    await lose_connection(page)
    await ada.post(f"/rooms/{name}/{act}", confirmation="Garden")
    await page.context.set_offline(False)
    await expect(page.locator("#connection")).to_contain_text(why, timeout=20_000)


async def test_signed_out_elsewhere_page_stops_trying(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, _ = room
    page = await open_page()
    await enter(page, ada, name)
    await ada.post("/logout")
    await expect(page.locator("#connection")).to_contain_text("You are signed out")


async def test_everything_works_without_javascript(site: Site, open_page: Open) -> None:
    hers = await open_page(java_script_enabled=False)
    await register(hers, site.next_url(), "Ada")
    await hers.get_by_role("link", name="New room").click()
    await hers.get_by_label("Name").fill("Garden")
    await hers.get_by_role("button", name="Make room").click()
    await hers.get_by_label("Message to Garden").fill("Hello, *world*")
    await hers.get_by_role("button", name="Send").click()
    await expect(hers.locator(".message-body em")).to_have_text("world")
    async with Person(site, "Ben") as ben:
        await ben.register()
        await ben.join("garden")
        for number in range(60):
            await ben.say("garden", f"message {number}")
    await hers.reload()
    await expect(hers.locator(".message")).to_have_count(50)
    await hers.get_by_role("link", name="Older messages").click()
    await expect(hers.locator("#message-1")).to_be_visible()
    await hers.get_by_role("link", name="Newer messages").click()
    await expect(hers.locator("#message-61")).to_be_visible()
    await hers.goto(f"{site.url}/rooms?search=gard")
    await expect(hers.locator("#rooms a[href='/rooms/garden']")).to_have_count(1)
    await hers.get_by_role("button", name="Log out").click()
    await hers.get_by_label("Username").fill("Ada")
    await hers.get_by_label("Password").fill("wrong")
    await hers.get_by_role("button", name="Log in").click()
    await expect(hers.get_by_role("alert")).to_contain_text("do not belong together")
    await expect(hers.get_by_label("Username")).to_have_value("Ada")


async def test_phone_shows_one_column_and_people_on_demand(
    room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, _ = room
    await ada.say(name, "https://example.org/" + "long" * 60 + "\n\n```\n" + "wide " * 60 + "\n```")
    page = await open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    await enter(page, ada, name)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await expect(page.locator(".rail")).to_be_hidden()
    await expect(page.locator("#members")).to_be_hidden()
    # What is seldom done is behind one button, so that the room's name has its place.
    more = page.get_by_role("button", name="More", exact=True)
    topic = await page.locator(".topic").bounding_box()
    assert topic
    assert topic["width"] >= 220
    await more.tap()
    for one in await page.locator(".bar > :is(a, button), #bar-more :is(a, button)").all():
        size = await one.bounding_box()
        assert size
        assert min(size["width"], size["height"]) >= 44
    await expect(page.get_by_role("link", name="Settings")).to_be_visible()
    await page.get_by_role("button", name="People").tap()
    await expect(page.locator("#members")).to_be_visible()
    await page.get_by_role("button", name="Close").tap()
    await expect(page.locator("#members")).to_be_hidden()
    await expect(page.locator("#bar-more")).to_be_hidden()
    await page.get_by_role("link", name="All rooms").click()
    await expect(page.locator("#rooms a[href='/rooms/garden']")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_room_is_reached_and_used_by_keyboard_alone(site: Site, open_page: Open) -> None:
    page = await open_page()
    await page.goto(f"{site.url}/login")
    await expect(page.get_by_label("Username")).to_be_focused()
    await tab_to(page, "Register")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/register")
    await expect(page.get_by_label("Username")).to_be_focused()
    await page.keyboard.type("Ada")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/rooms")
    await tab_to(page, "Join Lobby")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/rooms/lobby")
    await live(page)
    await page.keyboard.type("Hello")
    await page.keyboard.press("Enter")
    await expect(page.locator("#message-1")).to_be_visible()
    await expect(page.locator("#body")).to_be_focused()
    await page.keyboard.type("more")
    await page.keyboard.press("Enter")
    await expect(page.locator("#message-2")).to_be_visible()
    # Back to the last message's time; the menu of what can be done with it follows.
    await page.keyboard.press("Shift+Tab")
    await expect(page.locator("#message-2 .time")).to_be_focused()
    await tab_to(page, "React with 👍")
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Edit your message")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Edit your message")).to_have_count(0)


async def test_no_payload_runs_a_script(
    room: tuple[str, Person, Person], open_page: Open, site: Site
) -> None:
    name, _, ben = room
    dialogs: list[str] = []
    page = await open_page()
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await enter(page, ben, name)
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url))
    members = site.services.rooms.memberships
    author = (await members.list_of(name))[0]
    user = await site.services.accounts.users.find(author.user_name)
    assert user
    for payload in PAYLOADS:
        await site.services.actions.messages.say(name, user, Draft(payload or ".", ""))
    await expect(page.locator(".message")).to_have_count(len(PAYLOADS))
    await page.reload()
    await live(page)
    # What the payloads would have done: call alert, fetch, or leave live markup behind.
    live_markup = (
        "[...document.querySelectorAll('.message-body *')].flatMap(one => "
        "[one.tagName, ...[...one.attributes].map(a => a.name + '=' + a.value)])"
        ".filter(text => /^(script|iframe|svg|img|object|embed|form|style|link|math)$/i.test(text)"
        " || /^(on|hx-|data-hx|style=|id=|name=)/i.test(text)"
        " || /^href=(?!https?:|mailto:)/i.test(text))"
    )
    assert await page.evaluate(live_markup) == []
    assert dialogs == []
    assert [url for url in outside if not url.startswith(ben.url)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_any_page(
    scheme: str, room: tuple[str, Person, Person], open_page: Open
) -> None:
    name, ada, ben = room
    await ada.say(
        name, "Hello\n\n> a quote\n\n- a list\n\n```python\nprint('code')  # comment\n```"
    )
    await ada.say(name, "```\n" + "wide " * 100 + "\n```")
    await ben.say(name, "An answer with `code` and https://example.org/")
    await ada.create_room("Secret", "private")
    invitation = await ada.invite(name)
    stranger = await open_page(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    for path in ("/login", "/register", "/login?next=/rooms/garden", "/nowhere"):
        await stranger.goto(f"{ada.url}{path}")
        await assert_accessible(stranger)
    await stranger.goto(f"{ada.url}/register")
    await stranger.get_by_label("Username").fill("x!")
    await stranger.get_by_label("Password").fill("12345678")
    await stranger.keyboard.press("Enter")
    await expect(stranger.locator(".error")).to_have_count(2)
    await assert_accessible(stranger)
    page = await open_page(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    await enter(page, ada, name)
    await assert_accessible(page)
    await act(page, "#message-1", "Edit")
    await expect(page.get_by_label("Edit your message")).to_be_focused()
    await assert_accessible(page)
    paths = ("/rooms", "/rooms?search=zzz", "/rooms/new", "/account", f"/rooms/{name}/settings")
    for path in paths:
        await page.goto(f"{ada.url}{path}")
        await assert_accessible(page)
    async with Person(ada.url, "Dan") as dan:
        await dan.register()
        outsider = await open_page(
            color_scheme=scheme, bypass_csp=True, reduced_motion="reduce", viewport=PHONE
        )
        await copy_cookies(dan, outsider.context)
        for path in (f"/rooms/{name}", invitation, "/rooms"):
            await outsider.goto(f"{ada.url}{path}")
            await assert_accessible(outsider)
