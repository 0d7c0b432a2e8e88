"""The store of the search index: which segments there are, their parts, and how they grow together.

Segments are written first and named in the manifest last, under its version, so that a crash leaves
at the worst some that nobody reads. Nothing in one ever changes: what is kept in memory is true.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from littlechat.core import new_id
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Unavailable,
    now,
)
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

FAN = 8
"""So many segments of one size become one of the next."""

TIERS = (64, 512, 4_096, 32_768)
"""Messages from which on a segment counts to the next size; from the last on it is left alone."""

PARTS_WRITTEN = 400
"""Parts stored in one write, some 2 MB."""

KEPT_BYTES = 24_000_000
RETIRED_SECONDS = 60.0
"""How long a merged segment stays for those who were about to read it."""

BEGUN_SECONDS = 3_600.0
"""How long storing a segment may take; one that a crash left half done is deleted after that."""

IN_THREAD = 500
"""Messages from which on building is done beside the event loop."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment as the manifest names it: its id, how many rows, and their first and last time."""

    id: str
    count: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the index is made of.

    `retired` are segments that were merged, with the time, and those begun, with a time by which
    they must be done. `gone` are rooms with the moment up to
    which nothing of them is left; `stale` are messages with the version below which nothing is.
    """

    version: int = 0
    entries: tuple[Entry, ...] = ()
    retired: tuple[tuple[str, float], ...] = ()
    gone: tuple[tuple[str, int], ...] = ()
    stale: tuple[tuple[str, int, int, int], ...] = ()

    def with_segment(self, segment: Segment, instead: Iterable[str] = ()) -> "Manifest":
        """Return the manifest with one more segment, and some replaced by it."""
        found = self.without(instead)
        retired = tuple(one for one in found.retired if one[0] != segment.id)
        return replace(found, retired=retired, entries=(*found.entries, _entry(segment)))

    def without(self, ids: Iterable[str]) -> "Manifest":
        """Return the manifest with some segments retired."""
        old, at = frozenset(ids), now().timestamp()
        kept = tuple(entry for entry in self.entries if entry.id not in old)
        return replace(
            self, entries=kept, retired=self.retired + tuple((one, at) for one in sorted(old))
        )

    def holds(self, ids: Iterable[str]) -> bool:
        """Whether all these segments are still named."""
        return frozenset(ids) <= {entry.id for entry in self.entries}


def _entry(segment: Segment) -> Entry:
    return Entry(segment.id, segment.count, segment.low, segment.high)


class Vanished(Exception):
    """A part that is no more: its segment was merged and put away meanwhile."""


class SearchIndex:
    """The index as a whole, and what this process keeps of it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._room = KEPT_BYTES

    async def manifest(self) -> Manifest:
        """Return what the index is made of now."""
        document = await self._db[SEARCH_STATE].find_one({"_id": MANIFEST})
        return _manifest(document) if document else Manifest()

    async def _alter(self, change: Callable[[Manifest], Manifest | None]) -> bool:
        """Change the manifest, again on what another made of it; False if `change` returns None."""
        for _ in range(TRIES):
            found = await self.manifest()
            changed = change(found)
            if changed is None:
                return False
            if await self._replace(found, replace(changed, version=found.version + 1)):
                return True
        raise Unavailable(f"the index kept changing, {TRIES} times")

    async def _replace(self, found: Manifest, changed: Manifest) -> bool:
        values = _values(changed)
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
        """Add messages, durably, in segments of their own."""
        for start in range(0, len(rows), ROWS_MAX):
            some = rows[start : start + ROWS_MAX]
            segment, parts = await _beside(len(some), lambda some=some: build(new_id(), some))  # type: ignore[misc]
            await self._store(segment, parts)
            await self._alter(lambda found, made=segment: found.with_segment(made))  # type: ignore[misc]

    async def note_changes(self, rows: Iterable[Row]) -> None:
        """Note that what stands in older segments about these messages is to go."""
        stale = tuple((row.room, row.seq, row.version, row.at) for row in rows)
        if stale:
            await self._alter(lambda found: replace(found, stale=found.stale + stale))

    async def note_end(self, room_id: str, until: datetime) -> None:
        """Note that a room is no more, and all that was said there up to a moment is to go."""
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
        found = self._find_kept(ids)
        wanted = [id_ for id_ in ids if id_ not in found]
        if wanted:
            documents = await self._db[SEARCH_SEGMENTS].find({"_id": {"$in": wanted}})
            for document in documents:
                segment = from_values(document)
                found[segment.id] = self._keep(segment.id, segment, _weight(segment))
        return _all(found, ids)

    async def parts(self, segments: Iterable[Segment], ids: Sequence[str]) -> Parts:
        """Return parts of these segments by id; raise `Vanished`."""
        found: Parts = {}
        for segment in segments:
            if segment.whole:
                found |= {id_: segment.whole[id_] for id_ in ids if id_ in segment.whole}
        found |= self._find_kept([id_ for id_ in ids if id_ not in found])
        wanted = sorted({id_ for id_ in ids if id_ not in found})
        if wanted:
            for document in await self._db[SEARCH_PARTS].find({"_id": {"$in": wanted}}):
                part = document["part"]
                found[document["_id"]] = self._keep(document["_id"], part, _part_weight(part))
        return _all(found, ids)

    def _find_kept(self, ids: Iterable[str]) -> dict[str, Any]:
        found = {}
        for id_ in ids:
            kept = self._kept.get(id_)
            if kept is not None:
                self._kept.move_to_end(id_)
                found[id_] = kept[0]
        return found

    def _keep(self, id_: str, value: Any, weight: int) -> Any:
        if id_ not in self._kept:
            self._kept[id_] = (value, weight)
            self._room -= weight
        while self._room < 0:
            self._room += self._kept.popitem(last=False)[1][1]
        return value

    # Tidying

    async def merge_some(self) -> bool:
        """Make one segment of several small ones, if there are enough; return whether it did."""
        chosen = choose((await self.manifest()).entries)
        if not chosen:
            return False
        await self._renew(chosen, lambda row: False)
        return True

    async def scrub(self) -> None:
        """Rewrite the segments that hold something of what was edited, removed or deleted."""
        found = await self.manifest()
        if not (found.gone or found.stale):
            return
        ends, versions = dict(found.gone), {(room, seq): n for room, seq, n, _ in found.stale}

        def is_gone(row: Row) -> bool:
            old = row.version < versions.get((row.room, row.seq), 0)
            return old or row.at <= ends.get(row.room, -1)

        for entry in found.entries:
            segment = (await self.segments([entry.id]))[entry.id]
            if _concerns(segment, found):
                await self._renew([entry], is_gone)
        done = frozenset(found.gone) | frozenset(found.stale)
        await self._alter(
            lambda one: replace(
                one,
                gone=tuple(gone for gone in one.gone if gone not in done),
                stale=tuple(stale for stale in one.stale if stale not in done),
            )
        )

    async def _renew(self, old: Sequence[Entry], is_gone: Callable[[Row], bool]) -> None:
        ids = [entry.id for entry in old]
        count = sum(entry.count for entry in old)
        sources = [(one, await self._read(one)) for one in (await self.segments(ids)).values()]
        made = await _beside(count, lambda: merge(new_id(), sources, is_gone))
        if made is not None:
            await self._store(*made)

        def exchange(found: Manifest) -> Manifest | None:
            if not found.holds(ids):
                return None
            return found.with_segment(made[0], ids) if made else found.without(ids)

        if not await self._alter(exchange) and made is not None:
            await self._delete(made[0].id)  # Another process was quicker.

    async def _read(self, segment: Segment) -> Parts:
        if segment.whole:
            return segment.whole
        found: Parts = {}
        ids = segment.part_ids()
        for start in range(0, len(ids), PARTS_WRITTEN):
            part = {"$in": ids[start : start + PARTS_WRITTEN]}
            documents = await self._db[SEARCH_PARTS].find({"_id": part})
            found |= {one["_id"]: one["part"] for one in documents}
        return _all(found, ids)

    async def clear_away(self, seconds: float = RETIRED_SECONDS) -> None:
        """Delete segments that were retired so long ago that nobody is reading them."""
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
        # A closed range over the ids of its parts: "/" is followed by "0".
        await self._db[SEARCH_PARTS].delete({"_id": {"$gte": f"{id_}/", "$lt": f"{id_}0"}})
        await self._db[SEARCH_SEGMENTS].delete({"_id": id_})


