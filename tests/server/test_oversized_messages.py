"""A message above the limit ends its connection."""

import asyncio
import contextlib

from littlechat.realtime.frames import FRAME_BYTES_MAX
from tests.factories import WAIT_SECONDS, Person, Site
from tests.lines import (
    TEXT,
    Raw,
    answers,
    eventually,
)


async def test_message_above_the_limit_is_refused_with_1009(
    site: Site, ada: Person, room: str
) -> None:
    stream = await ada.stream(room)
    await stream.connection.send("x" * (FRAME_BYTES_MAX + 1))
    assert await stream.until_closed() == 1009


async def test_endless_frame_is_cut_and_not_kept(site: Site, ada: Person, room: str) -> None:
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    raw.send(0x80 | TEXT, b"", length=2**40)
    sent = 0
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(WAIT_SECONDS):
            while not raw.reader.at_eof() and not raw.writer.is_closing():
                raw.writer.write(b"x" * 65_536)
                await raw.writer.drain()
                await asyncio.sleep(0)
                sent += 65_536
    assert sent < 32 * 1024 * 1024
    await raw.close()
    await eventually(lambda: not site.services.realtime.hub.sockets)
    assert await answers(site)
