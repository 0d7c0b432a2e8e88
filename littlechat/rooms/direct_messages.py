"""Direct conversations: one for each set of people, for ever, and who has hidden which.

A conversation is a room that nobody joins, leaves or names. Its people never change.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

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

KNOWN_MAX = 20_000
"""Rooms of which a process remembers whether they are direct, and between whom."""


class DirectMessages:
    """The store of direct conversations, in the collections of rooms and memberships."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    async def open(self, opener: User, others: Iterable[User]) -> str:
        """Return the id of the conversation of these people, made if there is none.

        It shows in the opener's lists now, and in the others' once somebody has spoken.
        """
        by_id = {user.id: user for user in (*others, opener)}
        people = sorted(by_id.values(), key=lambda user: (fold(user.name), user.name))
        room_id = await self._find_or_make(direct_key(by_id), people)
        # Each time, since a crash may have left some out. The opener last: who can come in and
        # speak has everybody there to hear it.
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
                # Two of them had the same thought at once.
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
        """Take a conversation off a person's lists until something comes after `seq`.

        Raises `Missing` for other rooms, and for conversations of others.
        """
        if user.id not in await self.list_people(room_id):
            raise Missing
        await self._set_hidden(room_id, user, seq)

    async def _set_hidden(self, room_id: str, user: User, seq: int) -> None:
        await self._db[MEMBERSHIPS].update(
            {"room": room_id, "user": user.id}, {"$set": {"hidden_seq": seq}}
        )

    async def list_people(self, room_id: str) -> tuple[str, ...]:
        """Return the ids of a conversation's people; of any other room, nobody's."""
        known = self._known.get(room_id)
        if known is not None:
            return known
        document = await self._db[ROOMS].find_one({"_id": room_id[:ROOM_ID_MAX]})
        if document is None:
            return ()
        ids = self._known[room_id] = tuple(map(str, document.get("people_ids", ())))
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return ids


def direct_key(user_ids: Iterable[str]) -> str:
    """Return what the conversation of these people is found by; longer than any room's name."""
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
        # In the room itself, so that lists need no further query.
        "people": names,
        "people_ids": [user.id for user in people],
    }
