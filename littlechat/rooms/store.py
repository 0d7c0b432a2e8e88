"""The store of rooms: creating, finding, listing, renaming and deleting them.

A deleted room leaves a tombstone, which is never removed.
"""

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
    Position,
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
from littlechat.rooms.documents import end_of, entry_from, room_from
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.names import RoomNames, keys_of
from littlechat.rooms.room_list import RoomListEntry
from littlechat.rooms.schema import MEMBERSHIPS, ROOMS
from littlechat.text import accent_pattern, comparable

AnyRoom = TypeVar("AnyRoom", bound=Room)

LISTED_MAX = 300
"""Public rooms on one list; to find others, people search."""

CLEANUP_LEASE = timedelta(minutes=4)
"""For this long, no other process takes over the cleanup of a deleted room."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a deleted room, so that its id is never used again.

    `swept` is when a process last began to clean it up.
    """

    room_id: str
    deleted: datetime
    swept: datetime | None


class RoomStore:
    """The store of rooms."""

    def __init__(self, db: Database, memberships: Memberships) -> None:
        self._db, self._memberships = db, memberships
        self._names = RoomNames(db, memberships)

    async def open(self) -> None:
        """Create the Lobby on a new installation, and bring an older one's names up."""
        await self._names.open()
        try:
            await self._insert(LOBBY, "Lobby", "For everybody, about anything.", "public", None)
        except Duplicate:
            return

    async def create(
        self, creator: User, name: str, description: str, visibility: Visibility
    ) -> Room:
        """Create a room and make its creator a member.

        Raises `Invalid`, or `Duplicate` for a name taken.
        """
        name, description = validate_room_name(name), validate_description(description)
        await self._names.require_free(name, creator)
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
            **keys_of(room_id, name, visibility),
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
        """Return a room without checking access, for which see `get_visible`; raise `Missing`."""
        document = await self._db[ROOMS].find_one({"_id": room_id[:ROOM_ID_MAX]})
        if document is None or _is_tombstone(document):
            raise Missing
        return room_from(document)

    async def get_visible(self, room_id: str, user: User) -> tuple[Room, Membership | None]:
        """Return a room and the user's membership or None.

        Raises `Missing` for a private room of others, just as for one that does not exist.
        """
        membership = await self._memberships.find(room_id, user)
        room = await self.get(room_id)
        if membership is None and room.is_private:
            raise Missing
        return room, membership

    async def list_public(self, search: str = "", but: int = LISTED_MAX) -> list[Room]:
        """Return the public rooms, the latest activity first, at most `LISTED_MAX + but`."""
        matches = {"key": {"$regex": accent_pattern(search)}} if search else {}
        where = {"visibility": "public", **matches}
        latest = [("last_at", -1), ("created", -1)]
        documents = await self._db[ROOMS].find(where, sort=latest, limit=LISTED_MAX + but)
        return _by_activity(map(room_from, documents))

    async def list_visible(
        self, user: User, search: str = "", public: Iterable[Room] | None = None
    ) -> tuple[list[RoomListEntry], list[Room]]:
        """Return the rooms that a user is in, and the other public ones, latest activity first.

        Only rooms that `search` finds. `public` are the public rooms if they were read already.
        """
        mine = {
            str(one["room"]): one for one in await self._db[MEMBERSHIPS].find({"user": user.id})
        }
        search = comparable(search.replace("\0", ""))[:100]
        # Two queries, because the embedded database scans everything for an `$or`.
        joined = await self._db[ROOMS].find({"_id": {"$in": list(mine)}})
        public = await self.list_public(search, len(mine)) if public is None else public
        # A join at the time of a deletion may leave a membership of the deleted room.
        entries = [entry_from(one, mine[one["_id"]]) for one in joined if not _is_tombstone(one)]
        found = [
            room
            for room in _by_activity(entries)
            # A search also finds conversations that were hidden.
            if (search and search in comparable(room.title(user.name)))
            or (not search and room.last_seq > int(mine[room.id].get("hidden_seq", -1)))
        ]
        return found, [room for room in public if room.id not in mine][:LISTED_MAX]

    async def list_joined(self, user: User) -> list[Room]:
        """Return all rooms that a user is in, also hidden ones, the latest activity first."""
        mine = await self._db[MEMBERSHIPS].find({"user": user.id})
        ids = [str(document["room"]) for document in mine]
        found = await self._db[ROOMS].find({"_id": {"$in": ids}}) if ids else []
        return _by_activity([room_from(one) for one in found if not _is_tombstone(one)])

    async def list_common(self, user: User, other_id: str) -> list[Room]:
        """Return the public and private rooms that two users are both in, sorted by name."""
        mine = await self._memberships.list_room_ids(user.id)
        theirs = await self._memberships.list_room_ids(other_id)
        documents = await self._db[ROOMS].find({"_id": {"$in": sorted(mine & theirs)}})
        # Without direct conversations, which are rooms as well.
        named = [one for one in documents if one["visibility"] in ("public", "private")]
        return sorted(map(room_from, named), key=lambda room: fold(room.name))

    async def describe(self, room: Room, name: str, description: str, by: User) -> None:
        """Set a room's name and description; raise `Invalid`, or `Duplicate` for a name taken."""
        name, description = validate_room_name(name), validate_description(description)
        values: Document = {"description": description}
        # What an earlier version stored may look like another room's name, and stays.
        if name != room.name:
            await self._names.require_free(name, by, room.id)
            values |= {"name": name, **keys_of(room.id, name, room.visibility)}
        await self._db[ROOMS].update({"_id": room.id}, {"$set": values})

    async def delete(self, room_id: str) -> None:
        """Delete a room but leave a tombstone, so that its id is never used again.

        Otherwise open pages, cursors and pending sends of the old room would apply to the new one.
        """
        tombstone = {
            "key": f"deleted:{room_id}",
            "visibility": DELETED,
            "name": "",
            "description": "",
        }
        change = {"$set": {**tombstone, "deleted": now()}, "$unset": {"looks": ""}}
        await self._db[ROOMS].update({"_id": room_id}, change)

    async def touch(self, room_id: str, end: Position, at: datetime) -> None:
        """Store the latest activity, for lists; it never moves backwards."""
        latest = {"last_seq": end.seq, "last_unlisted": end.unlisted, "last_at": at}
        await self._db[ROOMS].update({"_id": room_id}, {"$max": latest})

    async def find(self, room_id: str) -> Room | None:
        """Return a room without checking access, or None."""
        try:
            return await self.get(room_id)
        except Missing:
            return None

    async def find_end(self, room_id: str) -> Position:
        """Return a room's last position, a hint which may lag behind; 0 for an unknown room."""
        document = await self._db[ROOMS].find_one({"_id": room_id})
        return end_of(document) if document else Position()

    async def list_all(self) -> list[Room]:
        """Return every room that is not deleted, in no order."""
        documents = await self._db[ROOMS].find({})
        return [room_from(one) for one in documents if not _is_tombstone(one)]

    async def list_tombstones(self) -> list[Tombstone]:
        """Return the tombstones whose rooms are not cleaned up, the longest unattended first."""
        documents = await self._db[ROOMS].find({"visibility": DELETED})
        found = [
            # Tombstones of earlier versions have no time of deletion.
            Tombstone(str(one["_id"]), one.get("deleted", LONG_AGO), one.get("swept"))
            for one in documents
        ]
        return sorted(found, key=lambda one: one.swept or LONG_AGO)

    async def lease_tombstone(self, tombstone: Tombstone, at: datetime) -> bool:
        """Take over the cleanup of a deleted room; return False if another process has it."""
        if tombstone.swept is not None and tombstone.swept > at - CLEANUP_LEASE:
            return False
        as_read = {"_id": tombstone.room_id, "swept": tombstone.swept}
        return await self._db[ROOMS].update(as_read, {"$set": {"swept": at}})

    async def mark_cleared(self, room_id: str) -> None:
        """Mark a deleted room as cleaned up."""
        await self._db[ROOMS].update({"_id": room_id}, {"$set": {"visibility": CLEARED}})


def _is_tombstone(document: Document) -> bool:
    return document["visibility"] in TOMBSTONE_VISIBILITIES


def _by_activity(rooms: Iterable[AnyRoom]) -> list[AnyRoom]:
    return sorted(rooms, key=lambda room: room.last_at or room.created, reverse=True)
