"""Bodies at their reader's pace, large only where files are taken, and answers that are heard."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from werkzeug.exceptions import RequestEntityTooLarge

from littlechat.app import BODY_BYTES_MAX
from littlechat.files.schema import CHUNKS
from littlechat.server import bodies
from littlechat.server.bodies import WAITING_BYTES, PacedBody
from tests.attacks import alert, found_room, insiders
from tests.factories import Person, Site
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
    await asyncio.wait_for(waiting, 1)


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
    body.give_up()
    await asyncio.wait_for(waiting, 1)
    body.append(b"a" * MIB)
    assert not body._data


async def many_bytes(size: int) -> AsyncIterator[bytes]:
    for _ in range(0, size, 65_536):
        yield b"a" * 65_536


@pytest.mark.parametrize("announced", [True, False])
async def test_refused_sender_hears_why(site: Site, announced: bool) -> None:
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
    monkeypatch.setattr(bodies, "LINGER_SECONDS", 0.2)
    async with insiders(site, "Ada"):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(
            b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n"
        )
        async with asyncio.timeout(10):
            assert b"404" in await reader.readline()
            with pytest.raises(ConnectionError):
                await send_for_ever(writer)
        writer.close()


async def send_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"a" * 65_536)
        await writer.drain()


async def test_plain_form_is_small_even_where_files_are_taken(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        answer = await ada.post(f"/rooms/{room}/messages", body="a" * (BODY_BYTES_MAX + 1))
        assert answer.status_code == 413
        # Just below: taken whole, though more than what waits for a reader who takes parts.
        answer = await ada.post(f"/rooms/{room}/messages", body="a" * (BODY_BYTES_MAX - 100))
        assert answer.status_code == 422


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
