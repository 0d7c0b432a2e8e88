"""What is left of deleted rooms: cleared by whoever runs, as often as it takes.

Deleting a room leaves a stone, and what was said there is cleared beside. A process may die on the
way, and a send that began before may come in after: so a stone counts as cleared only once nothing
can come any more. What waits for its bots and what the search index still holds goes with their own
sweeps, which nobody's death ends either.
"""

from datetime import datetime, timedelta

from littlechat.core import CLEARED, DELETED, LONG_AGO
from littlechat.files import Uploads
from littlechat.messages import Messages
from littlechat.platform import Database, Document
from littlechat.rooms import Rooms
from littlechat.search import Postings

SETTLED = timedelta(hours=1)
"""After this long no request lives that began before the room was deleted, the slowest upload's
neither: what such ones stored is there to be found."""

TURN = timedelta(minutes=4)
"""For so long a room is left to the process that took it."""


class Remains:
    """The sweep over the stones. Two processes may do the same work, which does no harm."""

    def __init__(
        self, db: Database, rooms: Rooms, messages: Messages, uploads: Uploads, postings: Postings
    ) -> None:
        self._db, self._rooms, self._messages = db, rooms, messages
        self._uploads, self._postings = uploads, postings

    async def sweep(self, at: datetime) -> int:
        """Clear what is left; return of how many rooms that was the last time."""
        done = 0
        stones = await self._db.rooms.find({"visibility": DELETED})
        # Who was looked after the longest ago first: one that fails must not keep the others back.
        for stone in sorted(stones, key=lambda one: one.get("swept", LONG_AGO)):
            if await self._take(stone, at):
                done += await self._clear(stone, at)
        return done

    async def _take(self, stone: Document, at: datetime) -> bool:
        """Whether it is this process's turn."""
        swept = stone.get("swept")
        if swept is not None and swept > at - TURN:
            return False
        as_read = {"_id": stone["_id"], "swept": swept}
        return await self._db.rooms.update(as_read, {"$set": {"swept": at}})

    async def _clear(self, stone: Document, at: datetime) -> bool:
        room_id = str(stone["_id"])
        await self._rooms.clear(room_id)
        await self._messages.delete_room(room_id)
        await self._uploads.delete_room(room_id, at)
        # A stone from before the time was noted is old enough.
        if stone.get("deleted", LONG_AGO) > at - SETTLED:
            return False
        # An indexer that was at it may have died before it could be told to forget the room.
        await self._postings.note_end(room_id, at)
        await self._db.rooms.update({"_id": room_id}, {"$set": {"visibility": CLEARED}})
        return True
