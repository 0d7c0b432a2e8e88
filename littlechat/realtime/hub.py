"""The sockets of this process, by topic, each with a bounded outbox.

The hub knows strings, not messages. A frame is packed once and written at once to every peer that
keeps up; for the others, one writer per socket sends everything that is pending as one frame.
Nothing waits for the slowest peer: a full outbox drops its ephemeral frames, then the socket is
closed, and the browser reconnects and catches up from the store.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from littlechat.realtime.frames import pack

OUTBOX_BYTES = 256 * 1024
"""How much may wait in the outbox of one socket."""

WRITE_SECONDS = 50.0
"""How long writing a frame may take: by then a browser has given up the connection itself
(`layout/socket.js`). A peer that reads too slowly is cut off sooner, by the write timeout of
`server`."""

CLOSE_SECONDS = 0.5
"""How long a write may still take once its socket is to be closed: a kick takes effect within 1 s,
even for a peer that has stopped reading."""

POLICY, OVERLOAD, RESTART, ERROR = 1008, 1013, 1012, 1011
"""Close codes (RFC 6455 section 7.4 and its registry); pages retry all but 1008."""

Send = Callable[[str], Awaitable[None]]

WriteNow = Callable[[bytes], bool]
"""Write a packed frame whole and without waiting, or nothing of it; return which."""


@dataclass(slots=True)
class Counters:
    """What `/metrics` shows of the hub."""

    delivered: int = 0
    shed: int = 0
    overflowed: int = 0
    frames: int = 0


@dataclass(slots=True, eq=False)
class Socket:
    """The socket of one browser tab. `user` and `session` are ids, `name` is the username."""

    user: str
    name: str
    session: str
    send: Send
    counters: Counters
    write_now: WriteNow | None = None
    topics: set[str] = field(default_factory=set)
    away: bool = False
    """Whether nobody has used the page for a while, as the page reports."""
    close_code: int | None = None
    close_reason: str = ""
    """A key of the sentences in `static/layout/socket.js`, which the page shows, or empty."""
    looked_at: float = float("-inf")
    """When its page last reported that it is visible, in the event loop's seconds."""
    _frames: list[str] = field(default_factory=list)
    _ephemeral: dict[str, str] = field(default_factory=dict)
    _bytes: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _sending: asyncio.Timeout | None = None
    _idle: bool = False
    """Whether the writer waits: then no other frame is being written."""

    def put(self, frame: str, size: int, packed: bytes = b"") -> None:
        """Send or queue a frame that must arrive; close with 1013 if the outbox is full.

        `size` is the frame's in bytes; `packed`, if given, are the bytes that go over the
        connection. An empty outbox takes a frame of any size: callers bound it, and all sockets
        share the one string.
        """
        if self.close_code is not None:
            return  # Nothing may be sent between a kick and the writer's next turn.
        if self._bypass_writer(packed):
            self.counters.delivered += 1
            return
        if self._bytes + size > OUTBOX_BYTES:
            self.counters.shed += len(self._ephemeral)
            self._drop_ephemeral()
        if self._frames and self._bytes + size > OUTBOX_BYTES:
            self.counters.overflowed += 1
            self.close(OVERLOAD)
            return
        self._frames.append(frame)
        self._bytes += size
        self._wake.set()

    def put_ephemeral(self, kind: str, frame: str, size: int, packed: bytes = b"") -> None:
        """Send or queue a frame that the next of its kind replaces; drop it if the outbox is full.

        As in `put`, an empty outbox takes a frame of any size.
        """
        if self.close_code is not None or self._bypass_writer(packed):
            return
        if (replaced := self._ephemeral.pop(kind, None)) is not None:
            self._bytes -= len(replaced.encode())
        if self._bytes and self._bytes + size > OUTBOX_BYTES:
            self.counters.shed += 1
            return
        self._bytes += size
        self._ephemeral[kind] = frame
        self._wake.set()

    def _bypass_writer(self, packed: bytes) -> bool:
        # Waking the writer would cost a turn of the loop; allowed only if no frame is overtaken.
        if not (packed and self._idle and self.write_now) or self._frames or self._ephemeral:
            return False
        if not self.write_now(packed):
            return False
        self.counters.frames += 1
        return True

    def close(self, code: int, reason: str = "") -> None:
        """Make the writer stop; the first code given is the one that is sent."""
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason
            self._frames.clear()
            self._drop_ephemeral()
            self._bytes = 0
            self._hurry()
        self._wake.set()

    def _hurry(self) -> None:
        if self._sending and not self._sending.expired():
            soon = asyncio.get_running_loop().time() + CLOSE_SECONDS
            self._sending.reschedule(min(self._sending.when() or soon, soon))

    def _drop_ephemeral(self) -> None:
        self._bytes -= sum(len(frame.encode()) for frame in self._ephemeral.values())
        self._ephemeral.clear()

    async def write(self) -> int:
        """Send what is queued until closed; return the code to close with."""
        while self.close_code is None:
            self._idle = True
            try:
                await self._wake.wait()
            finally:
                self._idle = False
            self._wake.clear()
            if self._frames or self._ephemeral:
                await self._drain()
        return self.close_code

    async def _drain(self) -> None:
        count = len(self._frames)
        frame = "".join(itertools.chain(self._frames, self._ephemeral.values()))
        self._frames.clear()
        self._ephemeral.clear()
        self._bytes = 0
        try:
            async with asyncio.timeout(WRITE_SECONDS) as self._sending:
                await self.send(frame)
        except TimeoutError:
            self.counters.overflowed += self.close_code is None
            self.close(OVERLOAD)
            return
        finally:
            self._sending = None
        self.counters.frames += 1
        self.counters.delivered += count