def choose(entries: Sequence[Entry]) -> list[Entry]:
    """Return segments of about one size that should become one, the smallest first."""
    low = 0
    for high in TIERS:
        alike = sorted(
            (entry for entry in entries if low <= entry.count < high), key=lambda one: one.low
        )
        if len(alike) >= FAN:
            return _that_fit(alike)
        low = high
    return []


def _that_fit(entries: Iterable[Entry]) -> list[Entry]:
    chosen: list[Entry] = []
    room = ROWS_MAX
    for entry in entries:
        room -= entry.count
        if room < 0:
            break
        chosen.append(entry)
    return chosen


def _concerns(segment: Segment, found: Manifest) -> bool:
    rooms = frozenset(segment.rooms)
    return any(room in rooms and segment.low <= at for room, at in found.gone) or any(
        room in rooms and segment.low <= at <= segment.high for room, _, _, at in found.stale
    )


async def _beside(count: int, work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work) if count >= IN_THREAD else work()


def _all(found: dict[str, Any], ids: Iterable[str]) -> dict[str, Any]:
    if any(id_ not in found for id_ in ids):
        raise Vanished
    return {id_: found[id_] for id_ in ids}


def _weight(segment: Segment) -> int:
    parts = sum(map(_part_weight, segment.whole.values()))
    return 1_000 + parts + 60 * len(segment.fences) + 32 * len(segment.starts)


def _part_weight(part: bytes | Values) -> int:
    if isinstance(part, bytes):
        return len(part) + 200
    return len(part["terms"]) + len(part["counts"]) + len(part["rows"]) + 600


def _values(manifest: Manifest) -> Document:
    return {
        "version": manifest.version,
        "entries": [[one.id, one.count, one.low, one.high] for one in manifest.entries],
        "retired": [list(one) for one in manifest.retired],
        "gone": [list(one) for one in manifest.gone],
        "stale": [list(one) for one in manifest.stale],
    }


def _manifest(document: Document) -> Manifest:
    return Manifest(
        version=int(document["version"]),
        entries=tuple(Entry(*one) for one in document["entries"]),
        retired=tuple((one[0], one[1]) for one in document["retired"]),
        gone=tuple((one[0], one[1]) for one in document["gone"]),
        stale=tuple((one[0], one[1], one[2], one[3]) for one in document["stale"]),
    )
