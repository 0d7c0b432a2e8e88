"""Uploads on a real database: what is stored, refused and undone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from littlechat.core.errors import Invalid
from littlechat.files.blobs import CHUNK_BYTES
from littlechat.files.thumbnails import Thumbnail, Thumbnails
from littlechat.files.uploads import UPLOADS_AT_ONCE_MAX, TooLarge
from littlechat.platform.database import Database
from littlechat.platform.rate_limits import TooMany
from tests.files.stores import MIB, Store
from tests.pictures import picture
from tests.tabs import ADA, BEN, ROOM


async def test_file_is_stored_and_read(store: Store) -> None:
    data = bytes(range(250)) * 2_000
    upload = await store.put(data, "../a.bin")
    assert upload.file.name == "a.bin"
    assert (upload.file.type, upload.file.size) == ("application/octet-stream", 500_000)
    assert (upload.file.width, upload.thumbnail_size) == (None, 0)
    assert await store.content(await store.get(upload.file.id, ADA)) == data


@pytest.mark.parametrize(
    ("data", "refusal"),
    [(b"", Invalid), (b"a" * (MIB + 1), TooLarge)],
)
async def test_a_refused_upload_leaves_nothing(
    store: Store, data: bytes, refusal: type[Invalid]
) -> None:
    with pytest.raises(refusal):
        await store.put(data)
    assert await store.is_empty()


async def test_a_file_of_the_maximum_size_is_stored(store: Store) -> None:
    assert (await store.put(b"a" * MIB)).file.size == MIB


async def test_an_aborted_upload_leaves_nothing(store: Store) -> None:
    begun = asyncio.Event()

    async def cut() -> AsyncIterator[bytes]:
        yield b"a" * (CHUNK_BYTES + 5)
        begun.set()
        await asyncio.Event().wait()

    adding = asyncio.create_task(store.uploads.add(ROOM, ADA, "a", cut()))
    await begun.wait()
    adding.cancel()
    await asyncio.gather(adding, return_exceptions=True)
    assert await store.is_empty()


@pytest.mark.parametrize("quota", [10 * MIB, 1_000])
async def test_an_upload_that_is_aborted_at_its_very_end_leaves_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch, quota: int
) -> None:
    store = Store(db, quota=quota)
    looking, go_on = asyncio.Event(), asyncio.Event()

    make = Thumbnails.make

    async def slow(
        thumbnails: Thumbnails, data: AsyncIterator[bytes], box: int, person: str
    ) -> Thumbnail:
        looking.set()
        await go_on.wait()
        return await make(thumbnails, data, box, person)

    monkeypatch.setattr(Thumbnails, "make", slow)
    adding = asyncio.create_task(store.put(picture(size=(900, 900)), "a.png"))
    await looking.wait()
    adding.cancel()
    await asyncio.gather(adding, return_exceptions=True)
    # What is deleted too early is deleted by then.
    early = asyncio.create_task(store.tasks.close())
    await asyncio.wait({early}, timeout=0.5)
    go_on.set()
    await early
    assert await store.is_empty()


async def test_one_person_has_a_few_uploads_at_a_time(store: Store) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    sends = [
        asyncio.create_task(store.uploads.add(ROOM, ADA, "a", endless()))
        for _ in range(UPLOADS_AT_ONCE_MAX)
    ]
    while store.uploads._under_way[ADA.id] < UPLOADS_AT_ONCE_MAX:
        await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await store.put()
    await store.put(by=BEN)
    for send in sends:
        send.cancel()
    await asyncio.gather(*sends, return_exceptions=True)
    await store.put()
