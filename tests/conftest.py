"""The real parts that tests share: a database over its wire, a server on a port, a browser."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import settings as hypothesis_settings
from jinja2 import Environment, FileSystemBytecodeCache
from playwright.async_api import Browser, Page, async_playwright, expect
from quart import Quart

from littlechat.accounts import passwords
from littlechat.app import COLLECTIONS, create_app
from littlechat.core.messages import Cursor
from littlechat.platform.bus import (
    Bus,
    MemoryBroker,
    MemoryBus,
    RedisBus,
)
from littlechat.platform.configuration import Settings
from littlechat.platform.data_directory import DataDirectory
from littlechat.platform.database import Database, provision
from littlechat.platform.embedded_database import EmbeddedServer
from littlechat.realtime import feed
from littlechat.rendering import renderer as render
from littlechat.web.services import Services
from tests.factories import SECRET_KEY, WAIT_SECONDS, Site, wipe
from tests.programs import RedisServer, count_processes, require
from tests.tabs import BEN, ROOM, Open, Tab, process, until

# How long an example takes says nothing on a machine that does other things too.
hypothesis_settings.register_profile("littlechat", deadline=None)
hypothesis_settings.load_profile("littlechat")

CHROMIUM_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

GREETED = """document.addEventListener("htmx:ws:after:message:incoming", () => {
    window.greeted = true;
});"""
"""A server greets every socket; `live` in test_browser waits for it."""


LONGEST = (
    *("faults_lines", "main", "browser", "faults", "web", "browser_threads", "browser_reading"),
    *("faults_fairness", "browser_directs", "browser_files", "serve", "browser_search"),
    *(
        "embedded",
        "browser_together",
        "browser_notifications",
        "browser_people",
        "web_files",
        "web_requests",
    ),
    *("web_rooms", "web_reading", "web_messages", "web_socket", "web_auth", "webhooks"),
)
"""The files that take longest. Begun first, none of them is left over for one runner alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest files first, and the others as they come."""
    place = {f"test_{name}.py": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session")
async def database_uri(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A database of the tests' own: the embedded one, or another name on MONGODB_URI's server."""
    if given := os.environ.get("MONGODB_URI"):
        yield urlsplit(given)._replace(path="/littlechat_test").geturl()
        return
    directory = DataDirectory(tmp_path_factory.mktemp("data"))
    server = EmbeddedServer(directory.path, directory.secret("database-password"), provision)
    await server.start()
    yield server.uri
    await server.stop()
    directory.close()


@pytest.fixture
def settings(database_uri: str) -> Settings:
    """Settings that change nothing but the database and the secret."""
    return Settings(mongodb_uri=database_uri, secret_key=SECRET_KEY)


@pytest.fixture(scope="session")
async def opened(database_uri: str) -> AsyncIterator[Database]:
    """The database, with all its indexes; connecting anew costs as much as a small test."""
    database = Database(database_uri)
    await database.open(COLLECTIONS)
    yield database
    database.close()


@pytest.fixture
async def db(opened: Database) -> Database:
    """An open database with nothing in it."""
    await wipe(opened)
    return opened


@pytest.fixture
def broker() -> MemoryBroker:
    """Where the buses of one test's applications meet."""
    return MemoryBroker()


@pytest.fixture(scope="session")
async def redis_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    """A real Redis for the processes that serve people with browsers."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield await server.start()
    await server.kill()


@pytest.fixture
def processes(request: pytest.FixtureRequest) -> int:
    """By how many processes people are served: all but those with browsers by one."""
    return count_processes() if "browser" in request.fixturenames else 1


@pytest.fixture
def make_bus(
    request: pytest.FixtureRequest, broker: MemoryBroker, processes: int
) -> Callable[[], Bus]:
    """Make the buses of one installation."""
    if processes == 1:
        return lambda: MemoryBus(broker)
    server: RedisServer = request.getfixturevalue("redis_server")
    return lambda: RedisBus(server.url, "tests")


@pytest.fixture
def make_app(db: Database, settings: Settings, make_bus: Callable[[], Bus]) -> Callable[..., Quart]:
    """Make applications on one empty database, which stand for several processes."""

    def make(bus: Bus | None = None) -> Quart:
        return create_app(settings, bus or make_bus())

    return make


@pytest.fixture
async def start(make_app: Callable[..., Quart]) -> AsyncIterator[Callable[[], Awaitable[Site]]]:
    """Start servers on ports of their own; they are stopped with the test."""
    async with AsyncExitStack() as stack:

        async def begin() -> Site:
            return await stack.enter_async_context(Site(make_app()))

        yield begin


@pytest.fixture
async def site(start: Callable[[], Awaitable[Site]], processes: int) -> Site:
    """One running server; people with browsers it shares with another, joined by a Redis."""
    first = await start()
    first.processes += [await start() for _ in range(1, processes)]
    await until(lambda: all(one.services.platform.bus.connected for one in first.processes))
    return first


@pytest.fixture
async def other_site(start: Callable[[], Awaitable[Site]], site: Site) -> Site:
    """Another process of the same installation."""
    return await start()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium."""
    path = require("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


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
def data_dir(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tester's own settings out of what is tested."""
    for name in ("HOST", "PORT", "DATA_DIR", "MONGODB_URI", "REDIS_URL", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)


REAL_HASHES = passwords.HASH_PASSES, passwords.HASH_KIB


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a password's hash cost nothing: in earnest it is a tenth of a second of a core."""
    monkeypatch.setattr(passwords, "HASH_PASSES", 1)
    monkeypatch.setattr(passwords, "HASH_KIB", 8)


@pytest.fixture
def real_hashes(quick_hashes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hashes cost what they do for everybody else."""
    monkeypatch.setattr(passwords, "HASH_PASSES", REAL_HASHES[0])
    monkeypatch.setattr(passwords, "HASH_KIB", REAL_HASHES[1])


@pytest.fixture(autouse=True)
def quick_touches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell rooms soon of their last message: an application that ends waits until it is done."""
    monkeypatch.setattr("littlechat.actions.messages.TOUCH_SECONDS", 0.01)


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let applications share what Jinja makes of the templates, which each would compile anew."""
    cache = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "Environment", partial(Environment, bytecode_cache=cache))
        yield


@pytest.fixture
def quick_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let feeds end soon, and never beat by themselves: each test says what it relies on."""
    monkeypatch.setattr(feed, "LINGER_SECONDS", 0.05)
    monkeypatch.setattr(feed, "BEAT_SECONDS", 3_600.0)


@pytest.fixture
async def here(db: object, settings: Settings, broker: MemoryBroker) -> AsyncIterator[Services]:
    """The process whose feeds are watched."""
    async with process(settings, MemoryBus(broker)) as served:
        yield served


@pytest.fixture
async def there(db: object, settings: Settings, broker: MemoryBroker) -> AsyncIterator[Services]:
    """Another process, which posts."""
    async with process(settings, MemoryBus(broker)) as served:
        yield served


@pytest.fixture
async def tab(here: Services) -> AsyncIterator[Open]:
    """Open tabs, which are closed with the test."""
    tabs: list[Tab] = []

    async def open_tab(user: Any = BEN, after: Cursor | None = None, room: str = ROOM) -> Tab:
        tabs.append(Tab(here, user))
        return await tabs[-1].enter(room, after)

    yield open_tab
    for one in tabs:
        await one.close()
