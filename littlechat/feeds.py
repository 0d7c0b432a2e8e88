"""One feed a room and process: brings bus events into the room's order and out to its sockets.

The store is the truth. An event ahead of its turn makes the feed read the gap, one behind it is
dropped, and the room's end is read again at every beat, so that a lost, doubled or reordered event
is never seen. Under load a feed sends in rounds: the next one starts no sooner after the last than
that one took.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field, replace

from littlechat.bus import Bus, Event
from littlechat.db import Unavailable
from littlechat.hub import OVERLOAD, Hub, Socket
from littlechat.messages import Messages
from littlechat.models import Cursor, Message, Page, new_id
from littlechat.ordering import Series
from littlechat.presence import Here, Presence, Stopped, Typed
from littlechat.render import Renderer

GAP_GRACE_SECONDS = 0.05
"""How long a missing event may still come by itself: senders overtake each other."""

HERE_SECONDS = 10.0
"""How often a process renews its snapshot of who is here."""

ONLINE_SECONDS = 1.0
"""How often at the most a room hears who came and went."""

BEAT_SECONDS = 15.0
"""How often a feed compares itself with the store and its sockets hear that all is well."""

BUSLESS_BEAT_SECONDS = 1.0
"""The same while the bus is down: then the store alone tells what other processes did."""

LINGER_SECONDS = 5.0
"""How long a feed outlives its last socket: people reload and change rooms."""

ROUND_PAUSE_MAX = 0.25

CATCH_UP_CHARS = 512 * 1024
"""The longest frame that catches a page up; what is longer becomes a fresh list, cut to fit."""

log = logging.getLogger(__name__)

Numbered = list[tuple[int, str]]


def room_topic(room_id: str) -> str:
    """Return the topic of a room's events."""
    return f"room:{room_id}"


@dataclass(slots=True)
class FeedCounters:
    """What `/metrics` tells of the feeds."""

    catch_ups: int = 0
    reloads: int = 0
    gaps: int = 0
    rounds: int = 0


@dataclass(slots=True)
class _Joining:
    """A socket that is not in step with its feed yet: what came meanwhile, and how far it is."""

    posts: Numbered = field(default_factory=list)
    changes: Numbered = field(default_factory=list)
    cursor: Cursor | None = None


