"""Who is online anywhere in the installation, as every page is told; the rules are in `presence`.

Each process tells the others whom its sockets belong to, in snapshots that expire. Nothing of it is
stored, and nobody's rooms are told.
"""

import asyncio

from littlechat.core import new_id
from littlechat.platform import Bus, Event
from littlechat.realtime.hub import Hub, Socket
from littlechat.realtime.presence_state import PresenceState, Snapshot
from littlechat.rendering import Renderer

ONLINE = "online"
"""The topic of this news, on the bus and in the hub."""

LOOK_SECONDS = 1.0
"""How often a process looks who has come and gone."""

SNAPSHOT_EVERY_SECONDS = 10.0

NAMES_PER_SECOND = 100
"""Pages hear of changes once a second, and of crowds above this size less often: each hears all."""


class Presence:
    """The people who have a page open, as this process knows them."""

    def __init__(self, bus: Bus, hub: Hub, render: Renderer) -> None:
        self._bus, self._hub, self._render = bus, hub, render
        self._process = new_id()
        self._presence = PresenceState()
        self._own = Snapshot(self._process, frozenset())
        self._shown: tuple[str, ...] = ()
        self._snapshot_at = self._tell_at = 0.0
        self.names: frozenset[str] = frozenset()

    def find(self, name: str) -> tuple[bool, bool]:
        """Return whether somebody is online, and whether they are away as well."""
        pages = [socket for socket in self._hub.sockets if socket.name == name]
        if any(not page.away for page in pages):
            return True, False
        online = bool(pages) or name in self.names
        return online, online and (name not in self.names or name in self._presence.away)

    async def run(self) -> None:
        """Look, tell the other processes and the pages, for ever."""
        self._bus.publish(ONLINE, {"kind": "asked"})
        now = asyncio.get_running_loop().time
        while True:
            self.look(now())
            await asyncio.sleep(LOOK_SECONDS)

    def enter(self, socket: Socket) -> None:
        """Let a socket hear of who is online, beginning with who is now."""
        self._hub.join(socket, ONLINE)
        frame = self._render.frames.presence(self._presence.online)
        socket.put_passing(ONLINE, frame, len(frame.encode()))

    def hear(self, event: Event) -> None:
        """Take in another process's news."""
        if event["kind"] == "asked":
            self._snapshot_at = 0.0
        elif event["process"] != self._process:
            now = asyncio.get_running_loop().time()
            names, away = frozenset(event["names"]), frozenset(event.get("away", ()))
            self._take(Snapshot(event["process"], names, away), now)

    def look(self, now: float) -> None:
        """Note who has come and gone here, and tell what is due at `now`, the loop's seconds."""
        own, before = self._here(), self._own
        # Who is away is no haste: a snapshot holds all names, and people come and go from desks.
        is_due = own.names != before.names or now >= self._snapshot_at
        if is_due or own != before:
            self._own = own
            # Without the bus, too: it may be down, and does not bring back what one says oneself.
            self._take(own, now)
        if is_due:
            self._snapshot_at = now + SNAPSHOT_EVERY_SECONDS
            self._publish(own)
        self._presence.tick(now)
        self._note()
        if self._presence.online != self._shown and now >= self._tell_at:
            self._shown = self._presence.online
            self._tell_at = now + max(LOOK_SECONDS, len(self._shown) / NAMES_PER_SECOND)
            frame = self._render.frames.presence(self._shown)
            self._hub.deliver_passing(ONLINE, ONLINE, frame)

    def say_goodbye(self) -> None:
        """Tell the other processes that this one serves nobody."""
        self._publish(Snapshot(self._process, frozenset()))

    def _take(self, news: Snapshot, now: float) -> None:
        self._presence.apply(news, now)
        self._note()

    def _note(self) -> None:
        self.names = frozenset(self._presence.online)

    def _here(self) -> Snapshot:
        names = frozenset(socket.name for socket in self._hub.sockets)
        present = {socket.name for socket in self._hub.sockets if not socket.away}
        return Snapshot(self._process, names, names - present)

    def _publish(self, here: Snapshot) -> None:
        event = {"kind": "here", "process": here.process, "names": sorted(here.names)}
        self._bus.publish(ONLINE, {**event, "away": sorted(here.away)})
