"""A stop sends the sockets away, and lets requests finish for a while."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from quart import Quart
from websockets.exceptions import WebSocketException

from littlechat.server import orderly_stop
from tests.factories import WAIT_SECONDS, Person, Site
from tests.lines import (
    Raw,
)


async def test_stop_sends_everybody_away_with_1012_and_lets_nobody_in(
    make_app: Callable[..., Quart],
) -> None:
    async with Site(make_app()) as site, Person(site, "Ada") as ada:
        room = await (await ada.register()).create_room("Garden")
        streams = [await ada.stream(room) for _ in range(20)]
        closing = [asyncio.create_task(stream.until_closed()) for stream in streams]
        begun = asyncio.get_running_loop().time()
        site.stop.set()
        await asyncio.wait(closing, return_when=asyncio.FIRST_COMPLETED)
        assert not all(task.done() for task in closing)  # Spread, so that nobody stampedes back.
        with pytest.raises((OSError, WebSocketException, asyncio.IncompleteReadError)):
            await ada.stream(room)
        assert [await task for task in closing] == [1012] * 20
        await asyncio.wait_for(site._serving, WAIT_SECONDS)
        assert asyncio.get_running_loop().time() - begun < orderly_stop.GRACE_SECONDS


@pytest.fixture
async def waiting(make_app: Callable[..., Quart]) -> tuple[Quart, asyncio.Event, asyncio.Event]:
    """An application with a request that is under way until told to end."""
    app, begun, end = make_app(), asyncio.Event(), asyncio.Event()

    @app.get("/wait")
    async def wait() -> str:
        begun.set()
        await end.wait()
        return "finished"

    return app, begun, end


async def test_stop_lets_a_request_in_flight_finish(
    waiting: tuple[Quart, asyncio.Event, asyncio.Event],
) -> None:
    app, begun, end = waiting
    async with Site(app) as site, httpx.AsyncClient(base_url=site.url) as client:
        asking = asyncio.create_task(client.get("/wait"))
        await begun.wait()
        idle = await Raw.open(site)
        site.stop.set()
        await idle.until_end()  # It asked for nothing, so it is not waited for.
        assert not site._serving.done()
        end.set()
        assert (await asking).text == "finished"
        await asyncio.wait_for(site._serving, orderly_stop.GRACE_SECONDS)
        await idle.close()


async def test_stop_does_not_wait_for_ever(
    waiting: tuple[Quart, asyncio.Event, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orderly_stop, "GRACE_SECONDS", 0.3)
    app, begun, _ = waiting
    async with Site(app) as site, httpx.AsyncClient(base_url=site.url, timeout=60) as client:
        asking = asyncio.create_task(client.get("/wait"))
        await begun.wait()
        site.stop.set()
        with pytest.raises(httpx.TransportError):
            await asking
        await asyncio.wait_for(site._serving, WAIT_SECONDS)
