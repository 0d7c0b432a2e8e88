"""Forms are the same whether they have come or are still to come."""

import asyncio

import pytest
from quart import Quart

from tests.factories import Site
from tests.server.raw_requests import FORM, answer, ask


@pytest.mark.parametrize(
    "pieces",
    [["body=a+b&body=%26"], ["bo", "dy=a+b&bo", "dy=%26"], ["", "body=a+b&body=%26"]],
    ids=["at once", "in pieces", "after its head"],
)
async def test_a_form_is_the_same_however_it_comes(app: Quart, pieces: list[str]) -> None:
    size = sum(map(len, pieces))
    async with Site(app) as site:
        head = ("POST /form HTTP/1.1", FORM, f"Content-Length: {size}", "Connection: close")
        connection = await ask(site, *head, "", pieces[0])
        for piece in pieces[1:]:
            await asyncio.sleep(0.02)
            connection[1].write(piece.encode())
        assert (await answer(connection)).endswith(b"\r\n\r\nbody=a b|body=&")


async def test_a_form_without_a_length_is_read_as_well(app: Quart) -> None:
    async with Site(app) as site:
        head = ("POST /form HTTP/1.1", FORM, "Transfer-Encoding: chunked", "Connection: close")
        connection = await ask(site, *head, "", "6\r\nbody=a\r\n0\r\n\r\n")
        assert (await answer(connection)).endswith(b"\r\n\r\nbody=a")
        connection = await ask(site, "POST /form HTTP/1.1", FORM, "Connection: close", "", "")
        assert b" 200 " in (await answer(connection)).splitlines()[0]


async def test_a_form_that_never_ends_is_408_and_one_too_long_413(app: Quart) -> None:
    app.config.update(BODY_TIMEOUT=0.2, MAX_CONTENT_LENGTH=100)
    async with Site(app) as site:
        head = ("POST /form HTTP/1.1", FORM, "Connection: close")
        slow = await ask(site, *head, "Content-Length: 9", "", "body")
        assert b" 408 " in (await answer(slow)).splitlines()[0]
        long = await ask(site, *head, "Content-Length: 101", "", "x" * 101)
        assert b" 413 " in (await answer(long)).splitlines()[0]
        chunked = await ask(
            site, *head, "Transfer-Encoding: chunked", "", f"65\r\n{'x' * 101}\r\n0\r\n\r\n"
        )
        assert b" 413 " in (await answer(chunked)).splitlines()[0]
