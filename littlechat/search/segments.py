"""The format of the search index: immutable segments of messages in the order of time. Pure.

A segment is a sorted dictionary from terms to the rows that have them, cut into pages, and a table
of the rows. They are stored as few large documents, with which a database is quick: a message has a
dozen terms, and a document for each would cost a hundred times what the message does.
"""

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

Values = dict[str, Any]

ROWS_MAX = 65_536
"""How many messages the largest segment has: a row's number has 16 bits."""

PAGE_BYTES = 4_096
"""About how large a page of terms is."""

TABLE_ROWS = 64
"""How many rows a table has."""

WHOLE_BYTES = 96 * 1024
"""A segment up to this size is one document, with its pages and tables in it."""

_ROW = struct.Struct("<QQHI12s")
_AFTER = "\U0010ffff"


class Row(NamedTuple):
    """One message in a segment, as it was at `version`.

    `at` is its time in milliseconds, `key` the id of its document; `terms` are only there while a
    segment is built.
    """

    at: int
    room: str
    seq: int
    key: bytes
    version: int = 0
    terms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a dictionary. `ends` says where in `rows` the rows of each term end."""

    terms: list[str]
    ends: list[int]
    rows: "array[int]"

    def find(self, term: str) -> "array[int]":
        """Return the rows that have the term."""
        at = bisect_left(self.terms, term)
        if at == len(self.terms) or self.terms[at] != term:
            return array("H")
        return self._rows(at, at + 1)

    def find_prefix(self, prefix: str) -> "array[int]":
        """Return the rows that have a term with this prefix, unordered and some repeated."""
        low, high = bisect_left(self.terms, prefix), bisect_right(self.terms, prefix + _AFTER)
        return self._rows(low, high)

    def _rows(self, low: int, high: int) -> "array[int]":
        return self.rows[self.ends[low - 1] if low else 0 : self.ends[high - 1] if high else 0]

    def items(self) -> Iterator[tuple[str, "array[int]"]]:
        """Yield each term with its rows."""
        for at, term in enumerate(self.terms):
            yield term, self._rows(at, at + 1)


def page_of(values: Mapping[str, Any]) -> Page:
    """Return the page that a document holds."""
    counts, rows = array("H"), array("H")
    counts.frombytes(values["counts"])
    rows.frombytes(values["rows"])
    # A count has 16 bits: 65,536, of a term in every row of the largest segment, is stored as 0.
    ends = list(accumulate(count or ROWS_MAX for count in counts))
    return Page(values["terms"].split("\n"), ends, rows)


@dataclass(frozen=True, slots=True)
class Segment:
    """The head of a segment, by which its pages and tables are found.

    `low` and `high` are its first and last time in milliseconds. `counts` are the numbers of rows
    of each of `rooms`, `fences` the first terms of the pages, `starts` the first times of the
    tables. `whole` holds the pages and tables of a small segment by their ids.
    """

    id: str
    count: int
    low: int
    high: int
    rooms: list[str]
    counts: list[int]
    fences: list[str]
    starts: list[int]
    whole: dict[str, Any] = field(default_factory=dict)

    def page_ids(self, low: str, high: str) -> list[str]:
        """Return the ids of the pages that may hold terms from `low` to `high`."""
        first = max(0, bisect_right(self.fences, low) - 1)
        last = bisect_right(self.fences, high)
        return [f"{self.id}/p{number:05}" for number in range(first, last)]

    def pages_for(self, term: str, prefix: bool = False) -> list[str]:
        """Return the ids of the pages that may hold a term, or all terms with a prefix."""
        return self.page_ids(term, term + _AFTER if prefix else term)

    def table_for(self, row: int) -> str:
        """Return the id of the table that holds a row."""
        return f"{self.id}/t{row // TABLE_ROWS:05}"

    def part_ids(self) -> list[str]:
        """Return the ids of all pages and tables."""
        pages = [f"{self.id}/p{number:05}" for number in range(len(self.fences))]
        return pages + [f"{self.id}/t{number:05}" for number in range(len(self.starts))]

    def row(self, table: bytes, number: int) -> Row:
        """Return a row from its table."""
        at, seq, room, version, key = _ROW.unpack_from(table, number % TABLE_ROWS * _ROW.size)
        return Row(at, self.rooms[room], seq, key, version)

    def rows_between(self, low: int, high: int) -> range:
        """Return a range that holds all rows of `low` <= at < `high`, and some more."""
        first = max(0, bisect_left(self.starts, low) - 1) * TABLE_ROWS
        return range(first, min(self.count, bisect_left(self.starts, high) * TABLE_ROWS))


Parts = dict[str, Any]
"""Pages as values and tables as bytes, by their ids."""


def build(id_: str, rows: Iterable[Row]) -> tuple[Segment, Parts]:
    """Return a new segment of at most `ROWS_MAX` rows, and all its parts."""
    ordered = sorted(rows, key=lambda row: row[:3])
    postings: defaultdict[str, array[int]] = defaultdict(lambda: array("H"))
    for number, row in enumerate(ordered):
        for term in row.terms:
            postings[term].append(number)
    return _assemble(id_, ordered, postings)


def merge(
    id_: str,
    sources: Sequence[tuple[Segment, Parts]],
    is_gone: Callable[[Row], bool] = lambda row: False,
) -> tuple[Segment, Parts] | None:
    """Return one segment made of several; None if no row is left.

    Left out are rows for which `is_gone` is true, and older versions of the same message.
    """
    order, number_of = _order(sources, is_gone)
    if not order:
        return None
    postings: defaultdict[str, array[int]] = defaultdict(lambda: array("H"))
    for source, (segment, parts) in enumerate(sources):
        new = [number_of.get((source, number), -1) for number in range(segment.count)]
        for page in _pages(segment, parts):
            for term, old in page.items():
                postings[term].extend(new[number] for number in old if new[number] >= 0)
    kept = {term: array("H", sorted(found)) for term, found in postings.items() if found}
    return _assemble(id_, order, kept)


def _order(
    sources: Sequence[tuple[Segment, Parts]], is_gone: Callable[[Row], bool]
) -> tuple[list[Row], dict[tuple[int, int], int]]:
    """Return the rows that stay, by time, and their new numbers by source and old number."""
    newest: dict[tuple[str, int], tuple[Row, tuple[int, int]]] = {}
    for source, (segment, parts) in enumerate(sources):
        for number in range(segment.count):
            row = segment.row(parts[segment.table_for(number)], number)
            other = newest.get((row.room, row.seq))
            # A room made again under a deleted one's id has the same numbers at later times.
            if other and (other[0].at, other[0].version) >= (row.at, row.version):
                continue
            if not is_gone(row):
                newest[row.room, row.seq] = row, (source, number)
    order = sorted(newest.values(), key=lambda one: one[0][:3])
    return [row for row, _ in order], {which: number for number, (_, which) in enumerate(order)}


def _pages(segment: Segment, parts: Parts) -> Iterator[Page]:
    for number in range(len(segment.fences)):
        yield page_of(parts[f"{segment.id}/p{number:05}"])


def _assemble(
    id_: str, rows: Sequence[Row], postings: Mapping[str, "array[int]"]
) -> tuple[Segment, Parts]:
    pages = list(_cut(postings))
    held = Counter(row.room for row in rows)
    rooms = sorted(held)
    index = {room: number for number, room in enumerate(rooms)}
    packed = b"".join(
        _ROW.pack(row.at, row.seq, index[row.room], row.version, row.key) for row in rows
    )
    size = TABLE_ROWS * _ROW.size
    tables = [packed[at : at + size] for at in range(0, len(packed), size)]
    parts: Parts = {f"{id_}/p{number:05}": page for number, page in enumerate(pages)}
    parts |= {f"{id_}/t{number:05}": table for number, table in enumerate(tables)}
    small = len(packed) + sum(map(_size, pages)) <= WHOLE_BYTES
    segment = Segment(
        id=id_,
        count=len(rows),
        low=rows[0].at,
        high=rows[-1].at,
        rooms=rooms,
        counts=[held[room] for room in rooms],
        fences=[page["terms"].partition("\n")[0] for page in pages],
        starts=[row.at for row in rows[::TABLE_ROWS]],
        whole=parts if small else {},
    )
    return segment, parts


def _cut(postings: Mapping[str, "array[int]"]) -> Iterator[Values]:
    page: list[str] = []
    size = 0
    for term in sorted(postings):
        page.append(term)
        size += len(term) + 3 + 2 * len(postings[term])
        if size >= PAGE_BYTES:
            yield _packed(page, postings)
            page, size = [], 0
    if page:
        yield _packed(page, postings)


def _packed(terms: Sequence[str], postings: Mapping[str, "array[int]"]) -> Values:
    counts = array("H", (len(postings[term]) % ROWS_MAX for term in terms))
    rows = array("H")
    for term in terms:
        rows.extend(postings[term])
    return {"terms": "\n".join(terms), "counts": counts.tobytes(), "rows": rows.tobytes()}


def _size(page: Values) -> int:
    return len(page["terms"]) + len(page["counts"]) + len(page["rows"])


def to_values(segment: Segment) -> Values:
    """Return the document of a segment, with its parts if it is small."""
    return {
        "_id": segment.id,
        "count": segment.count,
        "low": segment.low,
        "high": segment.high,
        "rooms": segment.rooms,
        "counts": segment.counts,
        "fences": segment.fences,
        "starts": segment.starts,
        "whole": [{"_id": id_, "part": part} for id_, part in segment.whole.items()],
    }


def from_values(values: Mapping[str, Any]) -> Segment:
    """Return the segment that a document holds."""
    return Segment(
        id=str(values["_id"]),
        count=int(values["count"]),
        low=int(values["low"]),
        high=int(values["high"]),
        rooms=list(values["rooms"]),
        counts=list(values["counts"]),
        fences=list(values["fences"]),
        starts=list(values["starts"]),
        whole={one["_id"]: one["part"] for one in values["whole"]},
    )
