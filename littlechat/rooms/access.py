"""Who is signed in and who belongs where, remembered for a moment: every request asks.

What is remembered is forgotten at once when it changes, here or, by the bus, in another process,
and wholly whenever the bus may have missed something. Without a bus that works nothing is
remembered. A "no" never is: it may become a "yes" by somebody else's act.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from littlechat.accounts import Sessions
from littlechat.core import (
    Membership,
    Room,
    Session,
    User,
)
from littlechat.platform import Bus
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.room_list import RoomListEntry
from littlechat.rooms.store import RoomStore
from littlechat.rooms.unread import Unread

REMEMBERED_SECONDS = 20.0
REMEMBERED_MAX = 20_000

Key = tuple[str, str, str]
"""A kind, and what of that kind."""

Found = TypeVar("Found")

Lists = tuple[Sequence[RoomListEntry], Sequence[Room]]
"""The rooms somebody is in, and the others that they might join."""


class Access:
    """The answers of the stores, kept while they cannot have changed."""

    def __init__(
        self,
        sessions: Sessions,
        store: RoomStore,
        memberships: Memberships,
        unread: Unread,
        bus: Bus,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions, self._store = sessions, store
        self._memberships, self._unread = memberships, unread
        self._bus, self._clock = bus, clock
        self._ends: OrderedDict[str, int] = OrderedDict()
        self._notes: Counter[str] = Counter()
        self._kept: OrderedDict[Key, tuple[Any, float]] = OrderedDict()
        self.forgotten = 0
        """Counts the forgettings: what was read before one and arrives after it is not kept."""

    async def find_session(self, token: str) -> Session | None:
        """Return the live session that `token` opens, or None."""
        return await self._remember(("session", token, ""), lambda: self._sessions.find(token))

    async def find_membership(self, room_id: str, user: User) -> Membership | None:
        """Return the person's place in the room, or None."""
        return await self._remember(
            ("membership", room_id, user.id), lambda: self._memberships.find(room_id, user)
        )

    async def list_rooms(self, user: User, here: str = "") -> Lists:
        """Return the rooms the person is in, and the others there are to join.

        Read now, they tell the person's place in the room `here` as well, which is remembered.
        """
        before, read = self._age(user.id), list[RoomListEntry]()

        async def read_lists() -> Lists:
            public = await self._remember(("public", "", ""), self._store.list_public)
            lists = await self.find_rooms(user, public=public)
            read.extend(lists[0])
            return lists

        key = ("rooms", "", user.id)
        joined, others = await self._remember(key, read_lists)
        place = next((room.membership for room in read if room.id == here), None)
        if place is not None and before == self._age(user.id):
            self._keep(("membership", here, user.id), place)
        if any(self._ends.get(room.id, 0) > room.last_seq for room in joined):
            joined = self._at_their_ends(joined)
            self._put(key, (joined, others))
        return joined, others

    async def find_rooms(
        self, user: User, search: str = "", public: Iterable[Room] | None = None
    ) -> Lists:
        """Return the same as it is now, of `public` ones these; only what `search` finds."""
        joined, others = await self._store.list_visible(user, search, public)
        current = self._at_their_ends(joined)
        calls = await self._unread.list_unread_mentions(user, current)
        return [
            replace(room, mentions=frozenset(calls[room.id])) if room.id in calls else room
            for room in current
        ], others

    def _at_their_ends(self, rooms: Iterable[RoomListEntry]) -> list[RoomListEntry]:
        return [
            replace(room, last_seq=end)
            if (end := self._ends.get(room.id, 0)) > room.last_seq
            else room
            for room in rooms
        ]

    async def list_members(self, room_id: str) -> list[Membership]:
        """Return a room's members by name."""
        return await self._remember(
            ("members", room_id, ""), lambda: self._memberships.list_of(room_id)
        )

    async def _remember(self, key: Key, read: Callable[[], Awaitable[Found]]) -> Found:
        kept = self._kept.get(key)
        if kept is not None and kept[1] > self._clock() and self._bus.connected:
            remembered: Found = kept[0]
            return remembered
        before = self._age(key[2])
        found = await read()
        self._kept.pop(key, None)
        if found is not None and before == self._age(key[2]):
            self._keep(key, found)
        return found

    def _age(self, user_id: str) -> tuple[int, int]:
        return self.forgotten, self._notes[user_id]

    def _keep(self, key: Key, found: Any) -> None:
        self._kept[key] = (found, self._clock() + REMEMBERED_SECONDS)
        if len(self._kept) > REMEMBERED_MAX:
            self._kept.popitem(last=False)

    def _put(self, key: Key, found: Any) -> None:
        # In the place and for the time of what was found before: it is the same, brought up to now.
        if key in self._kept:
            self._kept[key] = (found, self._kept[key][1])

    def note_end(self, room_id: str, seq: int) -> None:
        """Take in how far a room is: lists that are remembered count on from there."""
        self._ends[room_id] = max(seq, self._ends.pop(room_id, 0))
        if len(self._ends) > REMEMBERED_MAX:
            self._ends.popitem(last=False)

    def note_mention(self, users: Iterable[str], room_id: str, seq: int) -> None:
        """Take in that a message concerns people: lists that are read now look for it."""
        self.note_end(room_id, seq)
        for user in users:
            self._revise(user, room_id, lambda room: replace(room, mentions=room.mentions | {seq}))

    def note_read(self, user: str, room_id: str, seq: int) -> None:
        """Take in how far somebody has read a room."""
        self._revise(user, room_id, lambda room: replace(room, read_seq=max(seq, room.read_seq)))

    def note_unread(self, user: str) -> None:
        """Take in that somebody counts as having read less: what concerns them is not known."""
        self._count_note(user)
        self._kept.pop(("rooms", "", user), None)

    def _revise(
        self, user: str, room_id: str, how: Callable[[RoomListEntry], RoomListEntry]
    ) -> None:
        self._count_note(user)
        key = ("rooms", "", user)
        if kept := self._kept.get(key):
            joined, others = kept[0]
            self._put(key, ([how(one) if one.id == room_id else one for one in joined], others))

    def _count_note(self, user: str) -> None:
        # A list that was being read meanwhile may be from before: it is not kept.
        self._notes[user] += 1
        if len(self._notes) > REMEMBERED_MAX:
            self._notes.clear()
            self.forgotten += 1

    def forget(
        self, *, user: str | None = None, sessions: Iterable[str] = (), room: str | None = None
    ) -> None:
        """Forget what a revocation may concern or, told of nothing in particular, everything."""
        ended = frozenset(sessions)
        everything = user is None and room is None and not ended
        if everything:
            self._ends.clear()

        def is_concerned(key: Key, kept: Any) -> bool:
            if isinstance(kept, Session):
                return kept.id in ended or (room is None and kept.user.id == user)
            # Another's role may change with somebody's leaving: forget the whole room.
            in_it = room is not None and key[1] == room
            return in_it or (room is None and user is not None and key[2] == user)

        self._drop(lambda key, kept: everything or is_concerned(key, kept))

    def forget_lists(self, users: Iterable[str] | None = None) -> None:
        """Forget who belongs where as lists: somebody came, went, or made or named a room.

        With `users`, only the lists of rooms of these people, by their ids.
        """
        whose = None if users is None else frozenset(users)

        def is_concerned(key: Key, kept: Any) -> bool:
            if whose is None:
                return key[0] in ("rooms", "public", "members")
            return key[0] == "rooms" and key[2] in whose

        self._drop(is_concerned)

    def _drop(self, which: Callable[[Key, Any], bool]) -> None:
        self.forgotten += 1
        for key in [key for key, (kept, _) in self._kept.items() if which(key, kept)]:
            del self._kept[key]
