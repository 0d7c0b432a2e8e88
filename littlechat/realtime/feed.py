"""One room in one process: puts bus events into the room's order and sends them to its sockets.

The store is the truth. An event that comes early makes the feed read the gap from the store, one
that comes again is dropped, and the room's head is read again at every beat: so pages never notice
that an event was lost, doubled or reordered. Under load a feed sends in rounds, each starting no
sooner after the last than that one took.
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
"""How long a feed waits for a missing event before it reads it from the store: events may overtake
each other."""

BEAT_SECONDS = 15.0
"""How often a feed compares itself with the store and sends its sockets a beat, by which a page
knows that its connection is alive."""

BUSLESS_BEAT_SECONDS = 1.0
"""The same while the bus is down: then only the store shows what other processes did."""

LINGER_SECONDS = 5.0
"""How long a feed outlives its last socket: people reload pages and change rooms."""

ROUND_PAUSE_MAX = 0.25
"""The longest pause between rounds, in seconds."""

Numbered = list[tuple[int, str]]
"""Rendered messages, each with its number in its series: a seq, or that of a change."""


def room_topic(room_id: str) -> str:
    """Return the topic of a room, on the bus and in the hub."""
    return f"room:{room_id}"


@dataclass(slots=True)
class FeedCounters:
    """What `/metrics` shows of the feeds."""

    gaps: int = 0
    rounds: int = 0


@dataclass(frozen=True, slots=True)
class FeedContext:
    """What all feeds of a process share. `process` is its name on the bus."""

    process: str
    bus: Bus
    hub: Hub
    messages: Messages
    render: Renderer
    catch_up: CatchUp
    counters: FeedCounters


@dataclass(slots=True)
class _Joining:
    """A socket that is not up to date with its feed yet: its cursor, and what came meanwhile."""

    posts: Numbered = field(default_factory=list)
    changes: Numbered = field(default_factory=list)
    cursor: Cursor | None = None


class Feed:
    """One room in this process."""

    def __init__(self, room_id: str, head: Cursor, context: FeedContext) -> None:
        self.topic = room_topic(room_id)
        self._room_id, self._context = room_id, context
        self._posts, self._changes = Series(head.seq), Series(head.change)
        self._joining: dict[Socket, _Joining] = {}
        self._wake = asyncio.Event()
        self._clock = asyncio.get_running_loop().time
        self._gap_since: float | None = None
        self._round_at = 0.0
        self._beat_at = self._clock() + BEAT_SECONDS
        self._empty_since: float | None = None
        self.presence = RoomPresence(
            self.topic, context.process, context.bus, context.hub, context.render, self._clock()
        )

    @property
    def cursor(self) -> Cursor:
        """How far this process has sent the room."""
        return Cursor(self._posts.last, self._changes.last)

    def on_event(self, event: Event) -> None:
        """Receive one event from the bus."""
        if event["kind"] == "posted":
            self._posts.offer(event["seq"], event["html"])
        elif event["kind"] == "changed":
            self._changes.offer(event["n"], event["html"])
        self.presence.on_event(event, self._clock())
        self._wake.set()

    def resync(self) -> None:
        """Compare with the store at once: events may have been lost."""
        self._beat_at = self._clock()
        self._wake.set()

    async def enter(self, socket: Socket, after: Cursor | None) -> None:
        """Bring `socket` up to date from `after`, if given, and send it all that follows."""
        joining = self._joining[socket] = _Joining()
        self._context.hub.join(socket, self.topic)
        self._on_sockets_changed()
        try:
            joining.cursor = await self._catch_up(socket, after) if after else self.cursor
        except BaseException:
            self._joining.pop(socket, None)
            raise
        self._send_joining(socket, joining, joining.posts, joining.changes)
        self.presence.send_to(socket)

    def leave(self, socket: Socket) -> None:
        """Note that `socket` has left the room."""
        self._joining.pop(socket, None)
        self._on_sockets_changed()

    def on_away_changed(self) -> None:
        """Note that somebody has left a page of this room unused, or uses it again."""
        self.presence.on_sockets_changed(self._clock())
        self._wake.set()

    def _on_sockets_changed(self) -> None:
        self._empty_since = None
        self.presence.on_sockets_changed(self._clock())
        self._wake.set()

    async def _catch_up(self, socket: Socket, after: Cursor) -> Cursor:
        frame, cursor = await self._context.catch_up.frame(self._room_id, after)
        if frame:
            socket.put(frame, len(frame.encode()))
        return cursor

    def _send_joining(
        self, socket: Socket, joining: _Joining, posts: Numbered, changes: Numbered
    ) -> None:
        """Send a joining socket what it lacks of a round; it has joined once its cursor is ours."""
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
        """Send rounds until no socket has been in the room for `LINGER_SECONDS`."""
        self.presence.request_snapshots()
        while not self._is_over():
            await self._wait()
            started = self._clock()
            posts, changes = self._posts.take(), self._changes.take()
            if posts or changes:
                self._send(posts, changes)
            self.presence.publish_due(self._clock())
            try:
                await self._beat()
                await self._fill_gap()
            except Unavailable:
                self._beat_at = self._clock() + BUSLESS_BEAT_SECONDS
            # Two turns of the loop let the writers write what is queued: the time until then is
            # what the round took.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            now = self._clock()
            self._round_at = now + min(now - started, ROUND_PAUSE_MAX)
        self.presence.publish_absence()

    def _is_over(self) -> bool:
        if self._context.hub.members(self.topic):
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
        deadlines = [self._beat_at, self.presence.next_deadline()]
        if self._gap_since is not None:
            deadlines.append(self._gap_since + GAP_GRACE_SECONDS)
        if self._empty_since is not None:
            deadlines.append(self._empty_since + LINGER_SECONDS)
        return min(deadlines)

    def _send(self, posts: Numbered, changes: Numbered) -> None:
        self._context.counters.rounds += 1
        frame = self._frame(posts, changes, self.cursor)
        joining_sockets = list(self._joining.items())
        self._context.hub.deliver(self.topic, frame, but=self._joining)
        for socket, joining in joining_sockets:
            self._send_joining(socket, joining, posts, changes)

    def _frame(self, posts: Numbered, changes: Numbered, cursor: Cursor) -> str:
        # A message that is posted and changed in one round is in both lists, and is sent once.
        rendered = dict.fromkeys(html for _, html in (*posts, *changes))
        return self._context.render.frames.messages(rendered, cursor)

    async def _beat(self) -> None:
        """Send a beat if it is due, after comparing with the store: an event may have been lost."""
        if self._clock() < self._beat_at:
            return
        connected = self._context.bus.connected
        self._beat_at = self._clock() + (BEAT_SECONDS if connected else BUSLESS_BEAT_SECONDS)
        if not self.cursor.covers(await self._context.messages.head(self._room_id, certain=True)):
            await self._read_gap()
        frame = self._context.render.frames.beat(self.cursor)
        self._context.hub.deliver_ephemeral(self.topic, "beat", frame)
        self.presence.send_typing()

    async def _fill_gap(self) -> None:
        if not (self._posts.has_gap or self._changes.has_gap):
            self._gap_since = None
        elif self._gap_since is None:
            self._gap_since = self._clock()
        elif self._clock() >= self._gap_since + GAP_GRACE_SECONDS:
            self._gap_since = None
            await self._read_gap()

    async def _read_gap(self) -> None:
        self._context.counters.gaps += 1
        seen = self.cursor
        missed = await self._context.messages.since(self._room_id, seen)
        if missed is None:
            await self._start_over()
            return
        await self._context.render.prepare(missed.messages)
        html = [
            (message.seq, str(self._context.render.message(message))) for message in missed.messages
        ]
        posts = [(seq, text) for seq, text in html if seq > seen.seq]
        # A post that is new to the feed may be known to a socket that joined ahead of the feed:
        # such a socket must be sent what changed about it as a change.
        changes = [(missed.cursor.change, text) for seq, text in html if seq in missed.changed]
        self._posts.skip_to(missed.cursor.seq)
        self._changes.skip_to(missed.cursor.change)
        if posts or changes:
            self._send(posts, changes)

    async def _start_over(self) -> None:
        # So far behind that the list is sent anew to every socket.
        frame, cursor = await self._context.catch_up.frame(self._room_id, self.cursor)
        self._posts.skip_to(cursor.seq)
        self._changes.skip_to(cursor.change)
        self._context.hub.deliver(self.topic, frame)