class Feed:
    """One room in this process."""

    def __init__(self, room_id: str, feeds: "Feeds", head: Cursor) -> None:
        self.topic = room_topic(room_id)
        self.presence = Presence()
        self._room_id = room_id
        self._feeds = feeds
        self._posts, self._changes = Series(head.seq), Series(head.change)
        self._joining: dict[Socket, _Joining] = {}
        self._wake = asyncio.Event()
        self._clock = asyncio.get_running_loop().time
        self._gap_since: float | None = None
        self._round_at = 0.0
        self._beat_at = self._clock() + BEAT_SECONDS
        self._here_at = self._online_at = self._clock()
        self._empty_since: float | None = None
        self._shown_online: tuple[str, ...] = ()
        self._shown_typing: tuple[str, ...] = ()

    @property
    def cursor(self) -> Cursor:
        """How far this process is with the room."""
        return Cursor(self._posts.last, self._changes.last)

    def hear(self, event: Event) -> None:
        """Take in one event from the bus."""
        now = self._clock()
        match event["kind"]:
            case "posted":
                self._posts.offer(event["seq"], event["html"])
                self.presence.apply(Stopped(event["author"]), now)
            case "changed":
                self._changes.offer(event["n"], event["html"])
            case "typed":
                self.presence.apply(Typed(event["name"]), now)
            case "here":
                self.presence.apply(Here(event["process"], frozenset(event["names"])), now)
            case "asked":
                self._here_at = now
        self._wake.set()

    def doubt(self) -> None:
        """Compare with the store at once: events may have been lost."""
        self._beat_at = self._clock()
        self._wake.set()

    async def enter(self, socket: Socket, after: Cursor | None) -> None:
        """Bring `socket` up to the present and keep it there; without `after`, from now on."""
        joining = self._joining[socket] = _Joining()
        self._feeds.hub.join(socket, self.topic)
        self._came_or_went()
        try:
            joining.cursor = await self._catch_up(socket, after) if after else self.cursor
        except BaseException:
            self._joining.pop(socket, None)
            raise
        self._step(socket, joining, joining.posts, joining.changes)
        online = self._feeds.render.online_frame(self.presence.online)
        socket.put_passing("online", online, len(online.encode()))

    def leave(self, socket: Socket) -> None:
        """Note that `socket` is gone."""
        self._joining.pop(socket, None)
        self._came_or_went()

    def _came_or_went(self) -> None:
        self._empty_since = None
        last_told = self._here_at - HERE_SECONDS
        self._here_at = min(self._here_at, max(self._clock(), last_told + ONLINE_SECONDS))
        self._wake.set()

    async def _catch_up(self, socket: Socket, after: Cursor) -> Cursor:
        frame, cursor = await self._feeds.missed(self._room_id, after)
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
        self._feeds.bus.publish(self.topic, {"kind": "asked"})
        while not self._is_over():
            await self._wait()
            started = self._clock()
            posts, changes = self._posts.take(), self._changes.take()
            if posts or changes:
                self._send(posts, changes)
            self._tell_presence()
            try:
                await self._beat()
                await self._mend_gap()
            except Unavailable:
                self._beat_at = self._clock() + BUSLESS_BEAT_SECONDS
            # Once through the loop and the writers have sent; what that took is the room's rhythm.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            now = self._clock()
            self._round_at = now + min(now - started, ROUND_PAUSE_MAX)
        self.say_goodbye()

    def say_goodbye(self) -> None:
        """Tell the other processes that this one serves nobody in the room."""
        self._feeds.bus.publish(self.topic, self._here(names=()))

    def _is_over(self) -> bool:
        if self._feeds.hub.members(self.topic):
            self._empty_since = None
            return False
        now = self._clock()
        if self._empty_since is None:
            self._empty_since = now
        return now - self._empty_since >= LINGER_SECONDS

    async def _wait(self) -> None:
        pause = self._round_at - self._clock()
        if pause > 0 and self._wake.is_set():
            await asyncio.sleep(pause)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._next_deadline()):
                await self._wake.wait()
        self._wake.clear()

    def _next_deadline(self) -> float:
        deadlines = [self._beat_at, self._here_at]
        if (expiry := self.presence.next_expiry()) is not None:
            deadlines.append(expiry)
        if self._gap_since is not None:
            deadlines.append(self._gap_since + GAP_GRACE_SECONDS)
        if self._empty_since is not None:
            deadlines.append(self._empty_since + LINGER_SECONDS)
        if self._shown_online != self.presence.online:
            deadlines.append(self._online_at)
        return min(deadlines)

    def _send(self, posts: Numbered, changes: Numbered) -> None:
        self._feeds.counters.rounds += 1
        frame = self._frame(posts, changes, self.cursor)
        apart = list(self._joining.items())
        self._feeds.hub.deliver(self.topic, frame, but=self._joining)
        for socket, joining in apart:
            self._step(socket, joining, posts, changes)

    def _frame(self, posts: Numbered, changes: Numbered, cursor: Cursor) -> str:
        rendered = [html for _, html in (*posts, *changes)]
        return self._feeds.render.posted_frame(rendered, cursor)

    async def _beat(self) -> None:
        """Say that all is well, and make sure of it: the last event may have been lost."""
        if self._clock() < self._beat_at:
            return
        connected = self._feeds.bus.connected
        self._beat_at = self._clock() + (BEAT_SECONDS if connected else BUSLESS_BEAT_SECONDS)
        if not self.cursor.covers(await self._feeds.messages.head(self._room_id)):
            await self._read_gap()
        frame = self._feeds.render.beat_frame(self.cursor)
        self._feeds.hub.deliver_passing(self.topic, "beat", frame)

    async def _mend_gap(self) -> None:
        if not (self._posts.has_gap or self._changes.has_gap):
            self._gap_since = None
        elif self._gap_since is None:
            self._gap_since = self._clock()
        elif self._clock() >= self._gap_since + GAP_GRACE_SECONDS:
            self._gap_since = None
            await self._read_gap()

    async def _read_gap(self) -> None:
        self._feeds.counters.gaps += 1
        seen = self.cursor
        missed = await self._feeds.messages.since(self._room_id, seen)
        if missed is None:
            await self._start_over()
            return
        html = [
            (message.seq, str(self._feeds.render.message(message))) for message in missed.messages
        ]
        posts = [(seq, text) for seq, text in html if seq > seen.seq]
        changes = [(missed.cursor.change, text) for seq, text in html if seq <= seen.seq]
        self._posts.jump(missed.cursor.seq)
        self._changes.jump(missed.cursor.change)
        if posts or changes:
            self._send(posts, changes)

    async def _start_over(self) -> None:
        # So far behind that every socket is better served by a fresh list.
        frame, cursor = await self._feeds.missed(self._room_id, self.cursor)
        self._posts.jump(cursor.seq)
        self._changes.jump(cursor.change)
        self._feeds.hub.deliver(self.topic, frame)

    def _tell_presence(self) -> None:
        now = self._clock()
        feeds, presence = self._feeds, self.presence
        presence.tick(now)
        if now >= self._here_at:
            names = {socket.name for socket in feeds.hub.members(self.topic)}
            self._here_at = now + HERE_SECONDS
            feeds.bus.publish(self.topic, self._here(names))
        if presence.online != self._shown_online and now >= self._online_at:
            self._shown_online, self._online_at = presence.online, now + ONLINE_SECONDS
            frame = feeds.render.online_frame(presence.online)
            feeds.hub.deliver_passing(self.topic, "online", frame)
        if presence.typing != self._shown_typing:
            self._shown_typing = presence.typing
            frame, variants = feeds.render.typing_frames(presence.typing)
            feeds.hub.deliver_passing(self.topic, "typing", frame, variants)

    def _here(self, names: "set[str] | tuple[()]") -> Event:
        return {"kind": "here", "process": self._feeds.process, "names": sorted(names)}


