"""Answers leave in as few writes as they have pieces."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from quart import Quart, Response, request

from tests.factories import WAIT_SECONDS, Site
from tests.lines import (
    Raw,
    server_end,
)
from tests.server.raw_requests import answer, ask


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


async def test_an_answer_in_pieces_is_sent_as_they_come(app: Quart) -> None:
    more = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        await more.wait()
        yield b"last"

    app.add_url_rule("/pieces", view_func=lambda: Response(pieces()))
    async with Site(app) as site, asyncio.timeout(WAIT_SECONDS):
        connection = await ask(site, "GET /pieces HTTP/1.1", "Connection: close", "", "")
        assert b"first" in await connection[0].readuntil(b"first")
        more.set()
        assert b"last" in await answer(connection)


async def test_ranges_and_heads_are_answered_in_their_length(app: Quart) -> None:
    @app.get("/letters")
    async def letters() -> Response:
        return await Response("abcdef").make_conditional(request, True, 6)

    async with Site(app) as site, httpx.AsyncClient(base_url=site.url) as client:
        part = await client.get("/letters", headers={"Range": "bytes=2-3"})
        assert (part.status_code, part.text, part.headers["content-length"]) == (206, "cd", "2")
        head = await client.head("/letters")
        assert (head.status_code, head.text, head.headers["content-length"]) == (200, "", "6")
