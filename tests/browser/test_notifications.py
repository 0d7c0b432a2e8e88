"""The worker, the page without a line, the permission, and notifications, in a real Chromium.

Its push service is not reached here: the page's subscription is made by the test, which is the push
service too, and hands what it received to the real worker through the browser's own inspector.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Page, expect
from quart import Quart

from littlechat.app import create_app
from littlechat.core.messages import Draft
from littlechat.notifications import delivery
from littlechat.notifications.schema import SUBSCRIPTIONS
from littlechat.platform.bus import Bus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import now
from littlechat.rendering.static_addresses import static_url
from tests.attacks import found_room, insiders, user_of
from tests.browser.conftest import launched
from tests.browser.pages import AXE, PHONE, Open, copy_cookies
from tests.browsers import FakeBrowser, PushService
from tests.factories import WAIT_SECONDS, Person, Site, command
from tests.programs import require

SHOTS = os.environ.get("LITTLECHAT_SHOTS", "")
HERE = "/account/notifications"


@pytest.fixture
def make_app(db: object, settings: Settings, make_bus: Callable[[], Bus]) -> Callable[..., Quart]:
    """Make applications that may send to this machine."""
    return lambda: create_app(replace(settings, push_private=True), make_bus())


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The whole Chromium: its headless shell shows no notifications."""
    async with launched(require("chromium")) as browser:
        yield browser


@pytest.fixture
async def open_for(browser: Browser) -> AsyncIterator[Open]:
    """Open a page in a profile of a person's own; errors in it fail the test."""
    expect.set_options(timeout=WAIT_SECONDS * 1_000)
    problems: list[str] = []
    async with AsyncExitStack() as stack:

        async def begin(person: Person, path: str, *allowed: str, **options: Any) -> Page:
            context = await browser.new_context(base_url=person.url, **options)
            stack.push_async_callback(context.close)
            if allowed:
                await context.grant_permissions(list(allowed), origin=person.url)
            await copy_cookies(person, context)
            page = await context.new_page()
            page.set_default_timeout(WAIT_SECONDS * 1_000)
            page.on("pageerror", lambda error: problems.append(str(error)))
            await page.goto(path)
            return page

        yield begin
    assert problems == []


async def check(page: Page, name: str) -> None:
    """Hold the page against WCAG, and keep a picture where one is asked for."""
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    await page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = await page.evaluate("tags => axe.run({ runOnly: tags })", tags)
    assert [one["id"] for one in found["violations"]] == [], name


async def worker_ready(page: Page) -> None:
    await page.evaluate("async () => Boolean(await navigator.serviceWorker.ready)")


def fake_subscribe(browser: FakeBrowser) -> str:
    """Return a script that stands for the browser maker's push service."""
    fields = {
        "endpoint": browser.endpoint,
        "keys": {"p256dh": browser.p256dh, "auth": browser.auth},
    }
    return f"""
        const fields = {json.dumps(fields)};
        const held = () => sessionStorage.getItem("subscribed") && {{
          endpoint: fields.endpoint, toJSON: () => fields,
          unsubscribe: async () => (sessionStorage.removeItem("subscribed"), true) }};
        PushManager.prototype.getSubscription = async () => held() || null;
        PushManager.prototype.subscribe = async options => {{
          if (!options.userVisibleOnly || options.applicationServerKey.length !== 87) throw options;
          sessionStorage.setItem("subscribed", "yes"); return held(); }};"""


COUNT = """() => {
    if (self.told !== undefined) return;
    self.told = 0;
    const { registration } = self, show = registration.showNotification.bind(registration);
    registration.showNotification = async (...all) => { await show(...all); self.told++; };
}"""


