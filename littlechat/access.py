"""Who is signed in and who belongs where, remembered for a moment: every request asks.

What is remembered is forgotten at once when it changes, here or, by the bus, in another process,
and wholly whenever the bus may have missed something. Without a bus that works nothing is
remembered. A "no" never is: it may become a "yes" by somebody else's act.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from littlechat.accounts import Accounts
from littlechat.bus import Bus
from littlechat.models import Membership, Room, Session, User
from littlechat.rooms import Rooms

REMEMBERED_SECONDS = 20.0
REMEMBERED_MAX = 20_000

Key = tuple[str, str, str]
"""A kind, and what of that kind."""

Found = TypeVar("Found")


class Access:
    """The answers of `Accounts` and `Rooms`, kept while they cannot have changed."""

    def __init__(
        self,
        accounts: Accounts,
        rooms: Rooms,
        bus: Bus,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts, self._rooms, self._bus, self._clock = accounts, rooms, bus, clock
        self._kept: OrderedDict[Key, tuple[Any, float]] = OrderedDict()
        self.forgotten = 0
        """Counts the forgettings: what was read before one and arrives after it is not kept."""

    async def find_session(self, token: str) -> Session | None:
        """Return the live session that `token` opens, or None."""
        return await self._remember(
            ("session", token, ""), lambda: self._accounts.find_session(token)
        )

    async def find_membership(self, room_id: str, user: User) -> Membership | None:
        """Return the person's place in the room, or None."""
        return await self._remember(
            ("membership", room_id, user.id), lambda: self._rooms.find_membership(room_id, user)
        )

    async def list_rooms(self, user: User) -> tuple[list[Room], list[Room]]:
        """Return the rooms the person is in, and the others there are to join."""
        return await self._remember(("rooms", "", user.id), lambda: self._rooms.list_visible(user))

    async def list_members(self, room_id: str) -> list[Membership]:
        """Return a room's members by name."""
        return await self._remember(
            ("members", room_id, ""), lambda: self._rooms.list_members(room_id)
        )

    async def _remember(self, key: Key, read: Callable[[], Awaitable[Found]]) -> Found:
        kept = self._kept.get(key)
        if kept is not None and kept[1] > self._clock() and self._bus.connected:
            remembered: Found = kept[0]
            return remembered
        before = self.forgotten
        found = await read()
        self._kept.pop(key, None)
        if found is not None and before == self.forgotten:
            self._kept[key] = (found, self._clock() + REMEMBERED_SECONDS)
            if len(self._kept) > REMEMBERED_MAX:
                self._kept.popitem(last=False)
        return found

    def forget(
        self, *, user: str | None = None, sessions: Iterable[str] = (), room: str | None = None
    ) -> None:
        """Forget what a revocation may concern or, told of nothing in particular, everything."""
        ended = frozenset(sessions)
        everything = user is None and room is None and not ended

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
                return key[0] in ("rooms", "members")
            return key[0] == "rooms" and key[2] in whose

        self._drop(is_concerned)

    def _drop(self, which: Callable[[Key, Any], bool]) -> None:
        self.forgotten += 1
        for key in [key for key, (kept, _) in self._kept.items() if which(key, kept)]:
            del self._kept[key]
