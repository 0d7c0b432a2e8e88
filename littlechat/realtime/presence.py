"""Publishes who is online anywhere in the installation; the rules are in `presence_state`.

Each process publishes the names of those its sockets belong to, in snapshots that expire. Nothing
of it is stored, and it never says in which rooms somebody is.
"""

import asyncio

from littlechat.core import new_id
from littlechat.platform import Bus, Event
from littlechat.realtime.hub import Hub, Socket
from littlechat.realtime.presence_state import PresenceState, Snapshot
from littlechat.rendering import Renderer

PRESENCE = "online"
"""The topic of snapshots on the bus, and of the frames with all names in the hub."""

UPDATE_SECONDS = 1.0
"""How often a process looks which sockets have been opened and closed."""

SNAPSHOT_EVERY_SECONDS = 10.0
"""How often a process renews its snapshot."""

NAMES_PER_SECOND = 100
"""Pages are sent changes once a second, and less often when more people are online: every frame
holds all names, and goes to all pages."""


class Presence:
    """The people who have a page open, as this process knows them."""

    def __init__(self, bus: Bus, hub: Hub, render: Renderer) -> None:
        self._bus, self._hub, self._render = bus, hub, render
        self._process = new_id()
        self._presence = PresenceState()
        self._own = Snapshot(self._process, frozenset())
        self._shown: tuple[str, ...] = ()
        self._snapshot_at = self._send_at = 0.0
        self.names: frozenset[str] = frozenset()
        """The names of all who are online."""

    def find(self, name: str) -> tuple[bool, bool]:
        """Return whether somebody is online, and whether they are online but away."""
        pages = [socket for socket in self._hub.sockets if socket.name == name]
        if any(not page.away for page in pages):
            return True, False
        online = bool(pages) or name in self.names
        return online, online and (name not in self.names or name in self._presence.away)

    async def run(self) -> None:
        """Keep the snapshots and the pages up to date, until cancelled."""
        self._bus.publish(PRESENCE, {"kind": "asked"})
        now = asyncio.get_running_loop().time
        while True:
            self.update(now())
            await asyncio.sleep(UPDATE_SECONDS)

    def enter(self, socket: Socket) -> None:
        """Send a socket who is online now, and every change from now on."""
        self._hub.join(socket, PRESENCE)
        frame = self._render.frames.presence(self._presence.online)
        socket.put_ephemeral(PRESENCE, frame, len(frame.encode()))

    def on_event(self, event: Event) -> None:
        """Apply a snapshot of another process, or note that one is asked for."""
        if event["kind"] == "asked":
            self._snapshot_at = 0.0
        elif event["process"] != self._process:
            now = asyncio.get_running_loop().time()
            names, away = frozenset(event["names"]), frozenset(event.get("away", ()))
            self._apply(Snapshot(event["process"], names, away), now)

    def update(self, now: float) -> None:
        """Take a snapshot of this process, and publish and send what is due at `now`.

        `now` is the event loop's seconds.
        """
        own, before = self._snapshot(), self._own
        # Who is away can wait for the next snapshot: it changes often, and one holds all names.
        is_due = own.names != before.names or now >= self._snapshot_at
        if is_due or own != before:
            self._own = own
            # Not by the bus: it may be down, and a process does not receive its own events.
            self._apply(own, now)
        if is_due:
            self._snapshot_at = now + SNAPSHOT_EVERY_SECONDS
            self._publish(own)
        self._presence.tick(now)
        self._set_names()
        if self._presence.online != self._shown and now >= self._send_at:
            self._shown = self._presence.online
            self._send_at = now + max(UPDATE_SECONDS, len(self._shown) / NAMES_PER_SECOND)
            frame = self._render.frames.presence(self._shown)
            self._hub.deliver_ephemeral(PRESENCE, PRESENCE, frame)

    def publish_absence(self) -> None:
        """Publish that this process serves nobody any more."""
        self._publish(Snapshot(self._process, frozenset()))

    def _apply(self, snapshot: Snapshot, now: float) -> None:
        self._presence.apply(snapshot, now)
        self._set_names()

    def _set_names(self) -> None:
        self.names = frozenset(self._presence.online)

    def _snapshot(self) -> Snapshot:
        names = frozenset(socket.name for socket in self._hub.sockets)
        present = {socket.name for socket in self._hub.sockets if not socket.away}
        return Snapshot(self._process, names, names - present)

    def _publish(self, snapshot: Snapshot) -> None:
        event = {"kind": "here", "process": snapshot.process, "names": sorted(snapshot.names)}
        self._bus.publish(PRESENCE, {**event, "away": sorted(snapshot.away)})
