"""A browser, and the processes that it is served by: two, if there is a Redis to join them."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from littlechat.platform.bus import Bus, MemoryBroker, MemoryBus
from littlechat.platform.redis_bus import RedisBus
from tests.factories import WAIT_SECONDS, Person, Site
from tests.programs import RedisServer, count_processes, require
from tests.tabs import until

CHROMIUM_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

GREETED = """document.addEventListener("htmx:ws:after:message:incoming", () => {
    window.greeted = true;
});"""
"""A server greets every socket; `live` in test_browser waits for it."""


@pytest.fixture(scope="session")
async def redis_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    """A real Redis for the processes that serve people with browsers."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield await server.start()
    await server.kill()


@pytest.fixture
def make_bus(request: pytest.FixtureRequest, broker: MemoryBroker) -> Callable[[], Bus]:
    """Make the buses of one installation."""
    if count_processes() == 1:
        return lambda: MemoryBus(broker)
    server: RedisServer = request.getfixturevalue("redis_server")
    return lambda: RedisBus(server.url, "tests")


@pytest.fixture
async def site(start: Callable[[], Awaitable[Site]]) -> Site:
    """One running server, which shares its people with another where a Redis joins the two."""
    first = await start()
    first.processes += [await start() for _ in range(1, count_processes())]
    await until(lambda: all(one.services.platform.bus.connected for one in first.processes))
    return first


@asynccontextmanager
async def launched(path: str) -> AsyncIterator[Browser]:
    """A running browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium: its headless shell, which takes half, if it is there."""
    async with launched(shutil.which("chromium-headless-shell") or require("chromium")) as browser:
        yield browser


@pytest.fixture
async def open_page(browser: Browser) -> AsyncIterator[Callable[..., Awaitable[Page]]]:
    """Open a page in a profile of its own; errors in its console fail the test."""
    expect.set_options(timeout=WAIT_SECONDS * 1_000)
    problems: list[str] = []
    async with AsyncExitStack() as stack:

        async def begin(**options: Any) -> Page:
            context = await browser.new_context(**options)
            stack.push_async_callback(context.close)
            await context.add_init_script(GREETED)
            page = await context.new_page()
            page.set_default_timeout(WAIT_SECONDS * 1_000)
            page.on("pageerror", lambda error: problems.append(str(error)))
            return page

        yield begin
    assert problems == []


@pytest.fixture
async def room(site: Site) -> AsyncIterator[tuple[str, Person, Person]]:
    """A room with Ada, who made it, and Ben."""
    async with Person(site, "Ada") as ada, Person(site, "Ben") as ben:
        await ada.register()
        await ben.register()
        name = await ada.create_room("Garden")
        await ben.join(name)
        yield name, ada, ben
