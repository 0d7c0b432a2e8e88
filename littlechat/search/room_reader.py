"""Reads what is still to be indexed of one room, and stores how far it is indexed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from littlechat.core import Cursor
from littlechat.messages import MessageBatch, Messages, StoredMessage
from littlechat.platform import Database
from littlechat.search.schema import SEARCH_ROOMS
from littlechat.search.segments import Row
from littlechat.search.terms import terms

CHARS_AT_ONCE = 200_000
"""Of messages whose words are in memory at the same time: a character may be a word, of 100 bytes
and more."""

CHARS_ON_LOOP = 4_000
"""What has more is cut into words in a thread."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a room is indexed. `made` is when it was created: a deleted room's id comes back."""

    room_id: str
    made: datetime
    cursor: Cursor


class RoomReader:
    """Reads one room from where its index ends, some messages at a time."""

    def __init__(self, db: Database, messages: Messages, progress: Progress, known: bool) -> None:
        """`known` says whether `progress` is stored."""
        self._db, self._messages = db, messages
        self._known = known
        self._stored = self._now = progress
        self._waiting: list[StoredMessage] = []
        self._batch: MessageBatch | None = None
        self.has_more = True
        """Whether there is more to read."""
        self.reached = 0
        """The time up to which the room was read, in milliseconds."""

    async def read(self) -> list[Row]:
        """Return the rows of the next messages, and of those changed since they were indexed."""
        if self._batch is None:
            self._batch = await self._messages.queries.read_after(
                self._now.room_id, self._now.cursor
            )
            self._waiting = [*self._batch.changed, *self._batch.posted]
        rows = await _rows(self._take())
        if not self._waiting:
            # Only now, so that of a batch nothing is left out if this process dies within it.
            self._now = replace(self._now, cursor=self._batch.cursor)
            self.has_more, self._batch = self._batch.has_more, None
        self.reached = max([row.at for row in rows], default=self.reached)
        return rows

    def _take(self) -> list[StoredMessage]:
        """Take the next of what was read, and no more than may be in memory as words."""
        some, chars = list[StoredMessage](), 0
        while self._waiting and chars < CHARS_AT_ONCE:
            some.append(self._waiting.pop(0))
            chars += some[-1].length
        return some

    async def store(self) -> None:
        """Store how far the room is indexed, once its rows are in the index."""
        if self._now == self._stored and self._known:
            return
        cursor = self._now.cursor
        values = {"made": self._now.made, "seq": cursor.seq, "change": cursor.change}
        await self._db[SEARCH_ROOMS].update(
            {"_id": self._now.room_id}, {"$set": values}, upsert=True
        )
        self._stored, self._known = self._now, True


async def _rows(found: Sequence[StoredMessage]) -> list[Row]:
    if sum(one.length for one in found) < CHARS_ON_LOOP:
        return list(map(_row, found))
    return await asyncio.to_thread(lambda: list(map(_row, found)))


def _row(stored: StoredMessage) -> Row:
    message = stored.message()
    return Row(
        at=round(message.at.timestamp() * 1000),
        room=message.room_id,
        seq=message.seq,
        key=stored.key,
        version=message.version,
        terms=terms(message),
    )
