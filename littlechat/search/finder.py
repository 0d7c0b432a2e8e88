"""Finds messages by what a person asks for, newest first, in the rooms it is told and no others.

The index only proposes. What is found is read from the messages themselves and judged again, so
that an index that is behind, or knows an edited or removed text, can hide things, never show them.
"""

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from littlechat.core import Message
from littlechat.messages import Messages
from littlechat.search.postings import Entry, SearchIndex, Vanished
from littlechat.search.segments import (
    TABLE_ROWS,
    Parts,
    Row,
    Segment,
    page_of,
)
from littlechat.search.terms import (
    Query,
    by,
    having,
    matches,
    within,
)

RESULTS = 20
RESOLVED = 24
"""Rows that are looked up in one call."""

READ_MAX = 200
"""Messages read for one page of results; a page may be shorter if so many proved unfit."""

OPENED = (3, 4, 8, 16, 32)
"""Large segments opened at a time, more and more: mostly the newest have enough."""

STRANGERS = 64
"""Rows in rooms not asked for from which on it pays to sort them out before they are looked up."""

TRIES = 3
FAR = 1 << 62


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a page of results ends: the moment, the room and the number of its last message."""

    at: int
    room: str
    seq: int

    def __str__(self) -> str:
        return f"{self.at}-{self.seq}-{self.room}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """Return the place that `text` spells, None for anything else."""
        match = re.fullmatch(r"(\d{1,15})-(\d{1,15})-([a-z0-9-]{1,60})", text, re.ASCII)
        return cls(int(match[1]), match[3], int(match[2])) if match else None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results, newest first, and the place from which the next one goes on."""

    messages: list[Message] = field(default_factory=list)
    more: Place | None = None


@dataclass(slots=True)
class _Open:
    """A segment in which candidates were found: row numbers, the newest last."""

    segment: Segment
    rows: list[int]

    @property
    def bound(self) -> int:
        """A moment that no candidate left is later than; -1 if there is none."""
        if not self.rows:
            return -1
        following = self.rows[-1] // TABLE_ROWS + 1
        starts = self.segment.starts
        return starts[following] if following < len(starts) else self.segment.high


class Finder:
    """The search, over an index that somebody else keeps."""

    def __init__(self, index: SearchIndex, messages: Messages) -> None:
        self._index, self._messages = index, messages

    async def find(
        self,
        query: Query,
        room_ids: Iterable[str],
        author_ids: Sequence[str] | None = None,
        after: Place | None = None,
        limit: int = RESULTS,
    ) -> Found:
        """Return messages of these rooms, and of these authors if there are any given.

        `after` is where the page before ended.
        """
        asked = _Asked(query, frozenset(room_ids), author_ids, after)
        for _ in range(TRIES - 1):
            try:
                return await _Walk(self._index, self._messages, asked).results(limit)
            except Vanished:
                continue  # A segment was merged and put away meanwhile: look again.
        return await _Walk(self._index, self._messages, asked).results(limit)


@dataclass(frozen=True, slots=True)
class _Asked:
    query: Query
    rooms: frozenset[str]
    authors: Sequence[str] | None
    after: Place | None

    @property
    def low(self) -> int:
        return _milliseconds(self.query.after.timestamp()) if self.query.after else 0

    @property
    def high(self) -> int:
        high = _milliseconds(self.query.before.timestamp()) if self.query.before else FAR
        return min(high, self.after.at + 1) if self.after else high

    def admits(self, row: Row) -> bool:
        """Whether a row's place is among what is asked for."""
        if not self.low <= row.at < self.high or row.room not in self.rooms:
            return False
        return self.after is None or Place(row.at, row.room, row.seq) < self.after

    def accepts(self, message: Message) -> bool:
        """Whether a message as it is now is what is asked for."""
        return (
            message.room_id in self.rooms
            and (self.authors is None or message.author_id in self.authors)
            and matches(self.query, message)
        )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


