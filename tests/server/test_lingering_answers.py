"""Answers that come before the end of their request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from littlechat.server import lingering_answers
from tests.attacks import alert, found_room, insiders
from tests.factories import WAIT_SECONDS, Person, Site
from tests.lines import (
    Raw,
    connections,
    eventually,
)

MIB = 1024 * 1024


async def many_bytes(size: int) -> AsyncIterator[bytes]:
    for _ in range(0, size, 65_536):
        yield b"a" * 65_536


@pytest.mark.parametrize("announced", [True, False])
async def test_refused_sender_gets_the_reason(site: Site, announced: bool) -> None:
    async with insiders(site, "Ada", "Dan", "nobody") as (ada, dan, nobody):
        room = await found_room(site, "Garden", ada, visibility="private")
        path, size = f"/rooms/{room}/files?name=a", 8 * MIB
        expected: list[tuple[Person, str, int]] = [
            (dan, path, 404),
            (nobody, path, 401),
            (ada, "/rooms", 413),
            (ada, "/nowhere", 404),
        ]
        for person, address, status in expected:
            content = b"a" * size if announced else many_bytes(size)
            answer = await person.http.post(
                address,
                content=content,
                headers={"Content-Type": "application/x-www-form-urlencoded"}
                if address == "/rooms"
                else {},
            )
            assert answer.status_code == status
            assert alert(answer.text)
            assert (await person.get("/healthz")).status_code == 200


async def test_sender_without_end_is_cut(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering_answers, "LINGER_SECONDS", 0.2)
    async with insiders(site, "Ada"):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(
            b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n"
        )
        async with asyncio.timeout(WAIT_SECONDS):
            assert b"404" in await reader.readline()
            with pytest.raises(ConnectionError):
                await send_for_ever(writer)
        writer.close()


async def send_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"a" * 65_536)
        await writer.drain()


async def test_refused_upload_leaves_no_task_behind(site: Site, tasks: Callable[[], int]) -> None:
    before = tasks()
    raw = await Raw.open(site)
    head = "POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
    raw.writer.write(f"{head}Content-Length: 100000000\r\n\r\n".encode())
    async with asyncio.timeout(WAIT_SECONDS):
        assert b" 403 " in await raw.reader.readline()
    with contextlib.suppress(ConnectionError):
        for _ in range(160):
            raw.writer.write(bytes(65_536))
            await raw.writer.drain()
    await raw.until_end()
    await raw.close()
    await eventually(lambda: tasks() <= before)
    await eventually(lambda: not connections())
