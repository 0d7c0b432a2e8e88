"""Rooms, memberships, invitations; the only place that answers "may this person see this room"."""

import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from littlechat.core import (
    DELETED,
    GONE,
    LOBBY,
    ROOM_ID_MAX,
    Invitation,
    Level,
    Membership,
    Refused,
    Role,
    Room,
    User,
    Visibility,
    clean_description,
    clean_room_name,
    fold,
    new_id,
    room_id_for,
)
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Missing,
    now,
)
from littlechat.rooms.bans import Bans
from littlechat.rooms.room_list import Listed

AnyRoom = TypeVar("AnyRoom", bound=Room)

LISTED_MAX = 300
"""Rooms on one list; beyond it the search helps."""


class Rooms:
    """The store of rooms and of who belongs to them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.bans = Bans(db)

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
        name, description = clean_room_name(name), clean_description(description)
        if await self._db.rooms.find_one({"key": fold(name)}):
            raise Duplicate
        room_id = room_id_for(name, visibility)
        if await self._db.rooms.find_one({"_id": room_id}):
            # The id belongs to a room since renamed, or to one whose name is spelled differently.
            room_id = f"{room_id[: ROOM_ID_MAX - 8]}-{new_id()[:6]}"
        # The membership first: a crash in between leaves a right to nothing, not a room of
        # nobody's that holds its name for ever.
        await self._add_member(room_id, creator, "creator")
        try:
            await self._insert(room_id, name, description, visibility, creator)
        except Duplicate:
            await self._db.memberships.delete({"room": room_id, "user": creator.id})
            raise
        await self._recount(room_id)
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
        await self._db.rooms.insert(document)
        return _room(document)

    async def get(self, room_id: str) -> Room:
        """Return a room, whoever asks; raise `Missing`. For the page's sake use `get_visible`."""
        document = await self._db.rooms.find_one({"_id": room_id[:ROOM_ID_MAX]})
        if document is None or document["visibility"] in GONE:
            raise Missing
        return _room(document)

    async def find_membership(self, room_id: str, user: User) -> Membership | None:
        """Return the person's place in the room, which is the right to read and write there."""
        document = await self._db.memberships.find_one(
            {"room": room_id[:ROOM_ID_MAX], "user": user.id}
        )
        return _membership(document) if document else None

    async def get_visible(self, room_id: str, user: User) -> tuple[Room, Membership | None]:
        """Return a room that `user` may know of; raise `Missing` for others, as if absent."""
        membership = await self.find_membership(room_id, user)
        room = await self.get(room_id)
        if membership is None and room.is_private:
            raise Missing
        return room, membership

    async def list_public(self, search: str = "", but: int = LISTED_MAX) -> list[Room]:
        """Return the public rooms, latest activity first: as many as lists show, and `but`."""
        matches = {"key": {"$regex": re.escape(search)}} if search else {}
        where = {"visibility": "public", **matches}
        latest = [("last_at", -1), ("created", -1)]
        documents = await self._db.rooms.find(where, sort=latest, limit=LISTED_MAX + but)
        return _by_activity(map(_room, documents))

    async def list_visible(
        self, user: User, search: str = "", public: Iterable[Room] | None = None
    ) -> tuple[list[Listed], list[Room]]:
        """Return the rooms the person is in and the other `public` ones, latest activity first."""
        mine = {str(one["room"]): one for one in await self._db.memberships.find({"user": user.id})}
        search = fold(search.replace("\0", ""))[:100]
        # Two queries, since the embedded database scans everything for one `$or`.
        joined = await self._db.rooms.find({"_id": {"$in": list(mine)}})
        public = await self.list_public(search, len(mine)) if public is None else public
        # A join that raced a deletion leaves a membership of what is no more.
        listed = [_listed(one, mine[one["_id"]]) for one in joined if one["visibility"] not in GONE]
        found = [
            room
            for room in _by_activity(listed)
            # Who searches finds again what they hid.
            if (search and search in fold(room.title(user.name)))
            or (not search and room.last_seq > int(mine[room.id].get("hidden_seq", -1)))
        ]
        return found, [room for room in public if room.id not in mine][:LISTED_MAX]

    async def list_joined(self, user: User) -> list[Room]:
        """Return every room the person is in, as the store has it now, whatever lists show."""
        mine = await self._db.memberships.find({"user": user.id})
        ids = [str(document["room"]) for document in mine]
        found = await self._db.rooms.find({"_id": {"$in": ids}}) if ids else []
        return _by_activity([_room(one) for one in found if one["visibility"] not in GONE])

    async def list_members(self, room_id: str) -> list[Membership]:
        """Return a room's members by name."""
        documents = await self._db.memberships.find({"room": room_id})
        return sorted(map(_membership, documents), key=lambda one: fold(one.user_name))

    async def list_common(self, user: User, other_id: str) -> list[Room]:
        """Return the rooms that two people are both in, by name."""
        mine, theirs = [
            {str(one["room"]) for one in await self._db.memberships.find({"user": user_id})}
            for user_id in (user.id, other_id)
        ]
        documents = await self._db.rooms.find({"_id": {"$in": sorted(mine & theirs)}})
        # Conversations of few people are rooms as well, and have no name.
        named = [one for one in documents if one["visibility"] in ("public", "private")]
        return sorted(map(_room, named), key=lambda room: fold(room.name))

    async def list_members_among(self, room_id: str, user_ids: list[str]) -> set[str]:
        """Return those of `user_ids` who are members of the room."""
        documents = await self._db.memberships.find({"room": room_id, "user": {"$in": user_ids}})
        return {str(document["user"]) for document in documents}

    async def join(self, room_id: str, user: User) -> Room:
        """Make the person a member of a public room; raise `Missing`. Twice is once."""
        room, membership = await self.get_visible(room_id, user)
        if membership is None:
            # Who enters an abandoned room minds it; the Lobby is nobody's.
            abandoned = room.members == 0 and room.id != LOBBY
            await self._enter(room, user, "creator" if abandoned else "member")
        return room

    async def _enter(self, room: Room, user: User, role: Role) -> None:
        await self._require_unbanned(room, user)
        try:
            await self._add_member(room.id, user, role, room.last_seq)
        except Duplicate:
            return
        try:
            # Once more: who is banned while they enter may have been removed before they were in.
            await self._require_unbanned(room, user)
        except Refused:
            await self._db.memberships.delete({"room": room.id, "user": user.id})
            raise
        await self._recount(room.id)

    async def _require_unbanned(self, room: Room, user: User) -> None:
        if await self.bans.is_banned(room.id, user.id):
            raise Refused(f"You are banned from {room.name}.")

    async def _add_member(self, room_id: str, user: User, role: Role, read_seq: int = 0) -> None:
        await self._db.memberships.insert(
            {
                "room": room_id,
                "user": user.id,
                "name": user.name,
                "role": role,
                "joined": now(),
                "read_seq": read_seq,
            }
        )

    async def leave(self, room_id: str, user: User) -> None:
        """End a membership; raise `Missing`, or `Refused` if it would orphan a private room."""
        room = await self.get(room_id)
        membership = await self.find_membership(room_id, user)
        if membership is None:
            raise Missing
        if room.is_direct:
            raise Refused("A direct conversation cannot be left. Hide it instead.")
        # Bots keep no room: who is left with them alone is the last one.
        members = await self.list_members(room_id)
        others = [one for one in members if one.user_id != user.id and not one.bot]
        if room.is_private and not others:
            raise Refused("You are the last one here. Delete the room instead of leaving it.")
        if membership.may_manage and others:
            heir = min(others, key=lambda one: one.joined)
            await self._db.memberships.update(
                {"room": room_id, "user": heir.user_id}, {"$set": {"role": "creator"}}
            )
        await self._exit(room_id, user.id)

    async def set_level(self, room_id: str, user_id: str, level: Level | None) -> None:
        """Keep what a member is notified of there; None is what they are in every room."""
        how = {"$set": {"level": level}} if level else {"$unset": {"level": ""}}
        await self._db.memberships.update({"room": room_id, "user": user_id}, how)

    async def remove_member(self, room_id: str, name: str) -> Membership:
        """End another's membership; raise `Missing`, or `Refused` for the room's creator."""
        if (await self.get(room_id)).is_direct:
            raise Refused("Nobody can be removed from a direct conversation.")
        document = await self._db.memberships.find_one({"room": room_id, "name": name})
        if document is None:
            raise Missing
        membership = _membership(document)
        if membership.may_manage:
            raise Refused("Who made the room cannot be removed from it.")
        if membership.bot:
            raise Refused("A bot is removed on the room’s page of bots.")
        await self._exit(room_id, membership.user_id)
        return membership

    async def ban(self, room_id: str, name: str, by: User) -> Membership:
        """Remove a member for as long as the ban lasts; raise `Missing` or `Refused`."""
        if (await self.get(room_id)).is_direct:
            raise Refused("Nobody can be banned from a direct conversation.")
        document = await self._db.memberships.find_one({"room": room_id, "name": name})
        if document is None:
            raise Missing
        # The ban first: between the two, nobody who was removed could come back.
        member = _membership(document)
        if not member.may_manage and not member.bot:
            await self.bans.add(room_id, str(document["user"]), name, by)
        return await self.remove_member(room_id, name)

    async def _exit(self, room_id: str, user_id: str) -> None:
        await self._db.memberships.delete({"room": room_id, "user": user_id})
        await self._db.invitations.delete({"room": room_id, "by": user_id})
        await self._recount(room_id)

    async def _recount(self, room_id: str) -> None:
        # A count, not an increment: a crash in between is put right by the next to come or go.
        members = sum(not one.bot for one in await self.list_members(room_id))
        await self._db.rooms.update({"_id": room_id}, {"$set": {"members": members}})

    async def describe(self, room_id: str, name: str, description: str) -> None:
        """Rename and re-describe; raise `Invalid`, or `Duplicate` for a name taken."""
        name, description = clean_room_name(name), clean_description(description)
        await self._db.rooms.update(
            {"_id": room_id},
            {"$set": {"name": name, "key": fold(name), "description": description}},
        )

    async def delete(self, room_id: str) -> None:
        """Delete a room and its memberships, leaving a stone that keeps its id from being reused.

        A room made under an old id would meet pages, cursors and sends that mean the old room.
        """
        stone = {"key": f"deleted:{room_id}", "visibility": DELETED, "name": "", "description": ""}
        await self._db.rooms.update({"_id": room_id}, {"$set": {**stone, "deleted": now()}})
        await self.clear(room_id)

    async def clear(self, room_id: str) -> None:
        """Delete who belonged to a room that is no more, and what lets into it."""
        await self._db.memberships.delete({"room": room_id})
        await self._db.invitations.delete({"room": room_id})
        await self.bans.clear(room_id)
        await self._db.bots.delete({"room": room_id})

    async def touch(self, room_id: str, seq: int, at: datetime) -> None:
        """Note the latest activity, for lists; never moves backwards."""
        await self._db.rooms.update({"_id": room_id}, {"$max": {"last_seq": seq, "last_at": at}})

    async def invite(self, room_id: str, by: User) -> Invitation:
        """Make an invitation link into the room; raise `Missing` or `Refused`."""
        if (await self.get(room_id)).is_direct:
            raise Refused("A direct conversation stays between its people: make a room for more.")
        invitation = Invitation(secrets.token_urlsafe(24), room_id, by.id, by.name, now())
        await self._db.invitations.insert(
            {
                "_id": invitation.token,
                "room": room_id,
                "by": by.id,
                "by_name": by.name,
                "created": invitation.created,
            }
        )
        return invitation

    async def end_invitations(self, by: User) -> None:
        """Close every link that somebody made into any room."""
        await self._db.invitations.delete({"by": by.id})

    async def list_invitations(self, room_id: str) -> list[Invitation]:
        """Return a room's open invitations, the newest first."""
        documents = await self._db.invitations.find({"room": room_id}, limit=200)
        return sorted(map(_invitation, documents), key=lambda one: one.created, reverse=True)

    async def get_invitation(self, token: str) -> tuple[Invitation, Room]:
        """Return an open invitation and its room; raise `Missing`."""
        document = await self._db.invitations.find_one({"_id": token[:64]})
        if document is None:
            raise Missing
        return _invitation(document), await self.get(str(document["room"]))

    async def accept(self, token: str, user: User) -> Room:
        """Join by invitation; raise `Missing`."""
        _, room = await self.get_invitation(token)
        await self._enter(room, user, "member")
        return room

    async def revoke(self, room_id: str, token: str, by: Membership) -> None:
        """Close an invitation: one's own, or any for who manages the room; raise `Missing`."""
        where = {"_id": token[:64], "room": room_id}
        if not by.may_manage:
            where["by"] = by.user_id
        if not await self._db.invitations.delete(where):
            raise Missing


