"""Answers leave in as few writes as they have pieces."""

import asyncio

import pytest

from tests.factories import WAIT_SECONDS, Site
from tests.lines import (
    Raw,
    server_end,
)


async def test_a_whole_answer_is_one_write(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = await Raw.open(site)
    end, writes = await server_end(raw), []
    write = end.write

    def note(data: bytes) -> None:
        writes.append(bytes(data))
        write(data)

    monkeypatch.setattr(end, "write", note)
    for _ in range(2):
        raw.writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(WAIT_SECONDS):
            await raw.reader.readuntil(b"ok\n")
    raw.writer.write(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(WAIT_SECONDS):
        await raw.reader.readuntil(b"\r\n\r\n")
    assert len(writes) == 3
    assert writes[0].startswith(b"HTTP/1.1 200")
    assert writes[0].endswith(b"\r\n\r\nok\n")
    assert writes[2].startswith(b"HTTP/1.1 200")
    assert writes[2].endswith(b"\r\n\r\n")
    await raw.close()


async def test_requests_sent_together_are_answered_in_turn(site: Site) -> None:
    raw = await Raw.open(site)
    ask = "GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n"
    last = ask.format("/healthz", "Connection: close\r\n")
    raw.writer.write((ask.format("/healthz", "") + ask.format("/login", "") + last).encode())
    answer = await raw.until_end()
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.index(b"ok\n") < answer.index(b"</html>") < answer.rindex(b"ok\n")
    await raw.close()
