"""Making applications: two in one process, what they need, and the static files they serve."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from littlechat import app as app_module
from littlechat.app import create_app
from littlechat.core.limits import CLEARED, DELETED
from littlechat.files.store import Files
from littlechat.messages.schema import MESSAGES
from littlechat.platform.bus import MemoryBroker, MemoryBus
from littlechat.platform.configuration import ConfigError, Settings
from littlechat.platform.database import Database, Unavailable
from littlechat.rooms.schema import ROOMS
from tests.attacks import insiders
from tests.factories import WAIT_SECONDS, Person, Site


async def test_two_applications_share_one_database_and_nothing_else(
    db: Database, settings: Settings
) -> None:
    broker = MemoryBroker()
    first, second = (create_app(settings, MemoryBus(broker)) for _ in range(2))
    assert first.extensions["littlechat"] is not second.extensions["littlechat"]
    async with (
        Site(first) as here,
        Site(second) as there,
        insiders(here, "Ada") as (ada,),
        Person(there, "Ada") as ada_there,
    ):
        ada_there.http.cookies = ada.http.cookies
        room = await ada.create_room("Garden")
        stream = await ada_there.stream(room)
        await ada.say(room, "hello")
        await stream.until_text("hello")
        assert not here.services.realtime.hub.sockets
        assert len(there.services.realtime.hub.sockets) == 1
    assert not there.services.realtime.hub.sockets


async def test_an_application_needs_a_database() -> None:
    with pytest.raises(ConfigError, match="set MONGODB_URI, or start the littlechat command"):
        create_app(Settings(secret_key="x" * 16))


async def test_stopping_sends_every_browser_away_to_come_back(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        await ada.join("lobby")
        stream = await ada.stream("lobby")
        site.stop.set()
        assert await stream.until_closed() == 1012


async def test_files_are_swept_by_themselves_and_on_through_a_failure(
    start: Callable[[], Awaitable[Site]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "SWEEP_SECONDS", 0.01)
    swept: list[datetime] = []
    done = asyncio.Event()

    async def sweep(self: Files, at: datetime) -> int:
        swept.append(at)
        if len(swept) == 1:
            raise Unavailable("for a moment")
        done.set()
        return 0

    monkeypatch.setattr(Files, "sweep", sweep)
    await start()
    await asyncio.wait_for(done.wait(), WAIT_SECONDS)
    assert swept[0] <= swept[1]


async def test_what_is_left_of_a_deleted_room_is_cleared_at_the_start(
    start: Callable[[], Awaitable[Site]], db: Database
) -> None:
    tombstone = {"_id": "old", "key": "deleted:old", "visibility": DELETED, "last_seq": 0}
    await db[ROOMS].insert(tombstone)
    await db[MESSAGES].insert({"room": "old", "seq": 7, "author": "a", "client_id": "c"})
    await start()
    async with asyncio.timeout(WAIT_SECONDS):
        while not await db[ROOMS].count({"visibility": CLEARED}):
            await asyncio.sleep(0.01)
    assert await db[MESSAGES].count({}) == 0
