"""Finds messages that match a query, newest first, in the given rooms and no others.

The index only proposes candidates. Each is read from the messages and matched again, so that an
index that is behind, or still has a text that was edited or removed, can hide a message but never
show what is no longer there.
"""

import asyncio
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from littlechat.core import Message
from littlechat.messages import Messages
from littlechat.search.index import SearchIndex, Vanished
from littlechat.search.manifest import Entry
from littlechat.search.query import Query
from littlechat.search.results import Criteria, Found, Place, milliseconds
from littlechat.search.segments import TABLE_ROWS, Parts, Row, Segment, page_of
from littlechat.search.terms import author_term, kind_term, room_term

RESULTS = 20
RESOLVED = 24
"""How many rows are looked up in one call."""

READ_MAX = 200
"""How many messages are read for one page of results; the page is shorter if too few of them
match."""

READ_CHARS_MAX = 200_000
"""How many characters of messages are read for one page: their words are looked at one by one."""

CHARS_ON_LOOP = 4_000
"""Messages with more are looked at in a thread."""

OPENED = (3, 4, 8, 16, 32)
"""How many large segments are opened at a time, growing: mostly the newest ones are enough."""

FOREIGN_ROWS = 64
"""From this many candidates in rooms not searched on, it pays to exclude them by the room's term
before they are looked up."""

TRIES = 3
"""How often a search begins again because a segment it reads was merged."""


@dataclass(slots=True)
class _Open:
    """A segment and the row numbers of its candidates, the newest last."""

    segment: Segment
    rows: list[int]

    @property
    def bound(self) -> int:
        """A time that no remaining candidate is later than; -1 if there is none."""
        if not self.rows:
            return -1
        following = self.rows[-1] // TABLE_ROWS + 1
        starts = self.segment.starts
        return starts[following] if following < len(starts) else self.segment.high


class Finder:
    """The search over an index that `Indexer` maintains."""

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
        """Return a page of messages in these rooms, of these authors if given.

        `after` is where the page before ended. Whether the person may see the rooms is decided by
        the caller. Raises `Vanished` if segments kept being merged.
        """
        criteria = Criteria(query, frozenset(room_ids), author_ids, after)
        for _ in range(TRIES - 1):
            try:
                return await _Run(self._index, self._messages, criteria).results(limit)
            except Vanished:
                continue  # A segment was merged and deleted meanwhile: search again.
        return await _Run(self._index, self._messages, criteria).results(limit)


