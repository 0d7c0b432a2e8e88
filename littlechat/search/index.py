"""The store of the search index: its segments and their parts, and how segments are merged.

A segment is written first and listed in the manifest last, if the manifest has not changed since it
was read: a crash leaves at worst segments that are not listed, and so not read. A segment never
changes once it is written, so that caches of it stay right.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cachetools import LRUCache

from littlechat.core import new_id
from littlechat.platform import Database, Duplicate, Unavailable, now
from littlechat.search import manifest as manifests
from littlechat.search.manifest import Entry, Manifest, choose_to_merge, needs_scrub
from littlechat.search.schema import SEARCH_PARTS, SEARCH_SEGMENTS, SEARCH_STATE
from littlechat.search.segments import (
    ROWS_MAX,
    Parts,
    Row,
    Segment,
    Values,
    build,
    from_values,
    merge,
    to_values,
)

MANIFEST = "manifest"
TRIES = 100
"""How often a change to the manifest is tried while other processes change it too."""


PARTS_WRITTEN = 400
"""How many parts are stored in one write, some 2 MB."""

CACHE_BYTES = 24_000_000
"""How much of the index a process caches."""

RETIRED_SECONDS = 60.0
"""How long a merged segment stays, for searches that have read the manifest before."""

BEGUN_SECONDS = 3_600.0
"""How long storing a segment may take; one that a crash left unfinished is deleted after that."""

IN_THREAD = 5_000
"""From how many terms on a segment is built in a thread, so as not to block the event loop."""

TERMS_USUAL = 15
"""Terms of a message, on average."""

TERMS_AT_ONCE = 300_000
"""Terms of one new segment, so that building it takes a bounded amount of memory: some 100 MB if
all are different."""


class Vanished(Exception):
    """A segment or part that was read has been deleted: it was merged meanwhile."""


class SearchIndex:
    """The index, shared by all processes, and this process's cache of it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._cache: LRUCache[str, Any] = LRUCache(CACHE_BYTES, getsizeof=_size)

    async def manifest(self) -> Manifest:
        """Return the manifest as it is stored now."""
        document = await self._db[SEARCH_STATE].find_one({"_id": MANIFEST})
        return manifests.from_document(document) if document else Manifest()

    async def _alter(self, change: Callable[[Manifest], Manifest | None]) -> bool:
        """Store what `change` makes of the manifest, again if another process changed it meanwhile.

        Returns False if `change` returns None. Raises `Unavailable` after `TRIES`.
        """
        for _ in range(TRIES):
            found = await self.manifest()
            changed = change(found)
            if changed is None:
                return False
            if await self._replace(found, replace(changed, version=found.version + 1)):
                return True
        raise Unavailable(f"the index kept changing, {TRIES} times")

    async def _replace(self, found: Manifest, changed: Manifest) -> bool:
        values = manifests.to_document(changed)
        if found.version:
            return await self._db[SEARCH_STATE].update(
                {"_id": MANIFEST, "version": found.version}, {"$set": values}
            )
        try:
            await self._db[SEARCH_STATE].insert({"_id": MANIFEST, **values})
        except Duplicate:
            return False
        return True

    async def append(self, rows: Sequence[Row]) -> None:
        """Add rows durably, in new segments."""
        for some in _batches(rows):
            terms = sum(len(row.terms) for row in some)
            segment, parts = await _built(terms, lambda some=some: build(new_id(), some))  # type: ignore[misc]
            await self._store(segment, parts)
            await self._alter(lambda found, made=segment: found.with_segment(made))  # type: ignore[misc]

    async def note_changes(self, rows: Iterable[Row]) -> None:
        """Note that older rows of these messages are to be removed by `scrub`."""
        stale = tuple((row.room, row.seq, row.version, row.at) for row in rows)
        if stale:
            await self._alter(lambda found: replace(found, stale=found.stale + stale))

    async def note_deleted_room(self, room_id: str, until: datetime) -> None:
        """Note that the rows of a deleted room, up to a time, are to be removed by `scrub`."""
        gone = (room_id, int(until.timestamp() * 1000))
        await self._alter(lambda found: replace(found, gone=(*found.gone, gone)))

    async def _store(self, segment: Segment, parts: Parts) -> None:
        begun = (segment.id, now().timestamp() + BEGUN_SECONDS)
        await self._alter(lambda found: replace(found, retired=(*found.retired, begun)))
        if not segment.whole:
            documents = [{"_id": id_, "part": part} for id_, part in parts.items()]
            for start in range(0, len(documents), PARTS_WRITTEN):
                await self._db[SEARCH_PARTS].insert_many(documents[start : start + PARTS_WRITTEN])
        await self._db[SEARCH_SEGMENTS].insert(to_values(segment))

    # Reading

    async def segments(self, ids: Sequence[str]) -> dict[str, Segment]:
        """Return segments by id; raise `Vanished`."""
        found = self._find_cached(ids)
        wanted = [id_ for id_ in ids if id_ not in found]
        if wanted:
            documents = await self._db[SEARCH_SEGMENTS].find({"_id": {"$in": wanted}})
            for document in documents:
                segment = from_values(document)
                found[segment.id] = self._cached(segment.id, segment)
        return _complete(found, ids)

    async def parts(self, segments: Iterable[Segment], ids: Sequence[str]) -> Parts:
        """Return parts of these segments by id; raise `Vanished`."""
        found: Parts = {}
        for segment in segments:
            if segment.whole:
                found |= {id_: segment.whole[id_] for id_ in ids if id_ in segment.whole}
        found |= self._find_cached([id_ for id_ in ids if id_ not in found])
        wanted = sorted({id_ for id_ in ids if id_ not in found})
        if wanted:
            for document in await self._db[SEARCH_PARTS].find({"_id": {"$in": wanted}}):
                found[document["_id"]] = self._cached(document["_id"], document["part"])
        return _complete(found, ids)

    def _find_cached(self, ids: Iterable[str]) -> dict[str, Any]:
        return {id_: self._cache[id_] for id_ in ids if id_ in self._cache}

    def _cached(self, id_: str, value: Any) -> Any:
        if _size(value) <= self._cache.maxsize:
            self._cache[id_] = value
        return value

    # Merging and removing

    async def merge_some(self) -> bool:
        """Merge several small segments into one, if there are enough; return whether it did."""
        chosen = choose_to_merge((await self.manifest()).entries)
        if not chosen:
            return False
        await self._rewrite(chosen, lambda row: False)
        return True

    async def scrub(self) -> None:
        """Rewrite the segments that hold rows of edited, removed or deleted messages."""
        found = await self.manifest()
        if not (found.gone or found.stale):
            return
        ends, versions = dict(found.gone), {(room, seq): n for room, seq, n, _ in found.stale}

        def is_gone(row: Row) -> bool:
            old = row.version < versions.get((row.room, row.seq), 0)
            return old or row.at <= ends.get(row.room, -1)

        for entry in found.entries:
            segment = (await self.segments([entry.id]))[entry.id]
            if needs_scrub(segment, found):
                await self._rewrite([entry], is_gone)
        done = frozenset(found.gone) | frozenset(found.stale)
        await self._alter(
            lambda one: replace(
                one,
                gone=tuple(gone for gone in one.gone if gone not in done),
                stale=tuple(stale for stale in one.stale if stale not in done),
            )
        )

    async def _rewrite(self, old: Sequence[Entry], is_gone: Callable[[Row], bool]) -> None:
        ids = [entry.id for entry in old]
        count = sum(entry.count for entry in old) * TERMS_USUAL
        sources = [(one, await self._read(one)) for one in (await self.segments(ids)).values()]
        made = await _built(count, lambda: merge(new_id(), sources, is_gone))
        if made is not None:
            await self._store(*made)

        def exchange(found: Manifest) -> Manifest | None:
            if not found.holds(ids):
                return None
            return found.with_segment(made[0], ids) if made else found.without(ids)

        if not await self._alter(exchange) and made is not None:
            await self._delete(made[0].id)  # Another process merged them first.

    async def _read(self, segment: Segment) -> Parts:
        if segment.whole:
            return segment.whole
        found: Parts = {}
        ids = segment.part_ids()
        for start in range(0, len(ids), PARTS_WRITTEN):
            part = {"$in": ids[start : start + PARTS_WRITTEN]}
            documents = await self._db[SEARCH_PARTS].find({"_id": part})
            found |= {one["_id"]: one["part"] for one in documents}
        return _complete(found, ids)

    async def delete_retired(self, seconds: float = RETIRED_SECONDS) -> None:
        """Delete segments that were retired so long ago that no search still reads them."""
        until = now().timestamp() - seconds
        old = [one for one in (await self.manifest()).retired if one[1] <= until]
        for id_, _ in old:
            await self._delete(id_)
        if old:
            await self._alter(
                lambda found: replace(
                    found, retired=tuple(one for one in found.retired if one not in old)
                )
            )

    async def _delete(self, id_: str) -> None:
        # A closed range over the ids of its parts, since "0" follows "/": an open one would be
        # slow.
        await self._db[SEARCH_PARTS].delete({"_id": {"$gte": f"{id_}/", "$lt": f"{id_}0"}})
        await self._db[SEARCH_SEGMENTS].delete({"_id": id_})


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    start, terms = 0, 0
    for end, row in enumerate(rows):
        if end > start and (end - start == ROWS_MAX or terms + len(row.terms) > TERMS_AT_ONCE):
            yield rows[start:end]
            start, terms = end, 0
        terms += len(row.terms)
    if rows:
        yield rows[start:]


async def _built(terms: int, work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work) if terms >= IN_THREAD else work()


def _complete(found: dict[str, Any], ids: Iterable[str]) -> dict[str, Any]:
    if any(id_ not in found for id_ in ids):
        raise Vanished
    return {id_: found[id_] for id_ in ids}


def _size(value: Segment | bytes | Values) -> int:
    """Return about how many bytes of memory a segment or a part takes."""
    if isinstance(value, Segment):
        parts = sum(map(_size, value.whole.values()))
        return 1_000 + parts + 60 * len(value.fences) + 32 * len(value.starts)
    if isinstance(value, bytes):
        return len(value) + 200
    return len(value["terms"]) + len(value["counts"]) + len(value["rows"]) + 600
