"""What a flood leaves behind."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from quart import Quart

from littlechat.server.bounded_inbox import INBOUND_MAX, BoundedInboxWebsocket
from tests.factories import Person, Site
from tests.lines import (
    TEXT,
    Raw,
    connections,
    eventually,
)


async def test_sender_waits_for_the_handler() -> None:
    sent, websocket = 0, BoundedInboxWebsocket(Quart(__name__), {})

    async def receive() -> Any:
        nonlocal sent
        sent += 1
        return {"type": "websocket.receive", "bytes": None, "text": "frame"}

    taking = asyncio.create_task(websocket.handle_messages(receive))
    for taken in (0, 1):
        # One more than the queue holds has been received, and waits for its place there.
        for _ in range(10 * INBOUND_MAX):
            await asyncio.sleep(0)
        assert sent == taken + INBOUND_MAX + 1
        websocket.queue.get_nowait()
    taking.cancel()


async def test_flooder_leaves_no_task_behind(
    site: Site, ada: Person, room: str, tasks: Callable[[], int]
) -> None:
    before = tasks()
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    with contextlib.suppress(ConnectionError):
        for _ in range(10_000):
            raw.send(0x80 | TEXT, b"{}")
            await raw.writer.drain()
    await raw.until_end()
    await raw.close()
    await eventually(lambda: tasks() <= before)
    await eventually(lambda: not connections())
