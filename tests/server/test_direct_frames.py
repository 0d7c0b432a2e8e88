"""Frames written past the layers."""

import asyncio
import gc
import re
import struct

import pytest

from littlechat.realtime.feed import room_topic
from littlechat.realtime.frames import pack
from littlechat.server.connection import Stream
from littlechat.server.direct_frames import UNSENT_BYTES
from tests.factories import Person, Site
from tests.lines import (
    CLOSE,
    PING,
    TEXT,
    Raw,
    eventually,
    server_end,
)


def open_streams() -> list[Stream]:
    """Return the server's WebSockets in this process that are open."""
    found = [one for one in gc.get_objects() if type(one) is Stream]
    return [stream for stream in found if not stream.closed]


async def test_frames_arrive_whole_and_in_order_whichever_way_they_go(
    site: Site, ada: Person, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    past: list[bytes] = []
    write_now = Stream.write_now

    def count(stream: Stream, frame: bytes) -> bool:
        past.extend([frame] if (done := write_now(stream, frame)) else [])
        return done

    monkeypatch.setattr(Stream, "write_now", count)
    raw = await Raw.open(site, receive_buffer=2_048)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    await eventually(lambda: site.services.realtime.hub.members(room_topic(room)))
    (stream,) = open_streams()
    topic, sent, text, pings = room_topic(room), 0, "", 0
    for turn in (1, 2, 3):
        waiting = 0
        while waiting < 20:  # Until some wait for the peer, who reads nothing now.
            before = len(past)
            site.services.realtime.hub.deliver(topic, f"<{sent}>{'é' * (sent * 150 % 5_000)}")
            sent += 1
            waiting += len(past) == before
        ping = asyncio.create_task(stream.ping())
        while f"<{sent - 1}>" not in text or pings < turn:
            opcode, payload = await raw.frame()
            assert opcode in (TEXT, PING)
            pings += opcode == PING
            text += payload.decode() if opcode == TEXT else ""
        await ping
    assert re.findall(r"<(\d+)>", text) == [str(number) for number in range(sent)]
    assert len(past) > 3
    await raw.close()


async def test_what_a_connection_may_hold_is_where_its_writers_begin_to_wait(
    site: Site, ada: Person, room: str
) -> None:
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    end = await server_end(raw)
    assert end.get_write_buffer_limits()[1] == UNSENT_BYTES
    (stream,) = open_streams()
    assert stream.write_now(pack(b"x"))
    assert not stream.write_now(bytes(UNSENT_BYTES + 1))
    await raw.close()


async def test_nothing_is_written_after_a_close_frame(site: Site, ada: Person, room: str) -> None:
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    await eventually(lambda: site.services.realtime.hub.members(room_topic(room)))
    (stream,) = open_streams()
    raw.writer.write(bytes([0x80 | CLOSE, 0x82]) + bytes(4) + struct.pack("!H", 1000))
    while (opcode := (await raw.frame())[0]) != CLOSE:
        assert opcode == TEXT  # Who is online.
    assert not stream.write_now(pack(b"late"))
    assert await raw.until_end() == b""
    await raw.close()