class Feeds:
    """The feeds of this process: opened with a room's first socket, ended after its last."""

    def __init__(self, bus: Bus, hub: Hub, messages: Messages, render: Renderer) -> None:
        self.bus, self.hub, self.messages, self.render = bus, hub, messages, render
        self.process = new_id()
        self.counters = FeedCounters()
        self._feeds: dict[str, Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()

    async def enter(self, socket: Socket, room_id: str, after: Cursor | None) -> None:
        """Put `socket` into the room's stream, after what it missed; raise `Unavailable`."""
        async with self._opening:
            feed = self._feeds.get(room_topic(room_id)) or await self._open(room_id)
        await feed.enter(socket, after)

    async def _open(self, room_id: str) -> Feed:
        # Subscribed first and read second: what happens in between is heard, not missed.
        topic = room_topic(room_id)
        await self.bus.subscribe(topic)
        feed = Feed(room_id, self, await self.messages.head(room_id))
        self._feeds[topic] = feed
        task = asyncio.create_task(self._run(feed), name=f"feed {room_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return feed

    async def _run(self, feed: Feed) -> None:
        while True:
            failed = await self._run_once(feed)
            async with self._opening:
                # Somebody may have come in while it was ending.
                if failed or not self.hub.members(feed.topic):
                    del self._feeds[feed.topic]
                    await self.bus.unsubscribe(feed.topic)
                    return

    async def _run_once(self, feed: Feed) -> bool:
        try:
            await feed.run()
        except Exception:
            log.exception("feed failed")
            for socket in self.hub.members(feed.topic):
                socket.close(OVERLOAD)
            return True
        return False

    def hear(self, topic: str, event: Event) -> None:
        """Pass an event from the bus to its feed."""
        if feed := self._feeds.get(topic):
            feed.hear(event)

    def doubt(self) -> None:
        """Let every feed compare itself with the store."""
        for feed in self._feeds.values():
            feed.doubt()

    def leave(self, socket: Socket) -> None:
        """Take `socket` out of every stream."""
        topics = set(socket.topics)
        self.hub.leave(socket)
        for topic in topics:
            if feed := self._feeds.get(topic):
                feed.leave(socket)

    def typed(self, room_id: str, name: str) -> None:
        """Tell the room that someone types."""
        self.bus.publish(room_topic(room_id), {"kind": "typed", "name": name})

    def online(self, room_id: str) -> tuple[str, ...]:
        """Return the names of those known to be in the room now."""
        feed = self._feeds.get(room_topic(room_id))
        return feed.presence.online if feed else ()

    async def missed(self, room_id: str, after: Cursor) -> tuple[str, Cursor]:
        """Return the frame, empty if none is due, that brings a page from `after` to the cursor."""
        self.counters.catch_ups += 1
        missed = await self.messages.since(room_id, after)
        if missed is not None:
            if missed.cursor == after:
                return "", after
            rendered = [str(self.render.message(message)) for message in missed.messages]
            if sum(map(len, rendered)) <= CATCH_UP_CHARS:
                return self.render.posted_frame(rendered, missed.cursor), missed.cursor
        self.counters.reloads += 1
        head = await self.messages.head(room_id)
        page = await self.messages.newest(room_id, head)
        return self.render.reload_frame(room_id, self._cut(page), head), head

    def _cut(self, page: Page) -> Page:
        room = CATCH_UP_CHARS
        kept: list[Message] = []
        for message in reversed(page.messages):
            room -= len(self.render.message(message))
            if kept and room < 0:
                return replace(page, messages=kept, older=True)
            kept.insert(0, message)
        return page

    async def close(self) -> None:
        """End every feed, and tell the other processes that nobody is here any more."""
        for feed in self._feeds.values():
            feed.say_goodbye()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