class _Run:
    """One search: it opens segments from the newest to the oldest, no further than needed."""

    def __init__(self, index: SearchIndex, messages: Messages, criteria: Criteria) -> None:
        self._index, self._messages, self._criteria = index, messages, criteria
        self._unopened: list[Entry] = []
        self._open: list[_Open] = []
        self._pool: dict[bytes, Row] = {}
        self._rounds = 0
        self._chars_read = 0

    async def results(self, limit: int) -> Found:
        """Return a page of results."""
        criteria = self._criteria
        entries = (await self._index.manifest()).entries
        self._unopened = sorted(
            (
                entry
                for entry in entries
                if entry.high >= criteria.low and entry.low < criteria.high
            ),
            key=lambda entry: entry.high,
        )
        found: list[Message] = []
        read: list[Row] = []
        while len(found) <= limit and not self._has_read_enough(read):
            rows = await self._next(limit + 1 - len(found))
            if not rows:
                break
            read += rows
            found += await self._matching(rows)
        return Found(found[:limit], self._place(found, read, limit))

    def _place(self, found: list[Message], read: list[Row], limit: int) -> Place | None:
        if len(found) > limit:
            last = found[limit - 1]
            return Place(milliseconds(last.at.timestamp()), last.room_id, last.seq)
        if self._has_read_enough(read):
            return Place(read[-1].at, read[-1].room, read[-1].seq)
        return None

    def _has_read_enough(self, read: list[Row]) -> bool:
        return len(read) >= READ_MAX or self._chars_read >= READ_CHARS_MAX

    async def _matching(self, rows: Sequence[Row]) -> list[Message]:
        found = await self._messages.queries.list_by_key(row.key for row in rows)
        by_place = {(message.room_id, message.seq): message for message in found}
        known = [one for row in rows if (one := by_place.get((row.room, row.seq)))]
        chars = sum(len(message.body) for message in known)
        self._chars_read += chars
        accepts = self._criteria.accepts
        if chars < CHARS_ON_LOOP:
            return list(filter(accepts, known))
        return await asyncio.to_thread(lambda: list(filter(accepts, known)))

    async def _next(self, count: int) -> list[Row]:
        """Return the next rows, newest first: no row still to be read can be newer than these."""
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
        """Find the candidates of the next segments; small ones are not counted."""
        large = OPENED[min(self._rounds, len(OPENED) - 1)]
        self._rounds += 1
        chosen: list[Entry] = []
        while self._unopened and large:
            chosen.append(self._unopened.pop())
            large -= chosen[-1].count >= 1_000
        opened = (await self._index.segments([entry.id for entry in chosen])).values()
        visible = [one for one in opened if not self._criteria.rooms.isdisjoint(one.rooms)]
        found = await self._candidates({one.id: (one, self._pages(one)) for one in visible})
        masks = {
            one.id: (one, [self._rooms(one)])
            for one in visible
            if self._foreign_rows(one, len(found[one.id])) > FOREIGN_ROWS
        }
        own = await self._candidates(masks) if masks else {}
        for one in visible:
            rows = found[one.id]
            if one.id in own:
                rows = rows & own[one.id]
            self._open.append(_Open(one, sorted(rows)))

    def _foreign_rows(self, segment: Segment, found: int) -> float:
        """Return an estimate of how many of the rows found are in rooms that are not searched."""
        pairs = zip(segment.rooms, segment.counts, strict=True)
        hidden = sum(count for room, count in pairs if room not in self._criteria.rooms)
        return found * hidden / segment.count

    def _rooms(self, segment: Segment) -> "list[_Lookup]":
        terms = [room_term(room) for room in segment.rooms if room in self._criteria.rooms]
        return [(term, False, segment.pages_for(term)) for term in terms]

    def _pages(self, segment: Segment) -> "list[list[_Lookup]]":
        """Return groups of lookups: a candidate has at least one term of every group."""
        query, authors = self._criteria.query, self._criteria.authors
        groups = [[word] for word in query.words]
        groups += [[kind_term(kind)] for kind in query.kinds]
        if authors is not None:
            groups.append([author_term(author) for author in authors])
        lookups = [[(term, False, segment.pages_for(term)) for term in group] for group in groups]
        return lookups + [
            [(prefix, True, segment.pages_for(prefix, prefix=True))] for prefix in query.prefixes
        ]

    async def _candidates(
        self, wanted: "dict[str, tuple[Segment, list[list[_Lookup]]]]"
    ) -> dict[str, frozenset[int]]:
        """Return, of each segment, the rows that have a term of every group."""
        lookups = [one for _, groups in wanted.values() for group in groups for one in group]
        pages = dict.fromkeys(id_ for _, _, ids in lookups for id_ in ids)
        segments = [segment for segment, _ in wanted.values()]
        parts = await self._index.parts(segments, list(pages))
        found: dict[str, frozenset[int]] = {}
        for id_, (segment, groups) in wanted.items():
            span = segment.rows_between(self._criteria.low, self._criteria.high)
            sets = sorted((_rows(group, parts) for group in groups), key=len)
            rows = frozenset(sets[0] if sets else span).intersection(*sets[1:])
            whole = len(span) == segment.count
            found[id_] = rows if whole else frozenset(row for row in rows if row in span)
        return found

    async def _resolve(self, count: int) -> None:
        """Look up the newest candidates, beginning with the segments that have the latest ones."""
        self._open.sort(key=lambda one: one.bound)
        taken: list[tuple[Segment, int]] = []
        for one in reversed(self._open):
            while one.rows and len(taken) < max(count, RESOLVED):
                taken += self._take_table(one)
        ids = list(dict.fromkeys(segment.table_for(number) for segment, number in taken))
        tables = await self._index.parts([one.segment for one in self._open], ids)
        for segment, number in taken:
            row = segment.row(tables[segment.table_for(number)], number)
            if self._criteria.admits(row):
                self._pool[row.key] = row
        self._open = [one for one in self._open if one.rows]

    def _take_table(self, one: _Open) -> list[tuple[Segment, int]]:
        """Take the candidates that are in the same table as the newest one."""
        table = one.segment.table_for(one.rows[-1])
        taken = []
        while one.rows and one.segment.table_for(one.rows[-1]) == table:
            taken.append((one.segment, one.rows.pop()))
        return taken


_Lookup = tuple[str, bool, list[str]]
"""A term, whether it is a prefix, and the ids of the pages that may hold it."""


def _rows(group: Iterable[_Lookup], parts: Parts) -> "set[int] | array[int]":
    found = []
    for term, is_prefix, ids in group:
        for id_ in ids:
            page = page_of(parts[id_])
            found.append(page.find_prefix(term) if is_prefix else page.find(term))
    if len(found) == 1:
        return found[0]
    return set().union(*found)
