"""A page of search results, and what a result must satisfy. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from littlechat.core import Message
from littlechat.search.matching import matches
from littlechat.search.query import Query
from littlechat.search.segments import Row

_FAR_FUTURE = 1 << 62
"""Milliseconds later than any message."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a page of results ends: time (in milliseconds), room and seq of its last message."""

    at: int
    room: str
    seq: int

    def __str__(self) -> str:
        return f"{self.at}-{self.seq}-{self.room}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """Return the place that `str` wrote, None for any other text."""
        match = re.fullmatch(r"(\d{1,15})-(\d{1,15})-([a-z0-9-]{1,60})", text, re.ASCII)
        return cls(int(match[1]), match[3], int(match[2])) if match else None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results, newest first, and the place after which the next page begins."""

    messages: list[Message] = field(default_factory=list)
    more: Place | None = None


@dataclass(frozen=True, slots=True)
class Criteria:
    """What results must satisfy: the query, the rooms searched, the authors if any, the page."""

    query: Query
    rooms: frozenset[str]
    authors: Sequence[str] | None
    after: Place | None

    @property
    def low(self) -> int:
        """The earliest time, in milliseconds."""
        return milliseconds(self.query.after.timestamp()) if self.query.after else 0

    @property
    def high(self) -> int:
        """The time, in milliseconds, before which results must be."""
        high = milliseconds(self.query.before.timestamp()) if self.query.before else _FAR_FUTURE
        return min(high, self.after.at + 1) if self.after else high

    def admits(self, row: Row) -> bool:
        """Whether a row of the index is in the rooms and times that are asked for."""
        if not self.low <= row.at < self.high or row.room not in self.rooms:
            return False
        return self.after is None or Place(row.at, row.room, row.seq) < self.after

    def accepts(self, message: Message) -> bool:
        """Whether a message as it is now satisfies the query."""
        return (
            message.room_id in self.rooms
            and (self.authors is None or message.author_id in self.authors)
            and matches(self.query, message)
        )


def milliseconds(seconds: float) -> int:
    """Return a time in milliseconds, as the index has it."""
    return round(seconds * 1000)
