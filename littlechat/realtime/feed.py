"""One room in one process: brings bus events into the room's order and out to its sockets.

The store is the truth. An event ahead of its turn makes the feed read the gap, one behind it is
dropped, and the room's end is read again at every beat, so that a lost, doubled or reordered event
is never seen. Under load a feed sends in rounds: the next one starts no sooner after the last than
that one took.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field

from littlechat.core import Cursor
from littlechat.messages import Messages
from littlechat.platform import Bus, Event, Unavailable
from littlechat.realtime.catch_up import CatchUp
from littlechat.realtime.hub import Hub, Socket
from littlechat.realtime.ordering import Series
from littlechat.realtime.room_presence import RoomPresence
from littlechat.rendering import Renderer

GAP_GRACE_SECONDS = 0.05
"""How long a missing event may still come by itself: senders overtake each other."""

BEAT_SECONDS = 15.0
"""How often a feed compares itself with the store and its sockets hear that all is well."""

BUSLESS_BEAT_SECONDS = 1.0
"""The same while the bus is down: then the store alone tells what other processes did."""

LINGER_SECONDS = 5.0
"""How long a feed outlives its last socket: people reload and change rooms."""

ROUND_PAUSE_MAX = 0.25

Numbered = list[tuple[int, str]]


def room_topic(room_id: str) -> str:
    """Return the topic of a room's events."""
    return f"room:{room_id}"


