"""The store of bans. It only keeps the list; `members` checks it whenever somebody joins."""

from dataclasses import dataclass
from datetime import datetime

from littlechat.core import User
from littlechat.platform import (
    Database,
    Duplicate,
    Missing,
    now,
)
from littlechat.rooms.schema import BANS

LISTED_MAX = 500


@dataclass(frozen=True, slots=True)
class Ban:
    """A user who may not join a room, and the name of who banned them."""

    room_id: str
    user_id: str
    user_name: str
    by_name: str
    at: datetime


class Bans:
    """The store of bans."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, room_id: str, user_id: str, name: str, by: User) -> None:
        """Ban a user; may be repeated."""
        try:
            await self._db[BANS].insert(
                {"room": room_id, "user": user_id, "name": name, "by_name": by.name, "at": now()}
            )
        except Duplicate:
            return

    async def is_banned(self, room_id: str, user_id: str) -> bool:
        """Whether a user is banned from a room."""
        return await self._db[BANS].find_one({"room": room_id, "user": user_id}) is not None

    async def list_bans(self, room_id: str) -> list[Ban]:
        """Return a room's bans, the newest first."""
        documents = await self._db[BANS].find({"room": room_id}, limit=LISTED_MAX)
        bans = [
            Ban(room_id, str(one["user"]), str(one["name"]), str(one["by_name"]), one["at"])
            for one in documents
        ]
        return sorted(bans, key=lambda ban: ban.at, reverse=True)

    async def lift(self, room_id: str, name: str) -> None:
        """Remove the ban on the user with this name; raise `Missing`."""
        if not await self._db[BANS].delete({"room": room_id, "name": name}):
            raise Missing

    async def clear(self, room_id: str) -> None:
        """Delete all bans of a deleted room."""
        await self._db[BANS].delete({"room": room_id})
