"""Answers that are ready, and answers in pieces."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from quart import Quart, Response, request

from tests.factories import WAIT_SECONDS, Site
from tests.server.raw_requests import answer, ask


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
