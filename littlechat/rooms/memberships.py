"""The store of memberships. It checks no permissions."""

import contextlib

from littlechat.core import (
    ROOM_ID_MAX,
    Level,
    Membership,
    Position,
    Role,
    User,
    fold,
)
from littlechat.platform import Database, Duplicate, now
from littlechat.rooms.documents import membership_from
from littlechat.rooms.schema import MEMBERSHIPS, ROOMS

UNREAD = Position()
"""How far somebody has read who has read nothing."""


class Memberships:
    """The store of memberships."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, room_id: str, user: User) -> Membership | None:
        """Return a user's membership in a room, or None."""
        document = await self._db[MEMBERSHIPS].find_one(
            {"room": room_id[:ROOM_ID_MAX], "user": user.id}
        )
        return membership_from(document) if document else None

    async def add(self, room_id: str, user: User, role: Role, read: Position = UNREAD) -> None:
        """Make a user a member of a room; raise `Duplicate` if they are."""
        await self._db[MEMBERSHIPS].insert(
            {
                "room": room_id,
                "user": user.id,
                "name": user.name,
                "role": role,
                "joined": now(),
                "read_seq": read.seq,
                "read_unlisted": read.unlisted,
            }
        )

    async def add_bot(self, room_id: str, bot: User) -> None:
        """Make a bot a member of a room; may be repeated."""
        where = {"room": room_id, "user": bot.id}
        if await self._db[MEMBERSHIPS].find_one(where):
            return
        place = {"name": bot.name, "role": "member", "joined": now(), "read_seq": 0, "bot": True}
        with contextlib.suppress(Duplicate):
            await self._db[MEMBERSHIPS].insert({**where, **place})

    async def remove(self, room_id: str, user_id: str) -> None:
        """End a membership, if it exists."""
        await self._db[MEMBERSHIPS].delete({"room": room_id, "user": user_id})

    async def find_named(self, room_id: str, name: str) -> Membership | None:
        """Return the membership of the user with exactly this name, or None."""
        document = await self._db[MEMBERSHIPS].find_one({"room": room_id, "name": name})
        return membership_from(document) if document else None

    async def make_manager(self, room_id: str, user_id: str) -> None:
        """Make a member the manager of the room."""
        await self._db[MEMBERSHIPS].update(
            {"room": room_id, "user": user_id}, {"$set": {"role": "creator"}}
        )

    async def list_room_ids(self, user_id: str) -> set[str]:
        """Return the ids of the rooms that a user is in."""
        documents = await self._db[MEMBERSHIPS].find({"user": user_id})
        return {str(one["room"]) for one in documents}

    async def clear(self, room_id: str) -> None:
        """Delete all memberships of a deleted room."""
        await self._db[MEMBERSHIPS].delete({"room": room_id})

    async def list_of(self, room_id: str) -> list[Membership]:
        """Return a room's members, sorted by name."""
        documents = await self._db[MEMBERSHIPS].find({"room": room_id})
        return sorted(map(membership_from, documents), key=lambda one: fold(one.user_name))

    async def list_among(self, room_id: str, user_ids: list[str]) -> set[str]:
        """Return those of `user_ids` who are members of the room."""
        documents = await self._db[MEMBERSHIPS].find({"room": room_id, "user": {"$in": user_ids}})
        return {str(document["user"]) for document in documents}

    async def set_level(self, room_id: str, user_id: str, level: Level | None) -> None:
        """Store which messages a member is notified of; None for their default."""
        how = {"$set": {"level": level}} if level else {"$unset": {"level": ""}}
        await self._db[MEMBERSHIPS].update({"room": room_id, "user": user_id}, how)

    async def recount(self, room_id: str) -> None:
        """Store in the room the number of its members, without bots."""
        # Counted, not incremented: the next change repairs what a crash has left wrong.
        members = sum(not one.bot for one in await self.list_of(room_id))
        await self._db[ROOMS].update({"_id": room_id}, {"$set": {"members": members}})