async def hand_over(page: Page, notification: dict[str, Any], shows: bool = True) -> None:
    """Give a notification to the page's worker as the browser would; wait until it has shown it.

    Who asks Chromium what is shown while it begins to show something makes it forget that.
    """
    (worker,) = page.context.service_workers
    await worker.evaluate(COUNT)
    told = await worker.evaluate("self.told")
    inspector = await page.context.new_cdp_session(page)
    ids: asyncio.Queue[str] = asyncio.Queue()

    def found(event: dict[str, Any]) -> None:
        for one in event["registrations"]:
            if one["scopeURL"].startswith(origin):
                ids.put_nowait(one["registrationId"])

    origin = await page.evaluate("location.origin")
    inspector.on("ServiceWorker.workerRegistrationUpdated", found)
    await inspector.send("ServiceWorker.enable")
    registration = await asyncio.wait_for(ids.get(), WAIT_SECONDS)
    await inspector.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": registration, "data": json.dumps(notification)},
    )
    async with asyncio.timeout(WAIT_SECONDS):
        while shows and await worker.evaluate("self.told") == told:
            await asyncio.sleep(0.02)


SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
    .map(one => ({ title: one.title, body: one.body, url: one.data.url, tag: one.tag }))"""


async def until_shown(page: Page, *titles: str) -> dict[str, dict[str, Any]]:
    """Wait until just these are shown, and return them."""
    shown: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                await asyncio.sleep(0.1)
                shown = await page.evaluate(SHOWN)
                if sorted(one["title"] for one in shown) == sorted(titles):
                    return {one["title"]: one for one in shown}
    except TimeoutError:
        pytest.fail(f"shown are {shown}")


CLICK = """async () => {
    const [notification] = await self.registration.getNotifications();
    self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
}"""


async def test_notifications_are_turned_on_shown_opened_and_turned_off(
    site: Site, open_for: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "GATHER_SECONDS", 0.05)
    async with insiders(site, "Ada", "Ben") as (ada, ben), PushService() as service:
        room = await found_room(site, "Garden", ada, ben)
        for number in range(60):
            author = await user_of(site, ada)
            await site.services.actions.messages.say(room, author, Draft(f"old {number}", ""))
        browser = service.browser()
        page = await open_for(ben, HERE, "notifications")
        await page.context.add_init_script(fake_subscribe(browser))
        await page.reload()
        await worker_ready(page)
        await check(page, "notifications-off")
        await page.get_by_role("button", name="Turn on notifications").click()
        await expect(page.get_by_text("This browser tells you")).to_be_visible()
        await expect(page.get_by_text("this one")).to_be_visible()
        await page.get_by_role("button", name="Send a test").click()
        await expect(page.get_by_role("status")).to_contain_text("A test is on its way")
        test = await browser.next()
        await hand_over(page, test)
        # Shown although its page is open.
        await until_shown(page, "A test")
        await check(page, "notifications-on")

        ben_id = (await user_of(site, ben)).id
        draft = Draft("come and see, @Ben", "", addressed_to=(ben_id,))
        message = await site.services.actions.messages.say(room, await user_of(site, ada), draft)
        notification = await browser.next(2)
        await page.goto("/rooms")
        await hand_over(page, notification)
        shown = await until_shown(page, "A test", "Ada · Garden")
        assert shown["Ada · Garden"]["body"] == "come and see, @Ben"
        await page.evaluate(
            "async () => { for (const one of await (await navigator.serviceWorker.ready)"
            ".getNotifications({ tag: 'test' })) one.close(); }"
        )
        (worker,) = page.context.service_workers
        await worker.evaluate(CLICK)
        await page.wait_for_url(f"**/rooms/{room}?around={message.seq}#message-{message.seq}")
        await expect(page.locator(f"#message-{message.seq}")).to_be_in_viewport()
        await until_shown(page)

        # What is before his eyes is not told of: not by the server, nor by the worker.
        (socket,) = [
            one
            for process in site.processes
            for one in process.services.realtime.hub.sockets
            if one.name == "Ben"
        ]
        async with asyncio.timeout(WAIT_SECONDS):
            while socket.looked_at < 0:
                await asyncio.sleep(0.02)
        await site.services.actions.messages.say(
            room, await user_of(site, ada), replace(draft, body="seen")
        )
        await expect(page.locator(".message").last).to_contain_text("seen")
        await hand_over(page, notification, shows=False)
        await page.wait_for_timeout(1_500)
        assert await page.evaluate(SHOWN) == []
        assert len(browser.pushed) == 2

        await page.goto(HERE)
        await page.get_by_role("button", name="Turn off").click()
        await expect(page.get_by_role("button", name="Turn on notifications")).to_be_visible()
        assert await site.services.platform.database[SUBSCRIPTIONS].find({}) == []


async def test_a_browser_that_may_not_or_cannot_says_so(site: Site, open_for: Open) -> None:
    async with insiders(site, "Ada") as (ada,):
        page = await open_for(ada, HERE)
        # Whom it asks says no, and for good; it asks nobody before they pressed the button.
        await page.context.add_init_script(
            "let state = 'default'; window.asked = 0;"
            "Object.defineProperty(Notification, 'permission', { get: () => state });"
            "Notification.requestPermission = async () => (window.asked++, state = 'denied')"
        )
        await page.reload()
        await worker_ready(page)
        button = page.get_by_role("button", name="Turn on notifications")
        await expect(button).to_be_visible()
        assert await page.evaluate("window.asked") == 0
        await button.click()
        await expect(page.get_by_text("has been told never")).to_be_visible()
        assert await page.evaluate("window.asked") == 1
        await check(page, "notifications-denied")
        for script, words in (
            (
                "Object.defineProperty(window, 'isSecureContext', { value: false })",
                "over https only",
            ),
            ("delete window.PushManager", "cannot show notifications"),
            (
                "delete window.PushManager;"
                "Object.defineProperty(navigator, 'userAgent', { value: 'iPhone' })",
                "Add to Home Screen",
            ),
        ):
            page = await open_for(ada, HERE)
            await page.context.add_init_script(script)
            await page.reload()
            await expect(page.get_by_text(words)).to_be_visible()
            await expect(page.get_by_role("button", name="Turn on")).to_have_count(0)
        page = await open_for(ada, HERE, "notifications")
        await page.context.add_init_script(
            "PushManager.prototype.subscribe = async () => { throw new Error('no line') }"
        )
        await page.reload()
        await worker_ready(page)
        await page.get_by_role("button", name="Turn on notifications").click()
        await expect(page.get_by_role("alert")).to_contain_text("could not reach its push service")
        await expect(page.get_by_role("button", name="Turn on notifications")).to_be_enabled()


async def test_in_quiet_hours_nobody_is_notified_and_it_counts_as_unread(
    site: Site, open_for: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "GATHER_SECONDS", 0.05)
    async with insiders(site, "Ada", "Ben") as (ada, ben), PushService() as service:
        room = await found_room(site, "Garden", ada, ben)
        browser = service.browser()
        page = await open_for(ben, HERE, "notifications", viewport=PHONE, has_touch=True)
        await page.context.add_init_script(fake_subscribe(browser))
        await page.reload()
        await worker_ready(page)
        await page.get_by_role("button", name="Turn on notifications").tap()
        await expect(page.get_by_text("This browser tells you")).to_be_visible()
        hour = now().astimezone(ZoneInfo("Asia/Tokyo"))
        quiet = [(hour + timedelta(hours=by)).strftime("%H:%M") for by in (-1, 1)]
        for hours in (quiet, quiet[::-1]):
            for field, value in zip(("From", "To"), hours, strict=True):
                await page.get_by_label(field, exact=True).fill(value)
            await page.get_by_label("Time zone").select_option("Asia/Tokyo")
            await page.get_by_role("button", name="Save").tap()
            await expect(page.get_by_role("status")).to_be_visible()
            await expect(page.get_by_label("From", exact=True)).to_have_value(hours[0])
            await page.goto("/rooms")
            user = await user_of(site, ada)
            ben_id = (await user_of(site, ben)).id
            draft = Draft(f"@Ben, {hours[0]}", "", addressed_to=(ben_id,))
            await site.services.actions.messages.say(room, user, draft)
            await expect(page.locator(f'#rooms a[href="/rooms/{room}"] .calls')).to_be_visible()
            await page.goto(HERE)
        # Of the second alone, outside of the hours, he was told.
        assert (await browser.next())["body"] == f"@Ben, {quiet[1]}"
        assert len(browser.pushed) == 1


async def test_a_rooms_bell_is_set_by_keyboard_and_on_a_phone(site: Site, open_for: Open) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        answer = await ada.post("/direct", name="Ada")
        direct = answer.headers["location"]
        page = await open_for(ada, direct, viewport=PHONE, has_touch=True)
        await page.get_by_role("button", name="More", exact=True).tap()
        bell = page.get_by_role("button", name="Notifications of this room")
        box = await bell.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
        await bell.focus()
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Nothing").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Nothing")).to_have_attribute(
            "aria-pressed", "true"
        )
        await check(page, "bell-phone")
        await expect(page.locator(".bell .crossed")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator("#level")).to_be_hidden()
        await expect(page.get_by_role("button", name="More", exact=True)).to_be_focused()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.reload()
        await page.get_by_role("button", name="More", exact=True).tap()
        await expect(page.locator(".bell .crossed")).to_be_visible()
        await page.goto(f"/rooms/{room}/settings")
        choice = page.get_by_role("button", name="Mentions")
        box = await choice.bounding_box()
        assert box
        assert box["height"] >= 44
        await choice.click()
        await page.wait_for_url(f"**/rooms/{room}/settings#notifications")
        await expect(choice).to_have_attribute("aria-pressed", "true")
        await check(page, "settings-phone")
        wide = await open_for(ada, f"/rooms/{room}", color_scheme="dark")
        await wide.get_by_role("button", name="Notifications of this room").click()
        await wide.get_by_role("button", name="Everything").click()
        await expect(wide.locator("#level [aria-pressed=true]")).to_contain_text("Everything")
        await check(wide, "bell-dark")
        await wide.goto(f"/rooms/{room}/settings")
        await expect(wide.locator("#notifications [aria-pressed=true]")).to_contain_text(
            "Everything"
        )
        await check(wide, "settings-dark")
        phone = await open_for(ada, HERE, viewport=PHONE, color_scheme="dark")
        await check(phone, "notifications-phone-dark")
        assert await phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_without_a_line_a_page_says_so_and_comes_back(open_for: Open, data: Path) -> None:
    async with command(data) as (process, url):
        port = int(url.rpartition(":")[2])
        async with Person(url, "Ada") as ada:
            await ada.register()
            await ada.join("lobby")
            await ada.say("lobby", "what nobody else may read")
            page = await open_for(ada, "/rooms/lobby")
            await worker_ready(page)
            await page.reload()
            process.send_signal(signal.SIGKILL)
            await process.wait()
            await page.reload()
            await expect(page.get_by_role("heading", name="No connection")).to_be_visible()
            await check(page, "offline")
            colour = await page.evaluate(
                "getComputedStyle(document.querySelector('.card')).borderRadius"
            )
            assert colour == "20px"
            kept = await page.evaluate(
                "async () => (await Promise.all((await caches.keys()).map(async name =>"
                " (await (await caches.open(name)).keys()).map(one => new URL(one.url).pathname))))"
                ".flat().sort()"
            )
            assert kept == [  # A version begins with a digit or a letter up to f.
                "/offline",
                static_url("installed/offline.js"),
                "/static/installed/icon.svg",
                "/static/layout/pages.css",
                "/static/layout/style.css",
            ]
            async with command(data, port):
                await expect(page.locator(".message")).to_contain_text("what nobody else")


async def test_the_browser_takes_us_for_an_app(site: Site, open_for: Open) -> None:
    async with insiders(site, "Ada") as (ada,):
        page = await open_for(ada, "/rooms")
        await worker_ready(page)
        inspector = await page.context.new_cdp_session(page)
        manifest = await inspector.send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert json.loads(manifest["data"])["name"] == "littlechat"
        answer = await inspector.send("Page.getInstallabilityErrors")
        found = {one["errorId"] for one in answer["installabilityErrors"]}
        # A profile of a test is a private window, in which nothing is installed.
        assert found <= {"in-incognito"}


async def test_logging_out_leaves_no_worker_behind(site: Site, open_for: Open) -> None:
    async with insiders(site, "Ada") as (ada,):
        page = await open_for(ada, "/rooms")
        await worker_ready(page)
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url("**/login")
        count = "async () => (await navigator.serviceWorker.getRegistrations()).length"
        await page.wait_for_function(f"async () => await ({count})() === 0")