def _by_activity(rooms: Iterable[AnyRoom]) -> list[AnyRoom]:
    return sorted(rooms, key=lambda room: room.last_at or room.created, reverse=True)


def _room(document: Document) -> Room:
    return Room(**_values(document))


def _listed(document: Document, membership: Document) -> Listed:
    place = _membership(membership)
    values = _values(document) | {"joined": place.joined, "read_seq": place.read_seq}
    return Listed(**values, membership=place)


def _values(document: Document) -> dict[str, Any]:
    return {
        "id": str(document["_id"]),
        "name": str(document["name"]),
        "description": str(document["description"]),
        "visibility": document["visibility"],
        "creator_id": document["creator"],
        "created": document["created"],
        "members": int(document["members"]),
        "last_seq": int(document["last_seq"]),
        "last_at": document["last_at"],
        "people": tuple(map(str, document.get("people", ()))),
    }


def _membership(document: Document) -> Membership:
    return Membership(
        room_id=str(document["room"]),
        user_id=str(document["user"]),
        user_name=str(document["name"]),
        role=document["role"],
        joined=document["joined"],
        read_seq=int(document.get("read_seq", 0)),
        level=document.get("level"),
        bot=bool(document.get("bot", False)),
    )


def _invitation(document: Document) -> Invitation:
    return Invitation(
        token=str(document["_id"]),
        room_id=str(document["room"]),
        by_id=str(document["by"]),
        by_name=str(document["by_name"]),
        created=document["created"],
    )
