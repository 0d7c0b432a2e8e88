"""The real parts that tests share: a database over its wire, and servers on ports."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import settings as hypothesis_settings
from jinja2 import Environment, FileSystemBytecodeCache
from quart import Quart
from werkzeug.routing import Rule

from littlechat.accounts import passwords
from littlechat.app import COLLECTIONS, create_app
from littlechat.core.messages import Cursor
from littlechat.platform.bus import (
    Bus,
    MemoryBroker,
    MemoryBus,
)
from littlechat.platform.configuration import Settings
from littlechat.platform.data_directory import DataDirectory
from littlechat.platform.database import Database, provision
from littlechat.platform.embedded_database import EmbeddedServer, database_password
from littlechat.realtime import feed
from littlechat.rendering import renderer as render
from littlechat.web.services import Services
from tests.factories import SECRET_KEY, Site, another, command, wipe
from tests.tabs import BEN, ROOM, Open, Tab, process

# How long an example takes says nothing on a machine that does other things too.
hypothesis_settings.register_profile("littlechat", deadline=None)
hypothesis_settings.load_profile("littlechat")

GIVEN_URI = os.environ.get("MONGODB_URI")
REAL_HASHES = passwords.HASH_PASSES, passwords.HASH_KIB

FILES_ALONE = 13
"""So many files, those of nearly every package, are done before workers would have begun."""

WORKERS_MAX = 8
"""Each has a database of its own."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run few files in this process, and many in one more than there are cores: most tests wait."""
    files = sum(count_files(config.invocation_params.dir / one) for one in config.args)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return 0 if files <= FILES_ALONE else min((cores or 1) + 1, WORKERS_MAX)


def count_files(argument: Path) -> int:
    """Return how many files of tests an argument of the command line names."""
    path = Path(str(argument).partition("::")[0])
    return sum(1 for _ in path.rglob("test_*.py")) if path.is_dir() else 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser: `-m "not browser"` is everything else."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


MEMORY = Path("/dev/shm")
"""A file system in memory, where the system has one."""


@pytest.fixture(scope="session")
async def database_uri() -> AsyncIterator[str]:
    """A database of the tests' own: the embedded one, or another name on MONGODB_URI's server.

    In memory where that can be: on a disk each write waits a millisecond or more to be durable.
    Tests that kill and restart have databases of their own, on the disk.
    """
    if GIVEN_URI:
        yield urlsplit(GIVEN_URI)._replace(path="/littlechat_test").geturl()
        return
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="littlechat-tests-", dir=where) as path:
        directory = DataDirectory(Path(path))
        server = EmbeddedServer(directory.path, database_password(directory), provision)
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
    """Connects the buses of one test's applications."""
    return MemoryBroker()


@pytest.fixture
def make_bus(broker: MemoryBroker) -> Callable[[], Bus]:
    """Make the buses of one installation."""
    return lambda: MemoryBus(broker)


@pytest.fixture
def make_app(db: Database, settings: Settings, make_bus: Callable[[], Bus]) -> Callable[..., Quart]:
    """Make applications on one empty database, which stand for several processes."""

    def make(bus: Bus | None = None) -> Quart:
        app = create_app(settings, bus or make_bus())
        # `db` made the indexes; to ask for them again takes more than the rest of a start.
        database = app.extensions["littlechat"].platform.database
        database.open = lambda _: database.ping()
        return app

    return make


@pytest.fixture
async def start(make_app: Callable[..., Quart]) -> AsyncIterator[Callable[[], Awaitable[Site]]]:
    """Start servers on ports of their own; they are stopped with the test."""
    async with AsyncExitStack() as stack:

        async def begin() -> Site:
            return await stack.enter_async_context(Site(make_app()))

        yield begin


@pytest.fixture
async def site(start: Callable[[], Awaitable[Site]]) -> Site:
    """One running server."""
    return await start()


@pytest.fixture
async def other_site(start: Callable[[], Awaitable[Site]], site: Site) -> Site:
    """Another process of the same installation."""
    return await start()


@pytest.fixture
async def lenient(db: Database, settings: Settings) -> AsyncIterator[Site]:
    """A server without limits on how often, so that each hostile body reaches its handler."""
    async with another(settings, rate_limits=False) as site:
        yield site


@pytest.fixture(scope="session", autouse=True)
def cheap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make cheap what each test would pay for anew, and keep the tester's own settings out."""
    bytecode = FileSystemBytecodeCache(str(shared_directory(tmp_path_factory, "templates")))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOST", "PORT", "DATA_DIR", "MONGODB_URI", "REDIS_URL", "SECRET_KEY"):
            patch.delenv(name, raising=False)
        # In earnest a password's hash is a tenth of a second of a core.
        patch.setattr(passwords, "HASH_PASSES", 1)
        patch.setattr(passwords, "HASH_KIB", 8)
        # An application that ends waits until rooms were told of their last message.
        patch.setattr("littlechat.actions.messages.TOUCH_SECONDS", 0.01)
        # Each application's connections would derive the database's key from its password.
        patch.setattr(hashlib, "pbkdf2_hmac", lru_cache(hashlib.pbkdf2_hmac))
        # For each request httpx would look for this through the whole path of modules.
        patch.setitem(sys.modules, "sniffio", None)
        # Each application would compile all templates and all routes for itself.
        patch.setattr(render, "Environment", partial(Environment, bytecode_cache=bytecode))
        patch.setattr(Rule, "_compile_builder", compiled_once(Rule._compile_builder))
        yield


def shared_directory(tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a directory that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    directory = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    directory.mkdir(exist_ok=True)
    return directory


def compiled_once(compile_: Callable[..., Any]) -> Callable[..., Any]:
    """Return werkzeug's compiler of a route, which by itself takes 30 ms for all routes of one app.

    What it makes depends on the route's text alone, since ours have no defaults.
    """
    made: dict[tuple[str, bool], Any] = {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Any:
        assert not rule.defaults
        key = str(rule), append_unknown
        if key not in made:
            made[key] = compile_(rule, append_unknown)
        return made[key]

    return compile_once


@pytest.fixture(scope="session")
async def set_up_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that a first start has set up, which takes as long as several later ones."""
    directory = shared_directory(tmp_path_factory, "set-up")
    with (directory / "lock").open("w") as lock:
        # Whichever worker comes first makes it; the others wait.
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not (directory / "done").exists():
            async with command(directory / "data"):
                pass
            (directory / "done").touch()
    return directory / "data"


@pytest.fixture
def data(set_up_once: Path, tmp_path: Path) -> Path:
    """A data directory for the command, which nobody has used yet."""
    return Path(shutil.copytree(set_up_once, tmp_path / "data"))


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hashes cost what they do for everybody else."""
    monkeypatch.setattr(passwords, "HASH_PASSES", REAL_HASHES[0])
    monkeypatch.setattr(passwords, "HASH_KIB", REAL_HASHES[1])


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