class _Walk:
    """One search: segments from the newest to the oldest, no further than needed."""

    def __init__(self, index: SearchIndex, messages: Messages, asked: _Asked) -> None:
        self._index, self._messages, self._asked = index, messages, asked
        self._unopened: list[Entry] = []
        self._open: list[_Open] = []
        self._pool: dict[bytes, Row] = {}
        self._rounds = 0

    async def results(self, limit: int) -> Found:
        """Return a page of results."""
        asked = self._asked
        entries = (await self._index.manifest()).entries
        self._unopened = sorted(
            (entry for entry in entries if entry.high >= asked.low and entry.low < asked.high),
            key=lambda entry: entry.high,
        )
        found: list[Message] = []
        read: list[Row] = []
        while len(found) <= limit and len(read) < READ_MAX:
            rows = await self._next(limit + 1 - len(found))
            if not rows:
                break
            read += rows
            found += await self._judged(rows)
        return Found(found[:limit], self._place(found, read, limit))

    def _place(self, found: list[Message], read: list[Row], limit: int) -> Place | None:
        if len(found) > limit:
            last = found[limit - 1]
            return Place(_milliseconds(last.at.timestamp()), last.room_id, last.seq)
        if len(read) >= READ_MAX:
            return Place(read[-1].at, read[-1].room, read[-1].seq)
        return None

    async def _judged(self, rows: Sequence[Row]) -> list[Message]:
        found = await self._messages.queries.list_by_key(row.key for row in rows)
        by_place = {(message.room_id, message.seq): message for message in found}
        known = [by_place.get((row.room, row.seq)) for row in rows]
        return [message for message in known if message and self._asked.accepts(message)]

    async def _next(self, count: int) -> list[Row]:
        """Return the next rows, newest first: those that nothing unread can come before."""
        while True:
            bounds = [one.bound for one in self._open]
            bound = max(bounds + [entry.high for entry in self._unopened[-1:]], default=-1)
            ready = [row for row in self._pool.values() if row.at > bound]
            if len(ready) >= count or bound < 0:
                ready.sort(key=lambda row: row[:3], reverse=True)
                for row in ready[:count]:
                    del self._pool[row.key]
                return ready[:count]
            if self._unopened and self._unopened[-1].high >= bound:
                await self._open_some()
            else:
                await self._resolve(count)

    async def _open_some(self) -> None:
        """Find the candidates of the next segments; small ones come along for nothing."""
        large = OPENED[min(self._rounds, len(OPENED) - 1)]
        self._rounds += 1
        chosen: list[Entry] = []
        while self._unopened and large:
            chosen.append(self._unopened.pop())
            large -= chosen[-1].count >= 1_000
        opened = (await self._index.segments([entry.id for entry in chosen])).values()
        visible = [one for one in opened if not self._asked.rooms.isdisjoint(one.rooms)]
        found = await self._candidates({one.id: (one, self._pages(one)) for one in visible})
        masks = {
            one.id: (one, [self._own_rooms(one)])
            for one in visible
            if self._strangers(one, len(found[one.id])) > STRANGERS
        }
        own = await self._candidates(masks) if masks else {}
        for one in visible:
            rows = found[one.id]
            if one.id in own:
                rows = rows & own[one.id]
            self._open.append(_Open(one, sorted(rows)))

    def _strangers(self, segment: Segment, found: int) -> float:
        """Return about how many of the rows found stand in rooms that are not asked for."""
        pairs = zip(segment.rooms, segment.counts, strict=True)
        hidden = sum(count for room, count in pairs if room not in self._asked.rooms)
        return found * hidden / segment.count

    def _own_rooms(self, segment: Segment) -> "list[_Need]":
        terms = [within(room) for room in segment.rooms if room in self._asked.rooms]
        return [(term, False, segment.pages_for(term)) for term in terms]

    def _pages(self, segment: Segment) -> "list[list[_Need]]":
        """Return the groups of terms of which each must be met, with the pages they may be on."""
        query, asked = self._asked.query, self._asked
        groups = [[word] for word in query.words]
        groups += [[having(kind)] for kind in query.kinds]
        if asked.authors is not None:
            groups.append([by(author) for author in asked.authors])
        needs = [[(term, False, segment.pages_for(term)) for term in group] for group in groups]
        return needs + [
            [(prefix, True, segment.pages_for(prefix, prefix=True))] for prefix in query.prefixes
        ]

    async def _candidates(
        self, needed: "dict[str, tuple[Segment, list[list[_Need]]]]"
    ) -> dict[str, frozenset[int]]:
        """Return the rows of each segment that meet one need of each group."""
        needs = [need for _, groups in needed.values() for group in groups for need in group]
        wanted = dict.fromkeys(id_ for _, _, ids in needs for id_ in ids)
        segments = [segment for segment, _ in needed.values()]
        parts = await self._index.parts(segments, list(wanted))
        found: dict[str, frozenset[int]] = {}
        for id_, (segment, groups) in needed.items():
            span = segment.rows_between(self._asked.low, self._asked.high)
            sets = sorted((_rows(group, parts) for group in groups), key=len)
            rows = frozenset(sets[0] if sets else span).intersection(*sets[1:])
            whole = len(span) == segment.count
            found[id_] = rows if whole else frozenset(row for row in rows if row in span)
        return found

    async def _resolve(self, count: int) -> None:
        """Look up the newest candidates, of the segments that reach furthest first."""
        self._open.sort(key=lambda one: one.bound)
        taken: list[tuple[Segment, int]] = []
        for one in reversed(self._open):
            while one.rows and len(taken) < max(count, RESOLVED):
                taken += self._take_table(one)
        ids = list(dict.fromkeys(segment.table_for(number) for segment, number in taken))
        tables = await self._index.parts([one.segment for one in self._open], ids)
        for segment, number in taken:
            row = segment.row(tables[segment.table_for(number)], number)
            if self._asked.admits(row):
                self._pool[row.key] = row
        self._open = [one for one in self._open if one.rows]

    def _take_table(self, one: _Open) -> list[tuple[Segment, int]]:
        """Take the candidates that stand in the same table as the newest one."""
        table = one.segment.table_for(one.rows[-1])
        taken = []
        while one.rows and one.segment.table_for(one.rows[-1]) == table:
            taken.append((one.segment, one.rows.pop()))
        return taken


_Need = tuple[str, bool, list[str]]
"""A term or, if so said, a prefix, and the pages that may hold it."""


def _rows(group: Iterable[_Need], parts: Parts) -> "set[int] | array[int]":
    found = []
    for term, is_prefix, ids in group:
        for id_ in ids:
            page = page_of(parts[id_])
            found.append(page.find_prefix(term) if is_prefix else page.find(term))
    if len(found) == 1:
        return found[0]
    return set().union(*found)
