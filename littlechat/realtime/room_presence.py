"""Publishes who is in a room and who types there; the rules are in `presence_state`."""

from littlechat.platform import Bus, Event
from littlechat.realtime.hub import Hub, Socket
from littlechat.realtime.presence_state import (
    PresenceState,
    Snapshot,
    Stopped,
    Typed,
)
from littlechat.rendering import Renderer

SNAPSHOT_EVERY_SECONDS = 10.0
"""How often a process renews its snapshot of a room."""

ONLINE_SECONDS = 1.0
"""How often at most a room's pages are sent the list of who is present."""


Shown = tuple[tuple[str, ...], frozenset[str]]
"""Who is present, and which of them are away."""


class RoomPresence:
    """The people in one room, as this process knows them. Times are the event loop's seconds."""

    def __init__(
        self, topic: str, process: str, bus: Bus, hub: Hub, render: Renderer, now: float
    ) -> None:
        self._topic, self._process = topic, process
        self._bus, self._hub, self._render = bus, hub, render
        self._presence = PresenceState()
        self._snapshot_at = self._online_at = now
        self._shown_online: Shown = ((), frozenset())
        self._shown_typing: tuple[str, ...] = ()

    @property
    def online(self) -> tuple[str, ...]:
        """The names of those who are present, each once."""
        return self._presence.online

    @property
    def away(self) -> frozenset[str]:
        """The names of those of them who have used none of their pages for a while."""
        return self._presence.away

    @property
    def _shows(self) -> Shown:
        return self._presence.online, self._presence.away

    def request_snapshots(self) -> None:
        """Ask the other processes to publish their snapshots of the room."""
        self._bus.publish(self._topic, {"kind": "asked"})

    def on_event(self, event: Event, now: float) -> None:
        """Apply what an event says about people."""
        match event["kind"]:
            case "posted":
                self._presence.apply(Stopped(event["author"]), now)
            case "typed":
                self._presence.apply(Typed(event["name"]), now)
            case "here":
                names, away = frozenset(event["names"]), frozenset(event.get("away", ()))
                self._presence.apply(Snapshot(event["process"], names, away), now)
            case "asked":
                self._snapshot_at = now

    def send_to(self, socket: Socket) -> None:
        """Send a new socket who is present and who types."""
        online = self._render.frames.room_presence(*self._shows)
        socket.put_ephemeral("online", online, len(online.encode()))
        if self._shown_typing:
            frame, variants = self._render.frames.typing(self._shown_typing)
            frame = variants.get(socket.name, frame)
            socket.put_ephemeral("typing", frame, len(frame.encode()))

    def on_sockets_changed(self, now: float) -> None:
        """Note that this process's sockets changed: a snapshot is due within a second."""
        last_published = self._snapshot_at - SNAPSHOT_EVERY_SECONDS
        self._snapshot_at = min(self._snapshot_at, max(now, last_published + ONLINE_SECONDS))

    def publish_due(self, now: float) -> None:
        """Publish a snapshot and send frames to the room's sockets, each if it is due."""
        self._presence.tick(now)
        if now >= self._snapshot_at:
            self._snapshot_at = now + SNAPSHOT_EVERY_SECONDS
            sockets = self._hub.members(self._topic)
            self._publish(
                {socket.name for socket in sockets},
                {socket.name for socket in sockets if not socket.away},
            )
        if self._shows != self._shown_online and now >= self._online_at:
            self._shown_online, self._online_at = self._shows, now + ONLINE_SECONDS
            frame = self._render.frames.room_presence(*self._shows)
            self._hub.deliver_ephemeral(self._topic, "online", frame)
        if self._presence.typing != self._shown_typing:
            self._shown_typing = self._presence.typing
            self.send_typing()

    def send_typing(self) -> None:
        """Send who is typing. Repeated at times, since a full outbox drops such frames."""
        frame, variants = self._render.frames.typing(self._shown_typing)
        self._hub.deliver_ephemeral(self._topic, "typing", frame, variants)

    def next_deadline(self) -> float:
        """Return when `publish_due` is next to be called, if no event comes before."""
        deadlines = [self._snapshot_at]
        if (expiry := self._presence.next_expiry()) is not None:
            deadlines.append(expiry)
        if self._shown_online != self._shows:
            deadlines.append(self._online_at)
        return min(deadlines)

    def publish_absence(self) -> None:
        """Publish that this process serves nobody in the room any more."""
        self._publish(set(), set())

    def _publish(self, names: set[str], present: set[str]) -> None:
        event: Event = {"kind": "here", "process": self._process, "names": sorted(names)}
        self._bus.publish(self._topic, {**event, "away": sorted(names - present)})
