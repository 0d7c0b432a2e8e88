"""The quota on all files together, and the sum that is counted against it."""

import asyncio

import pytest

from littlechat.core.people import User
from littlechat.files.schema import USAGE
from littlechat.files.uploads import Upload
from littlechat.files.usage import Full
from littlechat.platform.database import Database, now
from tests.files.stores import Store
from tests.tabs import ADA


async def test_quota_holds_for_all_files_together(db: Database) -> None:
    store = Store(db, quota=1_000)
    first = await store.put(b"a" * 600)
    with pytest.raises(Full):
        await store.put(b"a" * 600)
    await store.put(b"a" * 400)
    with pytest.raises(Full):
        await store.put(b"a")
    await store.discard(first.file.id, ADA)
    await store.put(b"a" * 600)


async def test_quota_holds_for_simultaneous_uploads(db: Database) -> None:
    store = Store(db, quota=1_000)
    sends = [store.put(b"a" * 400, by=User(f"u{n}", f"u{n}", now())) for n in range(6)]
    done = await asyncio.gather(*sends, return_exceptions=True)
    assert sum(isinstance(one, Upload) for one in done) == 2
    assert sum(isinstance(one, Full) for one in done) == 4


async def test_the_first_two_simultaneous_uploads_are_both_counted(db: Database) -> None:
    store = Store(db)
    await asyncio.gather(store.put(b"a" * 400), store.put(b"a" * 300))
    usage = await db[USAGE].find_one({"_id": "files"})
    assert usage
    assert usage["bytes"] == 700


async def test_a_quota_of_zero_allows_no_files(db: Database) -> None:
    with pytest.raises(Full, match="switched off"):
        await Store(db, quota=0).put()


async def test_the_sweep_recounts_the_space_used(store: Store) -> None:
    await store.put(b"a" * 700)
    await store.db[USAGE].update({"_id": "files"}, {"$set": {"bytes": 5}})
    await store.sweep(now())
    assert store.usage.used == 700
    usage = await store.db[USAGE].find_one({"_id": "files"})
    assert usage
    assert usage["bytes"] == 700
