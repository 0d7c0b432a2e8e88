"""Making applications: two in one process, what they need, and the static files they serve."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest

from littlechat import app as app_module
from littlechat.app import create_app, require_browser_parts
from littlechat.bus import Exchange, MemoryBus
from littlechat.config import ConfigError, Settings
from littlechat.db import Database, Unavailable
from littlechat.models import CLEARED, DELETED
from littlechat.render import STATIC, static_url
from littlechat.uploads import Uploads
from tests.attacks import insiders, raw
from tests.factories import WAIT_SECONDS, Person, Site


async def test_two_applications_share_one_database_and_nothing_else(
    db: Database, settings: Settings
) -> None:
    exchange = Exchange()
    first, second = (create_app(settings, MemoryBus(exchange)) for _ in range(2))
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
        assert not here.services.hub.sockets
        assert len(there.services.hub.sockets) == 1
    assert not there.services.hub.sockets


async def test_an_application_needs_a_database() -> None:
    with pytest.raises(ConfigError, match="set MONGODB_URI, or start the littlechat command"):
        create_app(Settings(secret_key="x" * 16))


def test_missing_browser_parts_are_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    require_browser_parts()
    monkeypatch.setattr(app_module, "STATIC", tmp_path)
    with pytest.raises(ConfigError, match=r"Missing vendor/htmx\.min\.js, .*pip install"):
        create_app(settings)


async def test_static_files_of_this_version_are_kept_for_ever_and_others_asked_for(
    site: Site,
) -> None:
    forever = "public, max-age=31536000, immutable"
    async with Person(site, "nobody") as nobody:
        address = static_url("style.css")
        for path, caching in (
            (address, forever),
            (static_url("vendor/htmx.min.js"), forever),
            (static_url("room.js"), forever),
            (static_url("room.js").replace("room.js", "place.js"), forever),  # What it imports.
            ("/static/room.js", "no-cache"),
            ("/static/000000000000/room.js", "no-cache"),
            ("/static/style.css", "no-cache"),
            ("/static/style.css?v=", "no-cache"),
            ("/static/style.css?v=000000000000", "no-cache"),  # The next version's, in an update.
            (f"{address}&x=1", "no-cache"),
            (f"{address}0", "no-cache"),
        ):
            answer = await nobody.get(path)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == caching, path
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-type"].partition(";")[0] in (
                "text/css",
                "text/javascript",
            )
        etag = (await nobody.get(address)).headers["etag"]
        again = await nobody.http.get("/static/style.css", headers={"If-None-Match": etag})
        assert again.status_code == 304
        missing = await nobody.get("/static/nothing.css?v=000000000000")
        assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")


async def test_no_file_beside_the_static_ones_is_served(site: Site) -> None:
    for path in (
        b"../app.py",
        b"%2e%2e/app.py",
        b"..%2fapp.py",
        b"..%5capp.py",
        b"%2e%2e%2fapp.py",
        b"vendor/../../app.py",
        b"vendor/..%2f..%2fapp.py",
        b"/etc/passwd",
        b"%2fetc%2fpasswd",
        b"//etc/passwd",
        b"....//app.py",
        b"%00",
        b"style.css%00",
        b"C:%5cx",
        b"",
        b".",
        b"vendor",
        b"vendor/",
        b"x" * 300,
        b"x/" * 2_000,
        b"%ff",
    ):
        answer = await raw(site, b"GET /static/" + path)
        assert answer.status == 404, path
        assert "import" not in answer.text
    assert (STATIC.parent / "app.py").is_file()


async def test_odd_ranges_and_conditions_get_the_file_or_a_refusal(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        for headers in (
            {"Range": "bytes=abc"},
            {"Range": "bytes=0-0,1-1,2-2"},
            {"Range": "bytes=99999999999-"},
            {"Range": "bytes=-99999999999"},
            {"If-Modified-Since": "yesterday"},
            {"If-None-Match": '"'},
            {"If-Range": "x", "Range": "bytes=0-1"},
        ):
            answer = await nobody.http.get("/static/style.css", headers=headers)
            assert answer.status_code in (200, 206, 304, 416)


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

    async def sweep(self: Uploads, at: datetime) -> int:
        swept.append(at)
        if len(swept) == 1:
            raise Unavailable("for a moment")
        done.set()
        return 0

    monkeypatch.setattr(Uploads, "sweep", sweep)
    await start()
    await asyncio.wait_for(done.wait(), WAIT_SECONDS)
    assert swept[0] <= swept[1]


async def test_what_is_left_of_a_deleted_room_is_cleared_at_the_start(
    start: Callable[[], Awaitable[Site]], db: Database
) -> None:
    stone = {"_id": "old", "key": "deleted:old", "visibility": DELETED, "last_seq": 0}
    await db.rooms.insert(stone)
    await db.messages.insert({"room": "old", "seq": 7, "author": "a", "client_id": "c"})
    await start()
    async with asyncio.timeout(WAIT_SECONDS):
        while not await db.rooms.count({"visibility": CLEARED}):
            await asyncio.sleep(0.01)
    assert await db.messages.count({}) == 0