class Hub:
    """The sockets of this process, found by topic."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.sockets: set[Socket] = set()
        self._topics: dict[str, set[Socket]] = {}

    def open(
        self, user: str, name: str, session: str, send: Send, write_now: WriteNow | None = None
    ) -> Socket:
        """Return a new socket, in no topic yet; without `write_now` its writer sends everything."""
        socket = Socket(user, name, session, send, self.counters, write_now)
        self.sockets.add(socket)
        return socket

    def join(self, socket: Socket, topic: str) -> None:
        """Let `socket` receive what is delivered to `topic`."""
        socket.topics.add(topic)
        self._topics.setdefault(topic, set()).add(socket)

    def leave(self, socket: Socket) -> set[str]:
        """Forget a socket; return the topics that it leaves empty."""
        self.sockets.discard(socket)
        emptied = set()
        for topic in socket.topics:
            members = self._topics.get(topic, set())
            members.discard(socket)
            if not members:
                self._topics.pop(topic, None)
                emptied.add(topic)
        socket.topics.clear()
        return emptied

    def members(self, topic: str) -> Iterable[Socket]:
        """Return the sockets in a topic."""
        return tuple(self._topics.get(topic, ()))

    def deliver(self, topic: str, frame: str, *, but: Iterable[Socket] = ()) -> None:
        """Send a frame to every socket in `topic` except those in `but`."""
        payload = frame.encode()
        size, packed = len(payload), pack(payload)
        for socket in self._topics.get(topic, set()).difference(but):
            socket.put(frame, size, packed)

    def deliver_ephemeral(
        self, topic: str, kind: str, frame: str, variants: Mapping[str, str] | None = None
    ) -> None:
        """Send an ephemeral frame to every socket in `topic`; `variants` are by username."""
        own = variants or {}
        payload = frame.encode()
        size, packed = len(payload), pack(payload)
        for socket in self._topics.get(topic, ()):
            if (variant := own.get(socket.name)) is None:
                socket.put_ephemeral(kind, frame, size, packed)
            else:
                payload = variant.encode()
                socket.put_ephemeral(kind, variant, len(payload), pack(payload))

    def kick(
        self,
        *,
        user: str | None = None,
        sessions: Iterable[str] = (),
        topic: str | None = None,
        reason: str = "",
        code: int = POLICY,
    ) -> int:
        """Close with `code` the sockets of a user, of sessions, or of a topic; return how many.

        With `user` and `topic` only those that match both.
        """
        among = frozenset(sessions)
        chosen = [
            socket
            for socket in self.sockets
            if socket.session in among
            or (
                (user is not None or topic is not None)
                and user in (None, socket.user)
                and (topic is None or topic in socket.topics)
            )
        ]
        for socket in chosen:
            socket.close(code, reason)
        return len(chosen)

    async def close_all(self, code: int, over_seconds: float) -> None:
        """Close every socket with `code`, spread over time so that not all reconnect at once."""
        sockets = list(self.sockets)
        for socket in sockets:
            socket.close(code)
            if over_seconds:
                await asyncio.sleep(over_seconds / len(sockets))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                while self.sockets:
                    await asyncio.sleep(0.01)
