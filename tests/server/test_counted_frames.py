"""Frames that reach no handler are counted all the same, and the loop has its turns."""

import asyncio
import contextlib

import pytest

from littlechat.server import counted_frames
from littlechat.server.counted_frames import FRAMES_BURST
from tests.factories import WAIT_SECONDS, Person, Site
from tests.lines import CLOSE, PING, TEXT, Raw, answers, eventually

PONG, CONTINUATION, FINAL = 0xA, 0x0, 0x80
EMPTY = b"\x80" + bytes(4)
"""The rest of a frame without content, behind its first byte."""


@pytest.mark.parametrize(
    "first",
    [FINAL | PING, FINAL | PONG, CONTINUATION],
    ids=["pings", "pongs", "empty pieces of a message"],
)
async def test_who_sends_frames_without_end_is_closed(
    site: Site, ada: Person, room: str, first: int
) -> None:
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    if first == CONTINUATION:
        raw.writer.write(bytes([TEXT]) + EMPTY)
    flood, sent = (bytes([first]) + EMPTY) * 2_000, 0
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(WAIT_SECONDS):
            while not raw.reader.at_eof() and not raw.writer.is_closing():
                raw.writer.write(flood)
                await raw.writer.drain()
                await asyncio.sleep(0)
                sent += 2_000
    # What the line itself holds, not what somebody has read.
    assert sent < 2_000_000
    await raw.close()
    await eventually(lambda: not site.services.realtime.hub.sockets)
    assert await answers(site)


async def test_it_is_told_why(site: Site, ada: Person, room: str) -> None:
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    raw.writer.write((bytes([FINAL | PONG]) + EMPTY) * (FRAMES_BURST + 50))
    kind, payload = await raw.frame()
    while kind != CLOSE:
        kind, payload = await raw.frame()
    assert (int.from_bytes(payload[:2]), payload[2:]) == (1008, b"flood")
    await raw.close()


async def test_others_have_a_turn_within_what_was_read_at_once(
    site: Site, ada: Person, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted_frames, "FRAMES_BURST", 10**6)
    monkeypatch.setattr(counted_frames.CountedFramesStream, "_tokens", 10.0**6)
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    spent: list[int] = []
    plain = counted_frames.CountedFramesStream._spend

    def counted(stream: counted_frames.CountedFramesStream) -> bool:
        spent.append(turns)
        return plain(stream)

    monkeypatch.setattr(counted_frames.CountedFramesStream, "_spend", counted)
    turns = 0
    raw.writer.write((bytes([FINAL | PONG]) + EMPTY) * 4_000)
    async with asyncio.timeout(WAIT_SECONDS):
        while len(spent) < 4_000:
            turns += 1
            await asyncio.sleep(0)
    assert max(spent.count(turn) for turn in set(spent)) <= counted_frames.FRAMES_AT_ONCE
    await raw.close()


async def test_what_a_page_sends_is_far_below(site: Site, ada: Person, room: str) -> None:
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    raw.writer.write((bytes([FINAL | PING]) + EMPTY) * 100)
    kinds = [(await raw.frame())[0] for _ in range(100)]
    while kinds.count(PONG) < 100:
        kinds.append((await raw.frame())[0])
    assert CLOSE not in kinds
    await raw.close()