@dataclass(slots=True)
class FeedCounters:
    """What `/metrics` tells of the feeds."""

    gaps: int = 0
    rounds: int = 0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the feeds of a process work with. `process` is its name on the bus."""

    process: str
    bus: Bus
    hub: Hub
    messages: Messages
    render: Renderer
    catch_up: CatchUp
    counters: FeedCounters


@dataclass(slots=True)
class _Joining:
    """A socket that is not in step with its feed yet: what came meanwhile, and how far it is."""

    posts: Numbered = field(default_factory=list)
    changes: Numbered = field(default_factory=list)
    cursor: Cursor | None = None


class Feed:
    """One room in this process."""

    def __init__(self, room_id: str, head: Cursor, parts: Parts) -> None:
        self.topic = room_topic(room_id)
        self._room_id, self._parts = room_id, parts
        self._posts, self._changes = Series(head.seq), Series(head.change)
        self._joining: dict[Socket, _Joining] = {}
        self._wake = asyncio.Event()
        self._clock = asyncio.get_running_loop().time
        self._gap_since: float | None = None
        self._round_at = 0.0
        self._beat_at = self._clock() + BEAT_SECONDS
        self._empty_since: float | None = None
        self.crowd = RoomPresence(
            self.topic, parts.process, parts.bus, parts.hub, parts.render, self._clock()
        )

    @property
    def cursor(self) -> Cursor:
        """How far this process is with the room."""
        return Cursor(self._posts.last, self._changes.last)

    def hear(self, event: Event) -> None:
        """Take in one event from the bus."""
        if event["kind"] == "posted":
            self._posts.offer(event["seq"], event["html"])
        elif event["kind"] == "changed":
            self._changes.offer(event["n"], event["html"])
        self.crowd.hear(event, self._clock())
        self._wake.set()

    def doubt(self) -> None:
        """Compare with the store at once: events may have been lost."""
        self._beat_at = self._clock()
        self._wake.set()

    async def enter(self, socket: Socket, after: Cursor | None) -> None:
        """Bring `socket` up to the present and keep it there; without `after`, from now on."""
        joining = self._joining[socket] = _Joining()
        self._parts.hub.join(socket, self.topic)
        self._came_or_went()
        try:
            joining.cursor = await self._catch_up(socket, after) if after else self.cursor
        except BaseException:
            self._joining.pop(socket, None)
            raise
        self._step(socket, joining, joining.posts, joining.changes)
        self.crowd.greet(socket)

    def leave(self, socket: Socket) -> None:
        """Note that `socket` is gone."""
        self._joining.pop(socket, None)
        self._came_or_went()

    def idled(self) -> None:
        """Note that somebody went away from a page of this room, or came back to it."""
        self.crowd.came_or_went(self._clock())
        self._wake.set()

    def _came_or_went(self) -> None:
        self._empty_since = None
        self.crowd.came_or_went(self._clock())
        self._wake.set()

    async def _catch_up(self, socket: Socket, after: Cursor) -> Cursor:
        frame, cursor = await self._parts.catch_up.frame(self._room_id, after)
        if frame:
            socket.put(frame, len(frame.encode()))
        return cursor

    def _step(self, socket: Socket, joining: _Joining, posts: Numbered, changes: Numbered) -> None:
        """Give a joining socket what it has not seen of a round; release it once in step."""
        if joining.cursor is None:
            joining.posts += posts
            joining.changes += changes
            return
        at = joining.cursor
        posts = [(n, html) for n, html in posts if n > at.seq]
        changes = [(n, html) for n, html in changes if n > at.change]
        joining.cursor = Cursor(
            posts[-1][0] if posts else at.seq, changes[-1][0] if changes else at.change
        )
        if posts or changes:
            frame = self._frame(posts, changes, joining.cursor)
            socket.put(frame, len(frame.encode()))
        if self.cursor.covers(joining.cursor):
            self._joining.pop(socket, None)

    async def run(self) -> None:
        """Send rounds until nobody has been here for `LINGER_SECONDS`."""
        self.crowd.ask()
        while not self._is_over():
            await self._wait()
            started = self._clock()
            posts, changes = self._posts.take(), self._changes.take()
            if posts or changes:
                self._send(posts, changes)
            self.crowd.tell(self._clock())
            try:
                await self._beat()
                await self._mend_gap()
            except Unavailable:
                self._beat_at = self._clock() + BUSLESS_BEAT_SECONDS
            # By now this round is out, or queued and, once through the loop, written: what that
            # took is the room's rhythm.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            now = self._clock()
            self._round_at = now + min(now - started, ROUND_PAUSE_MAX)
        self.crowd.say_goodbye()

    def _is_over(self) -> bool:
        if self._parts.hub.members(self.topic):
            self._empty_since = None
            return False
        now = self._clock()
        if self._empty_since is None:
            self._empty_since = now
        return now - self._empty_since >= LINGER_SECONDS

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._next_deadline()):
                await self._wake.wait()
        if (pause := self._round_at - self._clock()) > 0:
            await asyncio.sleep(pause)
        self._wake.clear()

    def _next_deadline(self) -> float:
        deadlines = [self._beat_at, self.crowd.next_deadline()]
        if self._gap_since is not None:
            deadlines.append(self._gap_since + GAP_GRACE_SECONDS)
        if self._empty_since is not None:
            deadlines.append(self._empty_since + LINGER_SECONDS)
        return min(deadlines)

    def _send(self, posts: Numbered, changes: Numbered) -> None:
        self._parts.counters.rounds += 1
        frame = self._frame(posts, changes, self.cursor)
        apart = list(self._joining.items())
        self._parts.hub.deliver(self.topic, frame, but=self._joining)
        for socket, joining in apart:
            self._step(socket, joining, posts, changes)

    def _frame(self, posts: Numbered, changes: Numbered, cursor: Cursor) -> str:
        # What is new and changed at once is there twice, and goes once.
        rendered = dict.fromkeys(html for _, html in (*posts, *changes))
        return self._parts.render.frames.messages(rendered, cursor)

    async def _beat(self) -> None:
        """Say that all is well, and make sure of it: the last event may have been lost."""
        if self._clock() < self._beat_at:
            return
        connected = self._parts.bus.connected
        self._beat_at = self._clock() + (BEAT_SECONDS if connected else BUSLESS_BEAT_SECONDS)
        if not self.cursor.covers(await self._parts.messages.head(self._room_id, certain=True)):
            await self._read_gap()
        frame = self._parts.render.frames.beat(self.cursor)
        self._parts.hub.deliver_passing(self.topic, "beat", frame)
        self.crowd.tell_typing()

    async def _mend_gap(self) -> None:
        if not (self._posts.has_gap or self._changes.has_gap):
            self._gap_since = None
        elif self._gap_since is None:
            self._gap_since = self._clock()
        elif self._clock() >= self._gap_since + GAP_GRACE_SECONDS:
            self._gap_since = None
            await self._read_gap()

    async def _read_gap(self) -> None:
        self._parts.counters.gaps += 1
        seen = self.cursor
        missed = await self._parts.messages.since(self._room_id, seen)
        if missed is None:
            await self._start_over()
            return
        html = [
            (message.seq, str(self._parts.render.message(message))) for message in missed.messages
        ]
        posts = [(seq, text) for seq, text in html if seq > seen.seq]
        # A post that is new to the feed may be old to a socket that joined ahead of it: what
        # changed about it must reach that one as a change.
        changes = [(missed.cursor.change, text) for seq, text in html if seq in missed.changed]
        self._posts.jump(missed.cursor.seq)
        self._changes.jump(missed.cursor.change)
        if posts or changes:
            self._send(posts, changes)

    async def _start_over(self) -> None:
        # So far behind that every socket is better served by a fresh list.
        frame, cursor = await self._parts.catch_up.frame(self._room_id, self.cursor)
        self._posts.jump(cursor.seq)
        self._changes.jump(cursor.change)
        self._parts.hub.deliver(self.topic, frame)
