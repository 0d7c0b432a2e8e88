"""A cache of what every request asks: sessions, memberships and lists of rooms.

An entry is removed as soon as it changes, in this process or, announced on the bus, in another; all
entries are removed when the bus may have lost events, and while it is disconnected none is used. A
negative answer is never cached: no event announces that somebody else has made it positive.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from cachetools import FIFOCache

from littlechat.accounts import Sessions
from littlechat.core import (
    Membership,
    Position,
    Room,
    Session,
    User,
)
from littlechat.platform import Bus
from littlechat.rooms.inbox import Inbox
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.room_list import RoomListEntry
from littlechat.rooms.store import RoomStore

CACHE_SECONDS = 20.0

CACHE_ENTRIES_MAX = 20_000
"""In a FIFOCache, since every list reads many heads and an invalidation reads all entries: with a
TLRUCache, which knows about expiry, these take 6 to 60 times as long (measured)."""

Key = tuple[str, str, str]
"""The kind of answer, a token or room id, and a user's id; "" where there is none."""

Found = TypeVar("Found")

Lists = tuple[Sequence[RoomListEntry], Sequence[Room]]
"""The rooms that a user is in, and the public rooms that they could join."""


class Access:
    """Answers who is signed in, who is in which room, and which rooms a user can see."""

    def __init__(
        self,
        sessions: Sessions,
        store: RoomStore,
        memberships: Memberships,
        inbox: Inbox,
        bus: Bus,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions, self._store = sessions, store
        self._memberships, self._inbox = memberships, inbox
        self._bus, self._clock = bus, clock
        self._heads: FIFOCache[str, Position] = FIFOCache(CACHE_ENTRIES_MAX)
        self._note_counts: Counter[str] = Counter()
        self._entries: FIFOCache[Key, tuple[Any, float]] = FIFOCache(CACHE_ENTRIES_MAX)
        """Each answer, with the time on `clock` at which it expires."""
        self.invalidations = 0
        """Their number. An answer that was read across an invalidation is not cached."""

    async def find_session(self, token: str, *, fresh: bool = False) -> Session | None:
        """Return the valid session with this token, or None; with `fresh` as it is stored now."""
        return await self._read_through(
            ("session", token, ""), lambda: self._sessions.find(token), fresh=fresh
        )

    async def find_membership(
        self, room_id: str, user: User, *, fresh: bool = False
    ) -> Membership | None:
        """Return a user's membership in a room, or None; with `fresh` as it is stored now."""
        return await self._read_through(
            ("membership", room_id, user.id),
            lambda: self._memberships.find(room_id, user),
            fresh=fresh,
        )

    async def list_rooms(self, user: User, here: str = "") -> Lists:
        """Return the rooms that a user is in, and the public rooms that they could join.

        If this has to read them, it caches the user's membership in the room `here` as well.
        """
        before, read = self._generation(user.id), list[RoomListEntry]()

        async def read_lists() -> Lists:
            public = await self._read_through(("public", "", ""), self._store.list_public)
            lists = await self.find_rooms(user, public=public)
            read.extend(lists[0])
            return lists

        key = ("rooms", "", user.id)
        joined, others = await self._read_through(key, read_lists)
        membership = next((room.membership for room in read if room.id == here), None)
        if membership is not None and before == self._generation(user.id):
            self._add_entry(("membership", here, user.id), membership)
        if any(self._head_of(room) != room.end for room in joined):
            joined = self._with_heads(joined)
            self._update(key, (joined, others))
        return joined, others

    async def find_rooms(
        self, user: User, search: str = "", public: Iterable[Room] | None = None
    ) -> Lists:
        """Return the same lists without a cache, or those of their rooms that `search` finds.

        `public` are the public rooms if they have been read already.
        """
        joined, others = await self._store.list_visible(user, search, public)
        current = self._with_heads(joined)
        mentions = await self._inbox.list_unread_mentions(user, current)
        return [
            replace(room, mentions=frozenset(mentions[room.id])) if room.id in mentions else room
            for room in current
        ], others

    def _with_heads(self, rooms: Iterable[RoomListEntry]) -> list[RoomListEntry]:
        return [
            replace(room, last_seq=head.seq, last_unlisted=head.unlisted)
            if (head := self._head_of(room)) != room.end
            else room
            for room in rooms
        ]

    def _head_of(self, room: RoomListEntry) -> Position:
        heard = self._heads.get(room.id)
        return room.end.furthest(heard) if heard else room.end

    async def list_members(self, room_id: str) -> list[Membership]:
        """Return a room's members, sorted by name."""
        return await self._read_through(
            ("members", room_id, ""), lambda: self._memberships.list_of(room_id)
        )

    async def _read_through(
        self, key: Key, read: Callable[[], Awaitable[Found]], *, fresh: bool = False
    ) -> Found:
        entry = None if fresh else self._entries.get(key)
        if entry is not None and entry[1] > self._clock() and self._bus.connected:
            cached: Found = entry[0]
            return cached
        before = self._generation(key[2])
        found = await read()
        self._entries.pop(key, None)
        if found is not None and before == self._generation(key[2]):
            self._add_entry(key, found)
        return found

    def _generation(self, user_id: str) -> tuple[int, int]:
        return self.invalidations, self._note_counts[user_id]

    def _add_entry(self, key: Key, found: Any) -> None:
        self._entries[key] = (found, self._clock() + CACHE_SECONDS)

    def _update(self, key: Key, found: Any) -> None:
        # The entry keeps its time of expiry, since only a part of it is new.
        if key in self._entries:
            self._entries[key] = (found, self._entries[key][1])

    def note_head(self, room_id: str, head: Position) -> None:
        """Remember a room's last position, by which lists are corrected, cached ones too."""
        self._heads[room_id] = head.furthest(self._heads.get(room_id, head))

    def note_mention(self, users: Iterable[str], room_id: str, at: Position) -> None:
        """Add a message to the mentions in the cached lists of those it is addressed to."""
        self.note_head(room_id, at)
        for user in users:
            self._revise(
                user, room_id, lambda room: replace(room, mentions=room.mentions | {at.seq})
            )

    def note_read(self, user: str, room_id: str, read: Position) -> None:
        """Move the read position of a room forward in a user's cached list."""

        def moved(room: RoomListEntry) -> RoomListEntry:
            furthest = room.read.furthest(read)
            return replace(room, read_seq=furthest.seq, read_unlisted=furthest.unlisted)

        self._revise(user, room_id, moved)

    def note_unread(self, user: str) -> None:
        """Remove a user's cached list, because a read position was moved back.

        The mentions that are unread again are not in it.
        """
        self._count_note(user)
        self._entries.pop(("rooms", "", user), None)

    def _revise(
        self, user: str, room_id: str, how: Callable[[RoomListEntry], RoomListEntry]
    ) -> None:
        self._count_note(user)
        key = ("rooms", "", user)
        if entry := self._entries.get(key):
            joined, others = entry[0]
            self._update(key, ([how(one) if one.id == room_id else one for one in joined], others))

    def _count_note(self, user: str) -> None:
        # A list that is being read meanwhile may be from before the note, and is not cached.
        self._note_counts[user] += 1
        if len(self._note_counts) > CACHE_ENTRIES_MAX:
            self._note_counts.clear()
            self.invalidations += 1

    def invalidate(
        self, *, user: str | None = None, sessions: Iterable[str] = (), room: str | None = None
    ) -> None:
        """Remove the entries of a user, of sessions, of a room, or of a user in a room.

        `user`, `sessions` and `room` are ids. Without any, all entries are removed.
        """
        ended = frozenset(sessions)
        everything = user is None and room is None and not ended
        if everything:
            self._heads.clear()

        def is_affected(key: Key, found: Any) -> bool:
            if isinstance(found, Session):
                return found.id in ended or (room is None and found.user.id == user)
            # The whole room, because another member's role may change when somebody leaves.
            in_it = room is not None and key[1] == room
            return in_it or (room is None and user is not None and key[2] == user)

        self._remove_entries(lambda key, found: everything or is_affected(key, found))

    def invalidate_lists(self, users: Iterable[str] | None = None) -> None:
        """Remove all lists, because a room was created or renamed, or somebody joined or left.

        With `users`, remove only these users' lists of rooms, by id.
        """
        whose = None if users is None else frozenset(users)

        def is_affected(key: Key, found: Any) -> bool:
            if whose is None:
                return key[0] in ("rooms", "public", "members")
            return key[0] == "rooms" and key[2] in whose

        self._remove_entries(is_affected)

    def _remove_entries(self, which: Callable[[Key, Any], bool]) -> None:
        self.invalidations += 1
        for key in [key for key, (found, _) in self._entries.items() if which(key, found)]:
            del self._entries[key]
