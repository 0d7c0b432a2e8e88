"""Pings, and what a closed socket leaves behind."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest
from quart import Quart

from littlechat.server import idle_timeout, pings
from tests.factories import WAIT_SECONDS, Person, Site
from tests.lines import (
    PING,
    Raw,
    connections,
    eventually,
)


async def test_pings_go_out_and_a_silent_peer_is_closed(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pings, "PING_SECONDS", 0.5)
    monkeypatch.setattr(idle_timeout, "SILENT_SECONDS", 4.0)  # Longer than a hash takes anywhere.
    clock = asyncio.get_running_loop().time
    async with Site(make_app()) as site, Person(site, "Ada") as ada:
        room = await (await ada.register()).create_room("Garden")
        answering = await ada.stream(room)
        silent = await Raw.open(site)
        await silent.upgrade(ada, f"/rooms/{room}/socket")
        since, came = clock(), []
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    opcode, _ = await silent.frame()
                    if opcode == PING:
                        came.append(clock())
        assert clock() - since > 3.6
        assert len(came) >= 3
        assert len(came) <= 1 + (clock() - since) / pings.PING_SECONDS
        seq = await ada.say(room, "still here")
        await answering.until(lambda dom: seq in dom.messages)
        await silent.close()
        await answering.close()


async def test_closed_socket_leaves_no_task_behind(
    ada: Person, room: str, tasks: Callable[[], int]
) -> None:
    before = tasks()
    streams = [await ada.stream(room) for _ in range(5)]
    assert tasks() > before
    for stream in streams:
        await stream.close()
    await eventually(lambda: tasks() <= before)
    await eventually(lambda: not connections())
