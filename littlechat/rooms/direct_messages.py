"""Direct conversations: one for each set of people, and who has hidden which.

A conversation is stored as a room that nobody can join, leave or name. Its people never change.
"""

import hashlib
from collections.abc import Iterable

from cachetools import LRUCache

from littlechat.core import (
    ROOM_ID_MAX,
    User,
    fold,
    new_id,
)
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Missing,
    now,
)
from littlechat.rooms.schema import MEMBERSHIPS, ROOMS

KNOWN_ROOMS_MAX = 20_000
"""Rooms whose people are cached, an empty tuple for rooms that are not direct conversations."""


class DirectMessages:
    """The store of direct conversations, in the collections of rooms and memberships."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._people: LRUCache[str, tuple[str, ...]] = LRUCache(KNOWN_ROOMS_MAX)

    async def open(self, opener: User, others: Iterable[User]) -> str:
        """Return the id of the conversation of these people, which is created if needed.

        It appears in the opener's list at once, and in the others' with the first message.
        """
        by_id = {user.id: user for user in (*others, opener)}
        people = sorted(by_id.values(), key=lambda user: (fold(user.name), user.name))
        room_id = await self._find_or_make(direct_key(by_id), people)
        # Checked every time, because a crash may have left some out. The opener is added last, so
        # that all others are members before the first message can be sent.
        found = await self._db[MEMBERSHIPS].find({"room": room_id})
        there = {str(document["user"]) for document in found}
        for user in by_id.values():
            if user.id not in there:
                await self._add_member(room_id, user)
        await self._set_hidden(room_id, opener, -1)
        return room_id

    async def _find_or_make(self, key: str, people: list[User]) -> str:
        document = await self._db[ROOMS].find_one({"key": key})
        if document is None:
            document = _document(key, people)
            try:
                await self._db[ROOMS].insert(document)
            except Duplicate:
                # Another of these people has just created it.
                document = await self._db[ROOMS].find_one({"key": key})
        if document is None:
            raise Missing
        return str(document["_id"])

    async def _add_member(self, room_id: str, user: User) -> None:
        membership = {
            "room": room_id,
            "user": user.id,
            "name": user.name,
            "role": "member",
            "joined": now(),
            "read_seq": 0,
            "hidden_seq": 0,
        }
        try:
            await self._db[MEMBERSHIPS].insert(membership)
        except Duplicate:
            return

    async def hide(self, room_id: str, user: User, seq: int) -> None:
        """Hide a conversation from a user's lists until there is a message after `seq`.

        Raises `Missing` if it is not a conversation of theirs.
        """
        if user.id not in await self.list_people(room_id):
            raise Missing
        await self._set_hidden(room_id, user, seq)

    async def show(self, room_id: str, user: User) -> None:
        """Put a conversation back on a person's lists; raise `Missing` as `hide` does."""
        if user.id not in await self.list_people(room_id):
            raise Missing
        await self._set_hidden(room_id, user, -1)

    async def _set_hidden(self, room_id: str, user: User, seq: int) -> None:
        await self._db[MEMBERSHIPS].update(
            {"room": room_id, "user": user.id}, {"$set": {"hidden_seq": seq}}
        )

    async def list_people(self, room_id: str) -> tuple[str, ...]:
        """Return the ids of a conversation's people; an empty tuple for any other room."""
        cached = self._people.get(room_id)
        if cached is not None:
            return cached
        document = await self._db[ROOMS].find_one({"_id": room_id[:ROOM_ID_MAX]})
        if document is None:
            return ()
        ids = self._people[room_id] = tuple(map(str, document.get("people_ids", ())))
        return ids


def direct_key(user_ids: Iterable[str]) -> str:
    """Return the unique key of the conversation of these people, longer than any room's name."""
    digest = hashlib.sha256("\n".join(sorted(user_ids)).encode()).hexdigest()
    return f"direct:{digest}"


def _document(key: str, people: list[User]) -> Document:
    names = [user.name for user in people]
    return {
        "_id": new_id(),
        "name": ", ".join(names),
        "key": key,
        "description": "",
        "visibility": "direct",
        "creator": None,
        "created": now(),
        "members": len(people),
        "last_seq": 0,
        "last_at": None,
        # Stored in the room, so that lists need no further query.
        "people": names,
        "people_ids": [user.id for user in people],
    }
