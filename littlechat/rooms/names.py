"""Which names of rooms are taken, and the fields of a room by which its name is unique.

A public room's document holds the skeletons of its name in `looks`, under a unique index. A private
room holds none: its name must not be found out by trying it.
"""

import logging

from littlechat.core import LOBBY, User, Visibility, fold
from littlechat.platform import Database, Document, Duplicate, claim_unclaimed
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.schema import ROOMS
from littlechat.text import list_looks, look_alike

log = logging.getLogger(__name__)


def keys_of(room_id: str, name: str, visibility: Visibility) -> Document:
    """Return what is unique of a room: of a public one its name, and how that looks."""
    if visibility == "public":
        return {"key": fold(name), "looks": list_looks(name)}
    return {"key": f"{visibility}:{room_id}"}


class RoomNames:
    """The names of rooms that are taken."""

    def __init__(self, db: Database, memberships: Memberships) -> None:
        self._db, self._memberships = db, memberships

    async def open(self) -> None:
        """Bring the rooms of an earlier version up; two that look alike both keep their names."""
        # Private rooms' names were in the index of names, by which anybody could find them out.
        for one in await self._db[ROOMS].find({"visibility": "private"}):
            keys = keys_of(str(one["_id"]), "", "private")
            if one["key"] != keys["key"]:
                await self._db[ROOMS].update({"_id": one["_id"]}, {"$set": keys})
        found = await self._db[ROOMS].find({"visibility": "public", "looks": None})
        # The Lobby is the one that others must not pass themselves off as.
        for one in sorted(found, key=lambda it: (it["_id"] != LOBBY, it["created"])):
            room_id, looks = str(one["_id"]), list_looks(str(one["name"]))
            if await claim_unclaimed(self._db[ROOMS], room_id, "looks", looks):
                log.warning("a room's name looks like another's", extra={"room": room_id})

    async def require_free(self, name: str, user: User, but: str = "") -> None:
        """Raise `Duplicate` if a room that a user may see has this name or one that looks like it.

        The room `but` does not count. A private room of others must not be found by trying its
        name: rooms may have one name.
        """
        taken = await self._db[ROOMS].find({"key": fold(name)})
        taken += await self._db[ROOMS].find({"looks": {"$in": list_looks(name)}})
        mine = sorted(await self._memberships.list_room_ids(user.id))
        private = {"_id": {"$in": mine}, "visibility": "private"}
        taken += [
            one for one in await self._db[ROOMS].find(private) if look_alike(str(one["name"]), name)
        ]
        if any(one["_id"] != but for one in taken):
            raise Duplicate
