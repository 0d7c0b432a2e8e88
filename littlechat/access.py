"""Who is signed in and who belongs where, remembered for a moment: every request asks.

What is remembered is forgotten at once when a right is revoked, here or, by the bus, in another
process, and wholly whenever the bus may have missed something. Without a bus that works nothing is
remembered. A "no" never is: it may become a "yes" by somebody else's act.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

from littlechat.accounts import Accounts
from littlechat.bus import Bus
from littlechat.models import Membership, Session, User
from littlechat.rooms import Rooms

REMEMBERED_SECONDS = 20.0
REMEMBERED_MAX = 10_000

Key = tuple[str, str]
"""`("session", token)` or `(room id, user id)`."""


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
        self._kept: OrderedDict[Key, tuple[Session | Membership, float]] = OrderedDict()
        self._forgotten = 0
        """Counts revocations: what was read before one and arrives after it is not kept."""

    async def find_session(self, token: str) -> Session | None:
        """Return the live session that `token` opens, or None."""
        found = await self._remember(("session", token), lambda: self._accounts.find_session(token))
        return found if isinstance(found, Session) else None

    async def find_membership(self, room_id: str, user: User) -> Membership | None:
        """Return the person's place in the room, or None."""
        found = await self._remember(
            (room_id, user.id), lambda: self._rooms.find_membership(room_id, user)
        )
        return found if isinstance(found, Membership) else None

    async def _remember(
        self, key: Key, read: Callable[[], Awaitable[Session | Membership | None]]
    ) -> Session | Membership | None:
        kept = self._kept.get(key)
        if kept is not None and kept[1] > self._clock() and self._bus.connected:
            return kept[0]
        before = self._forgotten
        found = await read()
        self._kept.pop(key, None)
        if found is not None and before == self._forgotten:
            self._kept[key] = (found, self._clock() + REMEMBERED_SECONDS)
            if len(self._kept) > REMEMBERED_MAX:
                self._kept.popitem(last=False)
        return found

    def forget(
        self, *, user: str | None = None, sessions: Iterable[str] = (), room: str | None = None
    ) -> None:
        """Forget the sessions and memberships that a revocation may concern, or, told nothing, all."""
        self._forgotten += 1
        ended = frozenset(sessions)
        everything = user is None and room is None and not ended
        for key, (kept, _) in list(self._kept.items()):
            if isinstance(kept, Session):
                concerned = kept.id in ended or (room is None and kept.user.id == user)
            else:
                # Another's role may change with somebody's leaving: forget the whole room.
                concerned = kept.room_id == room or (room is None and kept.user_id == user)
            if concerned or everything:
                del self._kept[key]
