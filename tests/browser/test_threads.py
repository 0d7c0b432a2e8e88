"""Threads, reactions and the picker of emoji, as people see and use them in a real Chromium."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

from littlechat.core.messages import Draft
from littlechat.core.names import new_id
from tests.attacks import user_of
from tests.browser.pages import (
    PHONE,
    Open,
    act,
    assert_accessible,
    copy_cookies,
    enter,
    live,
    lose_connection,
    send,
    shown,
    tab_to,
)
from tests.factories import Person, Site

Room = tuple[str, Person, Person]


async def in_thread(page: Page) -> list[str]:
    """Return the texts of the open thread."""
    return [
        text.strip()
        for text in await page.locator("#thread-messages .message-body").all_text_contents()
    ]


async def answer(page: Page, text: str) -> None:
    await page.locator("#thread-body").fill(text)
    await page.locator("#thread-body").press("Enter")


async def assert_ids_are_unique(page: Page) -> None:
    ids = await page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(set(ids)) == len(ids)


async def test_two_people_talk_in_a_thread_beside_the_room(room: Room, open_page: Open) -> None:
    name, ada, ben = room
    hers, his = await open_page(), await open_page()
    await enter(hers, ada, name)
    await enter(his, ben, name)
    await send(hers, "Shall we **dig**?")
    await act(his, "#message-1", "Reply")
    await expect(his.locator("#thread-body")).to_be_focused()
    assert his.url.endswith("?thread=1")
    await answer(his, "At noon")
    await expect(hers.locator("#message-1 .replies")).to_contain_text("1 reply")
    await expect(hers.locator("#message-2")).to_be_hidden()
    await expect(his.locator("#message-2")).to_be_hidden()
    await hers.locator("#message-1 .replies a").click()
    await expect(hers.locator("#thread-message-2 .message-body")).to_have_text("At noon")
    await expect(hers.locator("#people")).to_be_hidden()
    await hers.get_by_label("Show in the room, too").check()
    await answer(hers, "Bring spades")
    for page in (hers, his):
        await expect(page.locator("#thread-message-3")).to_be_visible()
        await expect(page.locator("#message-3 .quote")).to_have_text("Ada Shall we dig?")
        await expect(page.locator("#message-3")).to_be_visible()
        await expect(page.locator("#message-1 .replies b")).to_have_text("2 replies")
        assert await in_thread(page) == ["Shall we dig?", "At noon", "Bring spades"]
        await assert_ids_are_unique(page)
    # The quote of what was edited, and the two copies of it, say what it says now.
    await act(hers, "#thread-message-1", "Edit")
    await hers.get_by_label("Edit your message").fill("Shall we plant?")
    await hers.get_by_label("Edit your message").press("Enter")
    for page in (hers, his):
        await expect(page.locator("#message-3 .quote")).to_have_text("Ada Shall we plant?")
        await expect(page.locator("#message-1 .message-body")).to_have_text("Shall we plant?")
        await expect(page.locator("#thread-message-1 .message-body")).to_have_text(
            "Shall we plant?"
        )
    # Escape leads back to where the thread was opened.
    await hers.locator("#thread-body").press("Escape")
    await expect(hers.locator("#thread")).to_be_hidden()
    await expect(hers.locator("#message-1 .replies a")).to_be_focused()
    assert "thread" not in hers.url
    await hers.go_forward()
    await expect(hers.locator("#thread")).to_be_visible()
    assert await in_thread(hers) == ["Shall we plant?", "At noon", "Bring spades"]


async def test_arrow_up_edits_ones_last_reply_and_typing_one_shows_in_the_room(
    room: Room, open_page: Open
) -> None:
    name, ada, ben = room
    await ada.say(name, "Shall we dig?")
    await ada.say(name, "frist", thread="1")
    await ben.say(name, "yes", thread="1")
    await ada.say(name, "of the room")
    hers, his = await open_page(), await open_page()
    await enter(hers, ada, name)
    await enter(his, ben, name)
    await hers.locator("#message-1 .replies a").click()
    field = hers.locator("#thread-body")
    await expect(field).to_be_focused()
    await hers.keyboard.press("ArrowUp")
    edit = hers.locator("#thread-message-2").get_by_label("Edit your message")
    await expect(edit).to_be_focused()
    await expect(edit).to_have_value("frist")
    # Escape leads back to the thread, which stays, and where the same key works again.
    await hers.keyboard.press("Escape")
    await expect(field).to_be_focused()
    await expect(hers.locator("#thread")).to_be_visible()
    await hers.keyboard.press("ArrowUp")
    await edit.fill("first")
    await edit.press("Enter")
    await expect(hers.locator("#thread-message-2 .message-body")).to_have_text("first")
    await expect(field).to_be_focused()
    await field.press_sequentially("now")
    await expect(his.locator("#typing")).to_have_text("Ada is typing…")
    # In a field with words in it the key moves through them.
    await hers.keyboard.press("ArrowUp")
    await expect(field).to_be_focused()
    await hers.keyboard.press("Enter")
    await expect(his.locator("#typing")).to_have_text("")
    await hers.locator("#body").focus()
    await hers.keyboard.press("ArrowUp")
    await expect(hers.locator("#message-4").get_by_label("Edit your message")).to_be_focused()


async def test_thread_is_caught_up_with_after_a_cut_and_equals_a_fresh_one(
    room: Room, open_page: Open
) -> None:
    name, ada, ben = room
    await ada.say(name, "root")
    await ben.say(name, "first", thread="1")
    page = await open_page()
    await enter(page, ada, name)
    await page.goto(f"{ada.url}/rooms/{name}?thread=1")
    await live(page)
    await lose_connection(page)
    await ben.say(name, "second", thread="1")
    await ben.say(name, "beside")
    await ben.say(name, "third", thread="1", shown="1")
    await ben.post(f"/rooms/{name}/messages/2/edit", body="first, edited")
    await ada.post(f"/rooms/{name}/messages/3/reactions", emoji="👍")
    await page.context.set_offline(False)
    await expect(page.locator("#thread-messages > .message")).to_have_count(4, timeout=20_000)
    await expect(page.locator("#thread-message-3 .reactions button")).to_have_count(1)
    assert await in_thread(page) == ["root", "first, edited", "second", "third"]
    fresh = await open_page()
    await enter(fresh, ada, name)
    await fresh.goto(f"{ada.url}/rooms/{name}?thread=1")
    assert await in_thread(fresh) == await in_thread(page)
    assert await shown(fresh) == await shown(page)


async def test_reply_that_cannot_be_sent_is_kept_and_sent_again(
    room: Room, open_page: Open
) -> None:
    name, ada, _ = room
    await ada.say(name, "one")
    await ada.say(name, "two")
    page = await open_page()
    await enter(page, ada, name)
    await act(page, "#message-1", "Reply")
    field = page.locator("#thread-body")
    await page.context.set_offline(True)
    await answer(page, "far away")
    await expect(page.locator("#thread-composer-alert [role=alert]")).to_contain_text("kept")
    await expect(field).to_have_value("far away")
    await page.context.set_offline(False)
    # Each thread keeps its own draft, the room another.
    await act(page, "#message-2", "Reply")
    await expect(page.locator("#thread-message-2")).to_be_visible()
    await expect(field).to_have_value("")
    await act(page, "#message-1", "Reply")
    await expect(field).to_have_value("far away")
    await page.reload()
    await expect(field).to_have_value("far away")
    await expect(page.locator("#body")).to_have_value("")
    await field.press("Enter")
    await expect(page.locator("#thread-message-3")).to_be_visible()
    await expect(field).to_have_value("")
    # What cannot be opened says so and leaves the room as it was.
    await page.context.set_offline(True)
    await page.get_by_role("link", name="Close the thread").click()
    await expect(page.locator("#thread")).to_be_hidden()
    await act(page, "#message-2", "Reply")
    await expect(page.locator("#told [role=alert]")).to_contain_text("cannot be opened")
    await expect(page.locator("#thread")).to_be_hidden()
    await page.context.set_offline(False)
    await act(page, "#message-1", "Reply")
    await ada.post(f"/rooms/{name}/messages/1/remove")
    await expect(page.locator("#thread-message-1")).to_contain_text("was removed")
    await answer(page, "too late")
    await expect(page.locator("#thread-composer-alert [role=alert]")).to_contain_text("no longer")
    await expect(field).to_have_value("too late")


async def test_phone_gives_the_thread_the_whole_screen_and_back_closes_it(
    room: Room, open_page: Open
) -> None:
    name, ada, ben = room
    await ben.say(name, "Shall we?")
    await ben.say(name, "yes", thread="1")
    page = await open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    await enter(page, ada, name)
    await page.locator("#message-1 .replies a").tap()
    await expect(page.locator("#thread")).to_be_visible()
    box = await page.locator("#thread").bounding_box()
    assert box
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate("document.getElementById('scroll').inert")
    await page.go_back()
    await expect(page.locator("#thread")).to_be_hidden()
    await expect(page.locator("#message-1")).to_be_visible()
    # The menu is a button that opens a sheet.
    await page.locator("#message-1 .message-body").tap()
    more = page.get_by_role("button", name="What to do with this message")
    await more.tap()
    for button in await page.get_by_role("menuitem").all():
        size = await button.bounding_box()
        assert size
        assert size["height"] >= 44
    await page.get_by_role("menuitem", name="React with 👍").tap()
    await expect(page.locator("#message-1 .reactions button")).to_have_text("👍 1")
    await more.tap()
    await expect(page.locator(".whom")).to_have_text("👍 Ada")
    await page.get_by_role("menuitem", name="React…").tap()
    await page.get_by_role("button", name="😀").first.tap()
    await expect(page.locator("#message-1 .reactions button")).to_have_count(2)
    await expect(page.locator("#emoji")).to_be_hidden()
    await more.tap()
    await page.get_by_role("menuitem", name="Reply").tap()
    await expect(page.locator("#thread-body")).to_be_focused()


async def test_two_people_react_and_see_who(room: Room, open_page: Open) -> None:
    name, ada, ben = room
    await ada.say(name, "Shall we?")
    hers, his = await open_page(), await open_page()
    await enter(hers, ada, name)
    await enter(his, ben, name)
    await act(his, "#message-1", "React with 👍")
    reaction = "#message-1 .reactions button"
    await expect(hers.locator(reaction)).to_have_text("👍 1")
    await expect(hers.locator(reaction)).to_have_attribute("aria-pressed", "false")
    await expect(his.locator(reaction)).to_have_attribute("aria-pressed", "true")
    await hers.locator(reaction).click()
    for page in (hers, his):
        await expect(page.locator(reaction)).to_have_text("👍 2")
        await expect(page.locator(reaction)).to_have_attribute("title", "Ben and Ada")
    # The focus stays on what was pressed, though its message was replaced.
    await expect(hers.locator(reaction)).to_be_focused()
    await hers.keyboard.press("Enter")
    await expect(his.locator(reaction)).to_have_text("👍 1")
    await his.locator(reaction).click()
    for page in (hers, his):
        await expect(page.locator(reaction)).to_have_count(0)
    for emoji in "😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓😔":
        await ada.post(f"/rooms/{name}/messages/1/reactions", emoji=emoji)
    await act(his, "#message-1", "React…")
    await his.locator("#emoji").get_by_role("button", name="🥳").first.click()
    await expect(his.locator("#told [role=alert]")).to_contain_text("at most 20 different emoji")


async def test_emoji_is_found_and_chosen_by_keyboard_alone(room: Room, open_page: Open) -> None:
    name, ada, _ = room
    await ada.say(name, "Shall we?")
    page = await open_page()
    await enter(page, ada, name)
    await page.locator("#message-1 .time").focus()
    await tab_to(page, "React with 👍")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    search = page.get_by_label("Find an emoji")
    await expect(search).to_be_focused()
    await expect(page.locator("#emoji-all button").first).to_be_attached()
    await page.keyboard.type("no such thing")
    await expect(page.locator("#emoji-none")).to_contain_text("no emoji of that name")
    await search.fill("party")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    assert await page.evaluate("document.activeElement.title") == "party popper"
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await expect(search).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#message-1 .reactions button")).to_have_text("🥳 1")
    assert await page.evaluate("document.activeElement.dataset.do") == "react"
    await page.keyboard.press("Enter")
    await expect(page.locator("#emoji-recent button").first).to_have_text("🥳")
    await page.keyboard.press("Escape")
    await expect(page.locator("#emoji")).to_be_hidden()
    assert await page.evaluate("document.activeElement.dataset.do") == "react"
    # Into what one writes, at the caret.
    await page.locator("#body").fill("ab")
    await page.locator("#body").press("ArrowLeft")
    await page.locator("#composer").get_by_role("button", name="Add an emoji").click()
    await page.keyboard.type("rocket")
    await page.keyboard.press("Enter")
    await expect(page.locator("#body")).to_have_value("a🚀b")
    await expect(page.locator("#body")).to_be_focused()


async def test_history_reaches_past_many_replies_that_the_room_does_not_show(
    room: Room, open_page: Open, site: Site
) -> None:
    name, ada, ben = room
    user = await user_of(site, ada)
    for number in range(20):
        await site.services.actions.messages.say(
            name, user, Draft(f"message {number}\n\nhigh", new_id())
        )
    sends = [
        site.services.actions.messages.say(
            name, user, Draft(f"reply {number}", new_id(), thread=20, shown=False)
        )
        for number in range(120)
    ]
    await asyncio.gather(*sends)
    page = await open_page()
    await enter(page, ben, name)
    await expect(page.locator("#message-20")).to_be_visible()
    await expect(page.locator("#message-20 .replies b")).to_have_text("120 replies")
    await page.locator("#scroll").evaluate("scroller => scroller.scrollTop = -100000")
    await expect(page.locator("#message-1")).to_be_visible()
    await ada.say(name, "quiet", thread="20")
    await ada.say(name, "loud")
    await expect(page.locator("#news")).to_have_text("1 new message")
    # A link to one of them leads into its thread.
    await page.goto(f"{ben.url}/rooms/{name}?around=60#message-60")
    await expect(page.locator("#thread-message-60")).to_be_in_viewport()
    await page.get_by_role("link", name="Older replies").click()
    await expect(page.locator("#thread-message-21")).to_be_attached()
    assert (await in_thread(page))[:2] == ["message 19\n\nhigh".replace("\n\n", "\n"), "reply 0"]
    await assert_ids_are_unique(page)


async def test_threads_and_reactions_work_without_javascript(room: Room, open_page: Open) -> None:
    name, ada, ben = room
    await ada.say(name, "Shall we?")
    await ben.say(name, "yes", thread="1")
    await ben.post(f"/rooms/{name}/messages/1/reactions", emoji="👍")
    page = await open_page(java_script_enabled=False)
    await copy_cookies(ada, page.context)
    await page.goto(f"{ada.url}/rooms/{name}")
    await page.get_by_role("button", name="👍 1, Ben").click()
    await expect(page.locator("#message-1 .reactions button")).to_have_text("👍 2")
    await page.locator("#message-1 .replies a").click()
    await page.get_by_label("Reply in the thread").fill("then at noon")
    await page.locator("#thread").get_by_role("button", name="Send").click()
    await expect(page.locator("#thread-message-3")).to_be_visible()
    await page.get_by_role("link", name="Close the thread").click()
    await expect(page.locator("#thread")).to_be_hidden()
    await expect(page.locator("#message-1 .replies b")).to_have_text("2 replies")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_threads_menus_and_picker(
    scheme: str, room: Room, open_page: Open
) -> None:
    name, ada, ben = room
    await ada.say(name, "Shall we?")
    await ben.say(name, "yes", thread="1", shown="1")
    await ada.post(f"/rooms/{name}/messages/1/reactions", emoji="👍")
    await ben.post(f"/rooms/{name}/messages/1/reactions", emoji="🎉")
    options: dict[str, Any] = {
        "color_scheme": scheme,
        "bypass_csp": True,
        "reduced_motion": "reduce",
    }
    page = await open_page(**options)
    await enter(page, ada, name)
    await page.locator("#message-1").hover()
    await assert_accessible(page)
    await page.locator("#message-1 .replies a").click()
    await expect(page.locator("#thread-message-2")).to_be_visible()
    await assert_accessible(page)
    await act(page, "#thread-message-2", "React…")
    await expect(page.locator("#emoji-all button").first).to_be_visible()
    # It lies over parts of the page, whose targets axe would find cut.
    await assert_accessible(page, "#emoji")
    phone = await open_page(viewport=PHONE, has_touch=True, is_mobile=True, **options)
    await enter(phone, ada, name)
    await phone.locator("#message-1 .message-body").tap()
    await assert_accessible(phone)
    await phone.get_by_role("button", name="What to do with this message").tap()
    await assert_accessible(phone, "#message-menu")
