"""Closes sockets whose session or membership has ended.

Access is decided when a socket is opened, revoked by an event, and checked against the store at
intervals, so that a socket is closed soon even if the event was lost.
"""

import asyncio
import contextlib
from collections import defaultdict

from littlechat.accounts import Sessions
from littlechat.platform import Bus, Event, Unavailable
from littlechat.realtime.feed import room_topic
from littlechat.realtime.hub import POLICY, RESTART, Hub, Socket
from littlechat.rooms import Access, Memberships

RECHECK_SECONDS = 30.0
BUSLESS_RECHECK_SECONDS = 0.8
"""While the bus is down, revocations reach other processes through the store alone."""


class Revocation:
    """Closes the sockets of this process, by events and by checks."""

    def __init__(
        self, bus: Bus, hub: Hub, access: Access, sessions: Sessions, memberships: Memberships
    ) -> None:
        self._bus, self._hub, self._access = bus, hub, access
        self._sessions, self._memberships = sessions, memberships
        self._check_due = asyncio.Event()

    def recheck(self) -> None:
        """Check all sockets at once: a revocation may have been lost."""
        self._check_due.set()
        self._access.invalidate()

    def on_revoked(self, event: Event) -> None:
        """Close the sockets that a revocation names."""
        user, sessions, room = event["user"], event["sessions"], event["room"]
        self._access.invalidate(user=user, sessions=sessions, room=room)
        topic = room_topic(room) if room else None
        # During an update, a process of the previous version may still publish events without one.
        reason = str(event.get("reason", ""))
        self._hub.kick(user=user, sessions=sessions, topic=topic, reason=reason)

    def on_renewed(self, event: Event) -> None:
        """Close the sockets of a session that was replaced; its pages come back as the new one."""
        sessions = [event["session"]]
        self._access.invalidate(sessions=sessions)
        self._hub.kick(sessions=sessions, code=RESTART)

    def on_refreshed(self, event: Event) -> None:
        """Read again what somebody may do, leaving their sockets open."""
        self._access.invalidate(user=event["user"])

    async def run(self) -> None:
        """Check the sockets against the store, until cancelled."""
        while True:
            await self._pause()
            self._check_due.clear()
            with contextlib.suppress(Unavailable):
                await self._close_unentitled()

    async def _pause(self) -> None:
        """Wait until the next check is due, the bus is down, or `recheck` is called."""
        seconds = RECHECK_SECONDS if self._bus.connected else BUSLESS_RECHECK_SECONDS
        for _ in range(round(seconds / BUSLESS_RECHECK_SECONDS)):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BUSLESS_RECHECK_SECONDS):
                    await self._check_due.wait()
                    return
            if not self._bus.connected:
                return

    async def _close_unentitled(self) -> None:
        sockets = list(self._hub.sockets)
        live = await self._sessions.list_live(list({socket.session for socket in sockets}))
        by_room: dict[str, list[Socket]] = defaultdict(list)
        for socket in sockets:
            if socket.session not in live:
                socket.close(POLICY, "signed out")
            for topic in socket.topics:
                kind, _, room_id = topic.partition(":")
                if kind == "room":
                    by_room[room_id].append(socket)
        for room_id, present in by_room.items():
            members = await self._memberships.list_among(
                room_id, list({socket.user for socket in present})
            )
            for socket in present:
                if socket.user not in members:
                    socket.close(POLICY)
