"""Who is in a room and who types there, as its sockets are told; the rules are in `presence`."""

from littlechat.platform import Bus, Event
from littlechat.realtime.hub import Hub, Socket
from littlechat.realtime.presence_state import (
    PresenceState,
    Snapshot,
    Stopped,
    Typed,
)
from littlechat.rendering import Renderer

HERE_SECONDS = 10.0
"""How often a process renews its snapshot of who is here."""

ONLINE_SECONDS = 1.0
"""How often at the most a room hears who came and went."""


Shown = tuple[tuple[str, ...], frozenset[str]]
"""Who is here, and who of them is away."""


class RoomPresence:
    """The people of one room, as this process knows them. Times are the event loop's seconds."""

    def __init__(
        self, topic: str, process: str, bus: Bus, hub: Hub, render: Renderer, now: float
    ) -> None:
        self._topic, self._process = topic, process
        self._bus, self._hub, self._render = bus, hub, render
        self._presence = PresenceState()
        self._here_at = self._online_at = now
        self._shown_online: Shown = ((), frozenset())
        self._shown_typing: tuple[str, ...] = ()

    @property
    def online(self) -> tuple[str, ...]:
        """The names of those who are here, each once."""
        return self._presence.online

    @property
    def away(self) -> frozenset[str]:
        """The names of those of them who have touched none of their pages for a while."""
        return self._presence.away

    @property
    def _shows(self) -> "Shown":
        return self._presence.online, self._presence.away

    def ask(self) -> None:
        """Ask the other processes whom they serve."""
        self._bus.publish(self._topic, {"kind": "asked"})

    def hear(self, event: Event, now: float) -> None:
        """Take in what an event says about people."""
        match event["kind"]:
            case "posted":
                self._presence.apply(Stopped(event["author"]), now)
            case "typed":
                self._presence.apply(Typed(event["name"]), now)
            case "here":
                names, away = frozenset(event["names"]), frozenset(event.get("away", ()))
                self._presence.apply(Snapshot(event["process"], names, away), now)
            case "asked":
                self._here_at = now

    def greet(self, socket: Socket) -> None:
        """Tell a new socket who is here and who types."""
        online = self._render.frames.room_presence(*self._shows)
        socket.put_passing("online", online, len(online.encode()))
        if self._shown_typing:
            frame, variants = self._render.frames.typing(self._shown_typing)
            frame = variants.get(socket.name, frame)
            socket.put_passing("typing", frame, len(frame.encode()))

    def came_or_went(self, now: float) -> None:
        """Note that this process's part of the crowd changed; all are told within a second."""
        last_told = self._here_at - HERE_SECONDS
        self._here_at = min(self._here_at, max(now, last_told + ONLINE_SECONDS))

    def tell(self, now: float) -> None:
        """Tell the other processes and the sockets what is due."""
        self._presence.tick(now)
        if now >= self._here_at:
            self._here_at = now + HERE_SECONDS
            sockets = self._hub.members(self._topic)
            self._publish(
                {socket.name for socket in sockets},
                {socket.name for socket in sockets if not socket.away},
            )
        if self._shows != self._shown_online and now >= self._online_at:
            self._shown_online, self._online_at = self._shows, now + ONLINE_SECONDS
            frame = self._render.frames.room_presence(*self._shows)
            self._hub.deliver_passing(self._topic, "online", frame)
        if self._presence.typing != self._shown_typing:
            self._shown_typing = self._presence.typing
            self.tell_typing()

    def tell_typing(self) -> None:
        """Send who is typing, and now and then again: a socket short of room sheds such frames."""
        frame, variants = self._render.frames.typing(self._shown_typing)
        self._hub.deliver_passing(self._topic, "typing", frame, variants)

    def next_deadline(self) -> float:
        """Return when `tell` next has something to say by itself."""
        deadlines = [self._here_at]
        if (expiry := self._presence.next_expiry()) is not None:
            deadlines.append(expiry)
        if self._shown_online != self._shows:
            deadlines.append(self._online_at)
        return min(deadlines)

    def say_goodbye(self) -> None:
        """Tell the other processes that this one serves nobody in the room."""
        self._publish(set(), set())

    def _publish(self, names: set[str], present: set[str]) -> None:
        event: Event = {"kind": "here", "process": self._process, "names": sorted(names)}
        self._bus.publish(self._topic, {**event, "away": sorted(names - present)})
