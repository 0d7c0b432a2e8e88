"""Requests written byte by byte, on connections that are kept."""

import asyncio

from tests.factories import WAIT_SECONDS, Site

FORM = "Content-Type: application/x-www-form-urlencoded"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ask(site: Site, *lines: str) -> Connection:
    """Send the head of a request, and perhaps a part of its body, and keep the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write("\r\n".join([lines[0], "Host: localhost", *lines[1:]]).encode())
    return reader, writer


async def answer(connection: Connection) -> bytes:
    """Return the whole answer, whose sender closes the connection."""
    async with asyncio.timeout(WAIT_SECONDS):
        whole = await connection[0].read()
    connection[1].close()
    return whole
