"""Blobs: bytes come back whole or in part, and a cancelled write leaves nothing."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from littlechat.files.blobs import CHUNK_BYTES, PIECE_BYTES, Blobs
from littlechat.files.schema import CHUNKS
from littlechat.platform.database import Database, Missing

DATA = bytes(range(256)) * (3 * CHUNK_BYTES // 256 + 5)


async def parts(data: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def read(blobs: Blobs, start: int, stop: int) -> bytes:
    return b"".join([piece async for piece in blobs.read("a", start, stop)])


@pytest.mark.parametrize("size", [1, 50_000, CHUNK_BYTES, 10**7])
async def test_what_was_written_comes_back(db: Database, size: int) -> None:
    blobs = Blobs(db)
    written = await blobs.write("a", parts(DATA, size))
    assert written.size == len(DATA)
    assert written.head == DATA[:4_096]
    assert await read(blobs, 0, len(DATA)) == DATA
    chunks = await db[CHUNKS].find({"files_id": "a"}, sort=[("n", 1)])
    assert [one["n"] for one in chunks] == [0, 1, 2, 3]


@pytest.mark.parametrize("size", [1, 5_000])
async def test_small_parts_are_combined_into_chunks(db: Database, size: int) -> None:
    blobs = Blobs(db)
    written = await blobs.write("a", parts(DATA[:20_000], size))
    assert written.head == DATA[:4_096]
    assert len(await db[CHUNKS].find({"files_id": "a"})) == 1


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (0, 1),
        (0, 0),
        (CHUNK_BYTES - 1, CHUNK_BYTES + 1),
        (CHUNK_BYTES, 2 * CHUNK_BYTES),
        (5, len(DATA)),
        (len(DATA) - 1, len(DATA)),
    ],
)
async def test_any_part_can_be_read(db: Database, start: int, stop: int) -> None:
    blobs = Blobs(db)
    await blobs.write("a", parts(DATA))
    assert await read(blobs, start, stop) == DATA[start:stop]


async def test_pieces_are_small(db: Database) -> None:
    blobs = Blobs(db)
    await blobs.write("a", parts(DATA))
    assert max([len(piece) async for piece in blobs.read("a", 0, len(DATA))]) == PIECE_BYTES


async def test_deleted_blob_is_gone_and_others_stay(db: Database) -> None:
    blobs = Blobs(db)
    await blobs.write("a", parts(DATA))
    await blobs.write("b", parts(b"other"))
    await blobs.delete("a")
    await blobs.delete("a")
    with pytest.raises(Missing):
        await read(blobs, 0, 1)
    assert len(await db[CHUNKS].find({})) == 1


async def test_a_cancelled_write_has_ended_before_its_blob_is_deleted(db: Database) -> None:
    blobs = Blobs(db)
    gate = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield DATA[:CHUNK_BYTES]
        gate.set()
        yield DATA[:CHUNK_BYTES]
        await asyncio.Event().wait()

    for turns in range(6):
        gate.clear()
        writing = asyncio.create_task(blobs.write("a", slowly()))
        await gate.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await blobs.delete("a")
        assert await db[CHUNKS].find({}) == []
