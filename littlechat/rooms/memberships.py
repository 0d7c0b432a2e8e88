"""Who belongs to which room, and how many there are. It asks for nobody's right."""

import contextlib

from littlechat.core import (
    ROOM_ID_MAX,
    Level,
    Membership,
    Role,
    User,
    fold,
)
from littlechat.platform import Database, Duplicate, now
from littlechat.rooms.documents import membership_from
from littlechat.rooms.schema import MEMBERSHIPS, ROOMS


class Memberships:
    """The store of memberships."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, room_id: str, user: User) -> Membership | None:
        """Return the person's place in the room, which is the right to read and write there."""
        document = await self._db[MEMBERSHIPS].find_one(
            {"room": room_id[:ROOM_ID_MAX], "user": user.id}
        )
        return membership_from(document) if document else None

    async def add(self, room_id: str, user: User, role: Role, read_seq: int = 0) -> None:
        """Let somebody belong to a room; raise `Duplicate` if they do."""
        await self._db[MEMBERSHIPS].insert(
            {
                "room": room_id,
                "user": user.id,
                "name": user.name,
                "role": role,
                "joined": now(),
                "read_seq": read_seq,
            }
        )

    async def add_bot(self, room_id: str, bot: User) -> None:
        """Let a bot belong to a room; twice is once."""
        where = {"room": room_id, "user": bot.id}
        if await self._db[MEMBERSHIPS].find_one(where):
            return
        place = {"name": bot.name, "role": "member", "joined": now(), "read_seq": 0, "bot": True}
        with contextlib.suppress(Duplicate):
            await self._db[MEMBERSHIPS].insert({**where, **place})

    async def remove(self, room_id: str, user_id: str) -> None:
        """Let somebody belong to a room no more."""
        await self._db[MEMBERSHIPS].delete({"room": room_id, "user": user_id})

    async def find_named(self, room_id: str, name: str) -> Membership | None:
        """Return the place of the member with exactly this username, or None."""
        document = await self._db[MEMBERSHIPS].find_one({"room": room_id, "name": name})
        return membership_from(document) if document else None

    async def make_manager(self, room_id: str, user_id: str) -> None:
        """Let a member manage the room."""
        await self._db[MEMBERSHIPS].update(
            {"room": room_id, "user": user_id}, {"$set": {"role": "creator"}}
        )

    async def list_room_ids(self, user_id: str) -> set[str]:
        """Return the ids of the rooms that somebody is in."""
        documents = await self._db[MEMBERSHIPS].find({"user": user_id})
        return {str(one["room"]) for one in documents}

    async def clear(self, room_id: str) -> None:
        """Forget who belonged to a room that is no more."""
        await self._db[MEMBERSHIPS].delete({"room": room_id})

    async def list_of(self, room_id: str) -> list[Membership]:
        """Return a room's members by name."""
        documents = await self._db[MEMBERSHIPS].find({"room": room_id})
        return sorted(map(membership_from, documents), key=lambda one: fold(one.user_name))

    async def list_among(self, room_id: str, user_ids: list[str]) -> set[str]:
        """Return those of `user_ids` who are members of the room."""
        documents = await self._db[MEMBERSHIPS].find({"room": room_id, "user": {"$in": user_ids}})
        return {str(document["user"]) for document in documents}

    async def set_level(self, room_id: str, user_id: str, level: Level | None) -> None:
        """Keep what a member is notified of there; None is what they are in every room."""
        how = {"$set": {"level": level}} if level else {"$unset": {"level": ""}}
        await self._db[MEMBERSHIPS].update({"room": room_id, "user": user_id}, how)

    async def recount(self, room_id: str) -> None:
        """Note in the room how many people are in it, bots not counted."""
        # A count, not an increment: a crash in between is put right by the next to come or go.
        members = sum(not one.bot for one in await self.list_of(room_id))
        await self._db[ROOMS].update({"_id": room_id}, {"$set": {"members": members}})
