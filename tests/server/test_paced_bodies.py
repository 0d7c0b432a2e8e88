"""Bodies at their reader's pace."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from quart import Quart, request
from werkzeug.exceptions import RequestEntityTooLarge

from littlechat.files.schema import CHUNKS
from littlechat.server.paced_bodies import WAITING_BYTES, PacedBody
from tests.attacks import found_room, insiders
from tests.factories import WAIT_SECONDS, Site
from tests.server.raw_requests import answer, ask
from tests.tabs import until

MIB = 1024 * 1024


async def test_sender_waits_for_the_reader() -> None:
    body = PacedBody(None, 10 * MIB)
    body.append(b"a" * WAITING_BYTES)
    await body.wait_for_room()
    body.append(b"a")
    waiting = asyncio.create_task(body.wait_for_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert len(await anext(body)) == WAITING_BYTES + 1
    await asyncio.wait_for(waiting, WAIT_SECONDS)


async def test_all_that_came_counts_not_what_waits() -> None:
    body = PacedBody(None, 100)
    for _ in range(10):
        body.append(b"a" * 10)
        assert await anext(body) == b"a" * 10
    body.append(b"a")
    with pytest.raises(RequestEntityTooLarge):
        await anext(body)


async def test_announced_length_is_refused_at_once() -> None:
    with pytest.raises(RequestEntityTooLarge):
        await anext(PacedBody(101, 100))


async def test_what_nobody_reads_holds_nobody_up() -> None:
    body = PacedBody(None, 10 * MIB)
    body.append(b"a" * MIB)
    waiting = asyncio.create_task(body.wait_for_room())
    await asyncio.sleep(0)
    body.refuse(0)
    await asyncio.wait_for(waiting, WAIT_SECONDS)
    body.append(b"a" * MIB)
    assert not body._data


async def test_a_long_body_reaches_its_handler_in_pieces_while_it_comes(app: Quart) -> None:
    first, seen = asyncio.Event(), 0

    @app.post("/upload")
    async def take() -> str:
        nonlocal seen
        async for piece in request.body:
            seen += len(piece)
            first.set()
        return str(seen)

    async with Site(app) as site, asyncio.timeout(WAIT_SECONDS):
        head = ("POST /upload HTTP/1.1", "Content-Length: 60000", "Connection: close")
        connection = await ask(site, *head, "", "x" * 10_000)
        await first.wait()
        assert 0 < seen < 60_000
        connection[1].write(b"x" * 50_000)
        assert (await answer(connection)).endswith(b"60000")


async def test_stalled_reader_does_not_fill_the_memory(site: Site) -> None:
    """A file that cannot be stored as fast as it comes waits with its sender."""
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        served, gate, begun = site.services, asyncio.Event(), asyncio.Event()
        insert = served.platform.database[CHUNKS].insert

        async def slowly(document: dict[str, object]) -> None:
            begun.set()
            await gate.wait()
            await insert(document)

        served.platform.database[CHUNKS].insert = slowly  # type: ignore[method-assign]
        sent = 0

        async def parts() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(300):
                sent += 65_536
                yield b"a" * 65_536

        sending = asyncio.create_task(ada.http.post(f"/rooms/{room}/files?name=a", content=parts()))
        await begun.wait()
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(0.3)
        # What waits is with the kernel, the server's queue of ten, and the body.
        assert sent < 12 * MIB
        gate.set()
        assert (await sending).status_code == 201
        await until(lambda: not served.files.uploads._under_way[""])
