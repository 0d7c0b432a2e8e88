"""Rooms: made, found, listed, renamed, and as tombstones once they are deleted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from littlechat.core import (
    CLEARED,
    DELETED,
    LOBBY,
    LONG_AGO,
    ROOM_ID_MAX,
    TOMBSTONE_VISIBILITIES,
    Membership,
    Room,
    User,
    Visibility,
    fold,
    new_id,
    room_id_for,
    validate_description,
    validate_room_name,
)
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Missing,
    now,
)
from littlechat.rooms.documents import entry_from, room_from
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.room_list import RoomListEntry
from littlechat.rooms.schema import MEMBERSHIPS, ROOMS
from littlechat.text import accent_pattern, comparable

AnyRoom = TypeVar("AnyRoom", bound=Room)

LISTED_MAX = 300
"""Rooms on one list; beyond it the search helps."""

TURN = timedelta(minutes=4)
"""For so long the clearing of a deleted room is left to the process that took it."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a deleted room, so that its id is never given again."""

    room_id: str
    deleted: datetime
    swept: datetime | None


class RoomStore:
    """The store of rooms."""

    def __init__(self, db: Database, memberships: Memberships) -> None:
        self._db, self._memberships = db, memberships

    async def open(self) -> None:
        """Make the Lobby on a new installation."""
        try:
            await self._insert(LOBBY, "Lobby", "For everybody, about anything.", "public", None)
        except Duplicate:
            return

    async def create(
        self, creator: User, name: str, description: str, visibility: Visibility
    ) -> Room:
        """Make a room with its creator in it; raise `Invalid`, or `Duplicate` for a name taken."""
        name, description = validate_room_name(name), validate_description(description)
        if await self._db[ROOMS].find_one({"key": fold(name)}):
            raise Duplicate
        room_id = room_id_for(name, visibility)
        if await self._db[ROOMS].find_one({"_id": room_id}):
            # The id belongs to a room since renamed, or to one whose name is spelled differently.
            room_id = f"{room_id[: ROOM_ID_MAX - 8]}-{new_id()[:6]}"
        # The membership first: a crash in between leaves a right to nothing, not a room of
        # nobody's that holds its name for ever.
        await self._memberships.add(room_id, creator, "creator")
        try:
            await self._insert(room_id, name, description, visibility, creator)
        except Duplicate:
            await self._memberships.remove(room_id, creator.id)
            raise
        await self._memberships.recount(room_id)
        return await self.get(room_id)

    async def _insert(
        self,
        room_id: str,
        name: str,
        description: str,
        visibility: Visibility,
        creator: User | None,
    ) -> Room:
        document: Document = {
            "_id": room_id,
            "name": name,
            "key": fold(name),
            "description": description,
            "visibility": visibility,
            "creator": creator.id if creator else None,
            "created": now(),
            "members": 0,
            "last_seq": 0,
            "last_at": None,
        }
        await self._db[ROOMS].insert(document)
        return room_from(document)

    async def get(self, room_id: str) -> Room:
        """Return a room, whoever asks; raise `Missing`. For the page's sake use `get_visible`."""
        document = await self._db[ROOMS].find_one({"_id": room_id[:ROOM_ID_MAX]})
        if document is None or _is_tombstone(document):
            raise Missing
        return room_from(document)

    async def get_visible(self, room_id: str, user: User) -> tuple[Room, Membership | None]:
        """Return a room that `user` may know of; raise `Missing` for others, as if absent."""
        membership = await self._memberships.find(room_id, user)
        room = await self.get(room_id)
        if membership is None and room.is_private:
            raise Missing
        return room, membership

    async def list_public(self, search: str = "", but: int = LISTED_MAX) -> list[Room]:
        """Return the public rooms, latest activity first: as many as lists show, and `but`."""
        matches = {"key": {"$regex": accent_pattern(search)}} if search else {}
        where = {"visibility": "public", **matches}
        latest = [("last_at", -1), ("created", -1)]
        documents = await self._db[ROOMS].find(where, sort=latest, limit=LISTED_MAX + but)
        return _by_activity(map(room_from, documents))

    async def list_visible(
        self, user: User, search: str = "", public: Iterable[Room] | None = None
    ) -> tuple[list[RoomListEntry], list[Room]]:
        """Return the rooms the person is in and the other `public` ones, latest activity first."""
        mine = {
            str(one["room"]): one for one in await self._db[MEMBERSHIPS].find({"user": user.id})
        }
        search = comparable(search.replace("\0", ""))[:100]
        # Two queries, since the embedded database scans everything for one `$or`.
        joined = await self._db[ROOMS].find({"_id": {"$in": list(mine)}})
        public = await self.list_public(search, len(mine)) if public is None else public
        # A join that raced a deletion leaves a membership of what is no more.
        entries = [entry_from(one, mine[one["_id"]]) for one in joined if not _is_tombstone(one)]
        found = [
            room
            for room in _by_activity(entries)
            # Who searches finds again what they hid.
            if (search and search in comparable(room.title(user.name)))
            or (not search and room.last_seq > int(mine[room.id].get("hidden_seq", -1)))
        ]
        return found, [room for room in public if room.id not in mine][:LISTED_MAX]

    async def list_joined(self, user: User) -> list[Room]:
        """Return every room the person is in, as the store has it now, whatever lists show."""
        mine = await self._db[MEMBERSHIPS].find({"user": user.id})
        ids = [str(document["room"]) for document in mine]
        found = await self._db[ROOMS].find({"_id": {"$in": ids}}) if ids else []
        return _by_activity([room_from(one) for one in found if not _is_tombstone(one)])

    async def list_common(self, user: User, other_id: str) -> list[Room]:
        """Return the rooms that two people are both in, by name."""
        mine = await self._memberships.list_room_ids(user.id)
        theirs = await self._memberships.list_room_ids(other_id)
        documents = await self._db[ROOMS].find({"_id": {"$in": sorted(mine & theirs)}})
        # Conversations of few people are rooms as well, and have no name.
        named = [one for one in documents if one["visibility"] in ("public", "private")]
        return sorted(map(room_from, named), key=lambda room: fold(room.name))

    async def describe(self, room_id: str, name: str, description: str) -> None:
        """Rename and re-describe; raise `Invalid`, or `Duplicate` for a name taken."""
        name, description = validate_room_name(name), validate_description(description)
        await self._db[ROOMS].update(
            {"_id": room_id},
            {"$set": {"name": name, "key": fold(name), "description": description}},
        )

    async def delete(self, room_id: str) -> None:
        """Delete a room, leaving a tombstone that keeps its id from being used again.

        A room made under an old id would meet pages, cursors and sends that mean the old room.
        """
        tombstone = {
            "key": f"deleted:{room_id}",
            "visibility": DELETED,
            "name": "",
            "description": "",
        }
        await self._db[ROOMS].update({"_id": room_id}, {"$set": {**tombstone, "deleted": now()}})

    async def touch(self, room_id: str, seq: int, at: datetime) -> None:
        """Note the latest activity, for lists; never moves backwards."""
        await self._db[ROOMS].update({"_id": room_id}, {"$max": {"last_seq": seq, "last_at": at}})

    async def find(self, room_id: str) -> Room | None:
        """Return a room that is not deleted, whoever asks, or None."""
        try:
            return await self.get(room_id)
        except Missing:
            return None

    async def find_last_seq(self, room_id: str) -> int:
        """Return the hint of how far a room has come, 0 for a room that is not there."""
        document = await self._db[ROOMS].find_one({"_id": room_id})
        return int(document["last_seq"]) if document else 0

    async def list_all(self) -> list[Room]:
        """Return every room that is not deleted, in no order."""
        documents = await self._db[ROOMS].find({})
        return [room_from(one) for one in documents if not _is_tombstone(one)]

    async def list_tombstones(self) -> list[Tombstone]:
        """Return what is left of rooms that are not cleared, the longest not looked after first."""
        documents = await self._db[ROOMS].find({"visibility": DELETED})
        found = [
            # One from before the time was noted is old enough.
            Tombstone(str(one["_id"]), one.get("deleted", LONG_AGO), one.get("swept"))
            for one in documents
        ]
        return sorted(found, key=lambda one: one.swept or LONG_AGO)

    async def take_tombstone(self, tombstone: Tombstone, at: datetime) -> bool:
        """Whether it is this process's turn to clear what is left of a deleted room."""
        if tombstone.swept is not None and tombstone.swept > at - TURN:
            return False
        as_read = {"_id": tombstone.room_id, "swept": tombstone.swept}
        return await self._db[ROOMS].update(as_read, {"$set": {"swept": at}})

    async def note_cleared(self, room_id: str) -> None:
        """Note that nothing is left of what was said in a deleted room."""
        await self._db[ROOMS].update({"_id": room_id}, {"$set": {"visibility": CLEARED}})


def _is_tombstone(document: Document) -> bool:
    return document["visibility"] in TOMBSTONE_VISIBILITIES


def _by_activity(rooms: Iterable[AnyRoom]) -> list[AnyRoom]:
    return sorted(rooms, key=lambda room: room.last_at or room.created, reverse=True)
