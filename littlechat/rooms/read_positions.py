"""How far each member has read a room: what is after it is unread (`room_list.py` counts it).

A new message writes nothing for its readers.
"""

from littlechat.core import Position
from littlechat.platform import Database
from littlechat.rooms.schema import MEMBERSHIPS


class ReadPositions:
    """The store: fields of the memberships."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def advance(self, room_id: str, user_id: str, read: Position) -> None:
        """Move a user's read position forward; never backwards."""
        await self._move(room_id, user_id, "$max", read)

    async def put_back(self, room_id: str, user_id: str, read: Position) -> None:
        """Set a user's read position, to mark later messages as unread."""
        await self._move(room_id, user_id, "$set", read)

    async def _move(self, room_id: str, user_id: str, how: str, read: Position) -> None:
        place = {"read_seq": read.seq, "read_unlisted": read.unlisted}
        await self._db[MEMBERSHIPS].update({"room": room_id, "user": user_id}, {how: place})
