"""Files as two people and a phone see them, in a real Chromium."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, Response, Route, expect

from tests.browser.pages import (
    PHONE,
    Open,
    assert_accessible,
    copy_cookies,
    enter,
    live,
    send,
    shown,
)
from tests.factories import Person, Site
from tests.pictures import picture

Room = tuple[str, Person, Person]


@pytest.fixture
async def garden(site: Site) -> AsyncIterator[Room]:
    """A room with Ada, who made it, and Ben."""
    async with Person(site, "Ada") as ada, Person(site, "Ben") as ben:
        await ada.register()
        await ben.register()
        name = await ada.create_room("Garden")
        await ben.join(name)
        yield name, ada, ben


def file(name: str, data: bytes = b"words", kind: str = "text/plain") -> Any:
    return {"name": name, "mimeType": kind, "buffer": data}


async def pick(page: Page, *files: Any) -> None:
    await page.locator("#composer input[type=file]").set_input_files(list(files))


# What a page's own script does to hand files over as a mouse or a clipboard would.
HAND_OVER = """
(target, [kind, name, type, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const init = { bubbles: true, cancelable: true };
  if (kind === "paste") target.dispatchEvent(new ClipboardEvent(kind, { ...init, clipboardData: data }));
  else target.dispatchEvent(new DragEvent(kind, { ...init, dataTransfer: data }));
}
"""  # noqa: E501


async def hand_over(page: Page, where: str, kind: str, name: str, data: bytes) -> None:
    await page.locator(where).evaluate(HAND_OVER, [kind, name, "image/png", list(data)])


async def test_two_people_exchange_files(garden: Room, open_page: Open) -> None:
    name, ada, ben = garden
    hers, his = await open_page(), await open_page()
    await enter(hers, ada, name)
    await enter(his, ben, name)
    await pick(
        hers,
        file("beds.png", picture(size=(900, 600)), "image/png"),
        file("plan.txt"),
        file("song.mp3", b"ID3\4" + b"\0" * 99, "audio/mpeg"),
    )
    await expect(hers.locator("#composer .chip[data-file]")).to_have_count(3)
    await expect(hers.locator("#body")).to_be_focused()
    await send(hers, "Look")
    await expect(hers.locator("#composer .chip")).to_have_count(0)
    for page in (hers, his):
        message = page.locator(".message").last
        await expect(message).to_contain_text("Look")
        image = message.get_by_role("img", name="beds.png")
        await expect(image).to_have_js_property("naturalWidth", 720)
        await expect(message.locator("audio")).to_have_count(1)
        await expect(message.get_by_role("link", name="plan.txt")).to_be_visible()
    async with his.expect_download() as download:
        await his.get_by_role("link", name="plan.txt").click()
    assert (await download.value).suggested_filename == "plan.txt"
    # Words are not needed.
    await pick(his, file("only.txt"))
    await expect(his.locator("#composer .chip[data-file]")).to_have_count(1)
    await his.locator("#body").press("Enter")
    await expect(hers.locator(".message").last).to_contain_text("only.txt")
    await hers.reload()
    await live(hers)
    await expect(hers.locator(".message")).to_have_count(2)
    assert await shown(hers) == await shown(his)


async def test_pictures_are_pasted_and_dropped(garden: Room, open_page: Open) -> None:
    name, ada, _ = garden
    page = await open_page()
    await enter(page, ada, name)
    data = picture(size=(60, 60))
    await hand_over(page, "#body", "paste", "pasted.png", data)
    await expect(page.locator(".chip[data-file]")).to_contain_text("pasted.png")
    await hand_over(page, "#scroll", "dragover", "x.png", data)
    await expect(page.locator(".conversation.dropping")).to_have_count(1)
    await hand_over(page, "#scroll", "drop", "dropped.png", data)
    await expect(page.locator(".conversation.dropping")).to_have_count(0)
    await expect(page.locator(".chip[data-file]")).to_have_count(2)
    # A reload keeps what waits.
    await page.reload()
    await live(page)
    await expect(page.locator(".chip[data-file]")).to_have_count(2)
    await page.get_by_role("button", name="Remove pasted.png").click()
    await expect(page.locator(".chip")).to_have_count(1)
    await page.locator("#body").press("Enter")
    await expect(page.get_by_role("img", name="dropped.png")).to_have_count(1)
    await page.reload()
    await live(page)
    await expect(page.locator(".chip")).to_have_count(0)


async def test_message_waits_for_its_files_and_cancel_lets_it_go(
    garden: Room, open_page: Open
) -> None:
    name, ada, _ = garden
    page = await open_page()
    await enter(page, ada, name)
    gate = asyncio.Event()

    async def hold(route: Route) -> None:
        await gate.wait()
        await route.continue_()

    await page.route("**/files?name=slow*", hold)
    await pick(page, file("slow1.txt"), file("slow2.txt"), file("slow3.txt"))
    await expect(page.locator(".chip.uploading progress")).to_have_count(3)
    await send(page, "all at once")
    await expect(page.locator(".attach-status")).to_contain_text("as soon as its files are there")
    await expect(page.locator("#body")).to_have_value("all at once")
    await page.get_by_role("button", name="Cancel").first.click()
    await expect(page.locator(".chip")).to_have_count(2)
    gate.set()
    message = page.locator(".message").last
    await expect(message).to_contain_text("all at once")
    await expect(message.locator(".file")).to_have_count(2)
    await expect(message).not_to_contain_text("slow1")
    await expect(page.locator(".attach-status")).to_have_text("")


async def test_failed_upload_is_tried_again_and_loses_nothing(
    garden: Room, open_page: Open
) -> None:
    name, ada, _ = garden
    page = await open_page()
    await enter(page, ada, name)
    await page.route("**/files?name=*", lambda route: route.abort())
    await pick(page, file("notes.txt"), file("empty.txt", b""))
    failed = page.locator(".chip.failed")
    await expect(failed).to_have_count(2)
    await expect(failed.filter(has_text="notes.txt")).to_contain_text("cannot be reached")
    await expect(failed.filter(has_text="empty.txt")).to_contain_text("This file is empty.")
    await send(page, "meanwhile")
    await expect(page.locator(".message").last).to_contain_text("meanwhile")
    await expect(failed).to_have_count(2)
    await page.unroute("**/files?name=*")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".chip[data-file]")).to_contain_text("notes.txt")
    await page.get_by_role("button", name="Remove", exact=True).click()
    await page.locator("#body").press("Enter")
    await expect(page.locator(".message").last).to_contain_text("notes.txt")


async def test_message_that_fails_gives_its_files_back(garden: Room, open_page: Open) -> None:
    name, ada, _ = garden
    page = await open_page()
    await enter(page, ada, name)
    await pick(page, file("notes.txt"))
    await expect(page.locator(".chip[data-file]")).to_have_count(1)
    await page.route("**/messages", lambda route: route.abort())
    await send(page, "with notes")
    await expect(page.locator("#composer-alert")).to_contain_text("kept")
    await expect(page.locator("#composer .chip[data-file]")).to_have_count(1)
    await page.unroute("**/messages")
    await page.locator("#composer-alert").get_by_role("button", name="Try again").click()
    await expect(page.locator(".message").last).to_contain_text("notes.txt")
    await expect(page.locator(".message")).to_have_count(1)


async def test_lightbox_by_keyboard(garden: Room, open_page: Open) -> None:
    name, ada, _ = garden
    page = await open_page()
    await enter(page, ada, name)
    names = ["one.png", "two.png", "three.png"]
    for one in names:
        await pick(page, file(one, picture(size=(900, 600)), "image/png"))
        await expect(page.locator("#composer .chip[data-file]")).to_have_count(1)
        await page.locator("#body").press("Enter")
        await expect(page.get_by_role("img", name=one)).to_have_count(1)
    await page.locator("a.picture").nth(1).focus()
    await page.keyboard.press("Enter")
    box = page.get_by_role("dialog", name="Picture")
    await expect(box.get_by_role("img")).to_have_attribute("alt", "two.png")
    await expect(box).to_contain_text("2 of 3")
    await page.keyboard.press("ArrowRight")
    await expect(box.get_by_role("img")).to_have_attribute("alt", "three.png")
    await expect(box.get_by_role("button", name="Next picture")).to_be_hidden()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await expect(box.get_by_role("img")).to_have_attribute("alt", "one.png")
    await expect(box.get_by_role("img")).to_have_js_property("naturalWidth", 900)
    async with page.expect_download() as download:
        await box.get_by_role("link", name="Download").click()
    assert (await download.value).suggested_filename == "one.png"
    await page.keyboard.press("Escape")
    await expect(box).to_be_hidden()
    await expect(page.locator("a.picture").first).to_be_focused()
    await page.keyboard.press("Enter")
    await assert_accessible(page)
    await page.keyboard.press("Escape")
    await pick(page, file("a.txt"), file("b.png", picture(), "image/png"), file("c", b""))
    await expect(page.locator("#composer .chip[data-file]")).to_have_count(2)
    await assert_accessible(page)


async def test_phone(garden: Room, open_page: Open) -> None:
    name, _, ben = garden
    page = await open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    await enter(page, ben, name)
    wide = "A very long name of a file that somebody made in a hurry.png"
    await pick(page, *[file(wide, picture(size=(900, 300)), "image/png")] * 3)
    await expect(page.locator(".chip[data-file]")).to_have_count(3)
    await page.get_by_role("button", name="Send").tap()
    await expect(page.locator(".message a.picture")).to_have_count(3)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for part in (".attach", "#composer .send"):
        box = await page.locator(part).bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
    await page.locator("a.picture").first.tap()
    await page.get_by_role("button", name="Next picture").tap()
    await expect(page.get_by_role("dialog", name="Picture")).to_contain_text("2 of 3")
    await page.get_by_role("button", name="Close").tap()
    await expect(page.get_by_role("dialog", name="Picture")).to_be_hidden()


async def test_picture_moves_nothing_when_it_arrives(garden: Room, open_page: Open) -> None:
    name, ada, _ = garden
    page = await open_page()
    await enter(page, ada, name)
    gate = asyncio.Event()

    async def hold(route: Route) -> None:
        await gate.wait()
        await route.continue_()

    await pick(page, file("a.png", picture(size=(900, 600)), "image/png"))
    await expect(page.locator(".chip[data-file]")).to_have_count(1)
    await page.route("**/thumb", hold)
    await page.reload()
    await live(page)
    await expect(page.locator(".chip[data-file]")).to_have_count(1)
    await page.locator("#body").press("Enter")
    image = page.locator(".message a.picture img")
    await expect(image).to_have_count(1)
    before = await page.locator(".message").bounding_box()
    gate.set()
    await expect(image).to_have_js_property("naturalWidth", 720)
    assert await page.locator(".message").bounding_box() == before


async def test_without_a_script_files_are_sent_with_the_form(garden: Room, open_page: Open) -> None:
    name, ada, _ = garden
    page = await open_page(java_script_enabled=False)
    await copy_cookies(ada, page.context)
    await page.goto(f"{ada.url}/rooms/{name}")
    await pick(page, file("plain.txt"), file("plain.png", picture(), "image/png"))
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".message")).to_have_count(1)
    await expect(page.get_by_role("link", name="plain.txt")).to_be_visible()
    await expect(page.get_by_role("img", name="plain.png")).to_be_visible()


def song(seconds: int) -> bytes:
    """Return a low hum as a WAV."""
    hum = bytes(128 + (n // 40 % 2) * 8 for n in range(8_000 * seconds))
    data = io.BytesIO()
    with wave.open(data, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8_000)
        out.writeframes(hum)
    return data.getvalue()


# What a camera would hand over: a film of a changing colour, which the browser records itself.
FILM = """async () => {
  const canvas = document.createElement("canvas"), brush = canvas.getContext("2d");
  let n = 0;
  const painting = setInterval(() => {
    brush.fillStyle = `hsl(${n++ * 9} 90% 50%)`;
    brush.fillRect(0, 0, 320, 180);
  }, 20);
  const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm" });
  const parts = [];
  recorder.ondataavailable = event => parts.push(event.data);
  recorder.start();
  await new Promise(done => setTimeout(done, 1000));
  await new Promise(done => { recorder.onstop = done; recorder.stop(); });
  clearInterval(painting);
  const data = new DataTransfer(), input = document.querySelector("#composer input[type=file]");
  data.items.add(new File(parts, "walk.webm", { type: "video/webm" }));
  input.files = data.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}"""


async def test_sound_and_film_play_in_place_from_anywhere(garden: Room, open_page: Open) -> None:
    name, ada, ben = garden
    hers, his = await open_page(), await open_page(viewport=PHONE, has_touch=True)
    await enter(hers, ada, name)
    await enter(his, ben, name)
    ranges: list[int] = []

    def note(answer: Response) -> None:
        if "/files/" in answer.url:
            ranges.append(answer.status)

    his.on("response", note)
    await pick(hers, file("hum.wav", song(600), "audio/wav"))
    await hers.evaluate(FILM)
    await expect(hers.locator("#composer .chip[data-file]")).to_have_count(2)
    await send(hers, "Listen and look")
    sound, film = his.locator(".message audio"), his.locator(".message video")
    await expect(film).to_have_js_property("videoHeight", 150)
    await sound.scroll_into_view_if_needed()
    for player, place in ((sound, 590), (film, 0.2)):
        # A press on its own controls begins with this, from wherever one drags it to.
        await player.evaluate(
            "(it, place) => { it.muted = true; it.currentTime = place; it.play(); }",
            place,
        )
        await expect(player).to_have_js_property("error", None)
        await his.wait_for_function(
            "([player, place]) => player.currentTime > place && player.played.length",
            arg=[await player.element_handle(), place],
        )
    # The end of ten minutes was not waited for from their beginning.
    assert set(ranges) == {206}
