"""The store of segments: growing, merging, scrubbing, two processes at once, crashes in between."""

import asyncio

import pytest

from littlechat.platform.database import Database, now, unpacked_id
from littlechat.search import index, segments
from littlechat.search.index import (
    SearchIndex,
    Vanished,
)
from littlechat.search.manifest import Manifest
from littlechat.search.schema import SEARCH_PARTS, SEARCH_SEGMENTS
from littlechat.search.segments import Row, page_of


def rows(first: int, count: int, room: str = "garden", version: int = 0) -> list[Row]:
    return [
        Row(n * 1_000, room, n, n.to_bytes(12), version, frozenset({"all", f"word{n}"}))
        for n in range(first, first + count)
    ]


async def found(store: SearchIndex, term: str) -> list[tuple[str, int]]:
    """Return which messages have a term, segment by segment."""
    places = []
    for entry in (await store.manifest()).entries:
        segment = (await store.segments([entry.id]))[entry.id]
        ids = segment.pages_for(term)
        for id_, part in (await store.parts([segment], ids)).items():
            assert id_ in ids
            for number in page_of(part).find(term):
                table = segment.table_for(number)
                row = segment.row((await store.parts([segment], [table]))[table], number)
                places.append((row.room, row.seq))
    return sorted(places)


@pytest.fixture
def store(db: Database) -> SearchIndex:
    return SearchIndex(db)


async def test_what_is_appended_is_found_by_every_process(db: Database, store: SearchIndex) -> None:
    await store.append(rows(1, 5))
    await store.append(rows(6, 5))
    for one in (store, SearchIndex(db)):
        assert await found(one, "all") == [("garden", n) for n in range(1, 11)]
        assert await found(one, "word7") == [("garden", 7)]
        assert await found(one, "word70") == []


async def test_two_processes_that_append_at_once_lose_nothing(
    db: Database, store: SearchIndex
) -> None:
    other = SearchIndex(db)
    await asyncio.gather(
        *(one.append(rows(n * 10 + k, 1)) for n in range(5) for k, one in ((0, store), (1, other)))
    )
    assert len(await found(store, "all")) == 10


async def test_many_small_segments_become_one(
    db: Database, store: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "WHOLE_BYTES", 0)  # With parts of their own.
    for n in range(1, 9):
        await store.append(rows(n, 1))
        assert await store.merge_some() is (n == 8)
    assert [entry.count for entry in (await store.manifest()).entries] == [8]
    assert await found(store, "all") == [("garden", n) for n in range(1, 9)]
    assert await db[SEARCH_SEGMENTS].count({}) == 9
    await store.delete_retired(seconds=0)
    assert await db[SEARCH_SEGMENTS].count({}) == 1
    assert await found(SearchIndex(db), "word3") == [("garden", 3)]
    kept = {one["_id"].partition("/")[0] for one in await db[SEARCH_PARTS].find({})}
    assert len(kept) == 1


async def test_merge_that_another_process_made_first_is_thrown_away(
    db: Database, store: SearchIndex
) -> None:
    for n in range(1, 9):
        await store.append(rows(n, 1))
    await asyncio.gather(store.merge_some(), SearchIndex(db).merge_some())
    assert [entry.count for entry in (await store.manifest()).entries] == [8]
    await store.delete_retired(seconds=0)
    assert await db[SEARCH_SEGMENTS].count({}) == 1


async def test_reading_a_deleted_segment_raises(store: SearchIndex, db: Database) -> None:
    await store.append(rows(1, 1))
    (entry,) = (await store.manifest()).entries
    await db[SEARCH_SEGMENTS].delete({"_id": entry.id})
    with pytest.raises(Vanished):
        await SearchIndex(db).segments([entry.id])


async def test_scrubbing_leaves_nothing_of_a_deleted_room(db: Database, store: SearchIndex) -> None:
    await store.append(rows(1, 3) + rows(1, 2, room="attic"))
    await store.append(rows(3, 2, room="attic"))
    await store.note_deleted_room("attic", now())
    await store.scrub()
    await store.delete_retired(seconds=0)
    assert await found(store, "all") == [("garden", n) for n in (1, 2, 3)]
    assert "attic" not in str(await db[SEARCH_SEGMENTS].find({}))
    manifest = await store.manifest()
    assert (manifest.gone, len(manifest.entries)) == ((), 1)


async def test_scrubbing_leaves_nothing_of_a_text_before_its_edit(
    db: Database, store: SearchIndex
) -> None:
    await store.append(rows(1, 3))
    edited = [rows(2, 1, version=1)[0]._replace(terms=frozenset({"new"}))]
    await store.append(edited)
    await store.note_changes(edited)
    assert await found(store, "word2") == [("garden", 2)]
    await store.scrub()
    assert await found(store, "word2") == []
    assert await found(store, "new") == [("garden", 2)]
    await store.delete_retired(seconds=0)
    assert "word2" not in str(await db[SEARCH_SEGMENTS].find({}))
    assert (await store.manifest()).stale == ()


async def test_crash_before_the_manifest_leaves_what_nobody_reads(
    db: Database, store: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.append(rows(1, 2))

    def die(*_: object) -> Manifest:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(Manifest, "with_segment", die)
        with pytest.raises(ConnectionError):
            await store.append(rows(3, 2))
    assert len(await found(store, "all")) == 2
    await store.append(rows(3, 2))
    assert len(await found(store, "all")) == 4
    assert await db[SEARCH_SEGMENTS].count({}) == 3
    await store.delete_retired()
    assert await db[SEARCH_SEGMENTS].count({}) == 3
    await store.delete_retired(seconds=-index.BEGUN_SECONDS)
    assert await db[SEARCH_SEGMENTS].count({}) == 2
    assert (await store.manifest()).retired == ()


async def test_cache_is_bounded(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "CACHE_BYTES", 20_000)
    store = SearchIndex(db)
    for n in range(20):
        await store.append(rows(n * 10 + 1, 10))
        await found(store, "all")
    assert 10_000 < store._cache.currsize <= 20_000


def test_document_ids_survive_packing() -> None:
    assert getattr(unpacked_id(b"x" * 12), "binary") == b"x" * 12  # noqa: B009


async def test_rows_of_many_terms_become_several_segments(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "TERMS_AT_ONCE", 10)
    store = SearchIndex(db)
    await store.append(rows(1, 12))
    entries = (await store.manifest()).entries
    assert [entry.count for entry in entries] == [5, 5, 2]
    assert len(await found(store, "all")) == 12
