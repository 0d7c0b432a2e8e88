"""Reads what is still to be indexed of one room, and stores how far it is indexed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from littlechat.core import Cursor
from littlechat.messages import Messages, StoredMessage
from littlechat.platform import Database
from littlechat.search.schema import SEARCH_ROOMS
from littlechat.search.segments import Row
from littlechat.search.terms import terms


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
        self.has_more = True
        """Whether there is more to read."""
        self.reached = 0
        """The time up to which the room was read, in milliseconds."""

    async def read(self) -> list[Row]:
        """Return the rows of the next messages, and of those changed since they were indexed."""
        bulk = await self._messages.queries.read_after(self._now.room_id, self._now.cursor)
        self._now = replace(self._now, cursor=bulk.cursor)
        self.has_more = bulk.has_more
        rows = await _rows([*bulk.changed, *bulk.posted])
        self.reached = max([row.at for row in rows], default=self.reached)
        return rows

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
    if len(found) < 50:
        return list(map(_row, found))
    # A thousand at once would block the event loop.
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
