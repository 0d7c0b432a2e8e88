"""The feeds of a process: each starts with its room's first socket and ends after the last."""

import asyncio
import logging
from collections import defaultdict
from contextvars import Context

from littlechat.core import Cursor, new_id
from littlechat.messages import Messages
from littlechat.platform import Bus, Event
from littlechat.realtime.catch_up import CatchUp
from littlechat.realtime.feed import (
    Feed,
    FeedContext,
    FeedCounters,
    room_topic,
)
from littlechat.realtime.hub import OVERLOAD, Hub, Socket
from littlechat.rendering import Renderer

log = logging.getLogger(__name__)


class Feeds:
    """Hands sockets and events to the feeds of their rooms."""

    def __init__(self, bus: Bus, hub: Hub, messages: Messages, render: Renderer) -> None:
        self._bus, self._hub = bus, hub
        self.counters = FeedCounters()
        self.catch_up = CatchUp(messages, render)
        self._context = FeedContext(
            process=new_id(),
            bus=bus,
            hub=hub,
            messages=messages,
            render=render,
            catch_up=self.catch_up,
            counters=self.counters,
        )
        self._feeds: dict[str, Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def enter(self, socket: Socket, room_id: str, after: Cursor | None) -> None:
        """Let `socket` receive the room, beginning after its cursor; raise `Unavailable`.

        Without `after` it receives only what happens from now on.
        """
        topic = room_topic(room_id)
        async with self._opening[topic]:
            feed = self._feeds.get(topic) or await self._open(room_id)
        await feed.enter(socket, after)

    async def _open(self, room_id: str) -> Feed:
        # Subscribed before reading: what happens in between is received twice rather than missed.
        topic = room_topic(room_id)
        await self._bus.subscribe(topic)
        head = await self._context.messages.head(room_id)
        feed = Feed(room_id, head, self._context)
        self._feeds[topic] = feed
        # An event that came while `head` was read found no feed: compare with the store again.
        feed.resync()
        # In an empty context: the task outlives the request whose socket came first.
        task = asyncio.create_task(self._run(feed), name=f"feed {room_id}", context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return feed

    async def _run(self, feed: Feed) -> None:
        while True:
            failed = await self._run_once(feed)
            async with self._opening[feed.topic]:
                # A socket may have joined while the feed was ending.
                if failed or not self._hub.members(feed.topic):
                    del self._feeds[feed.topic]
                    await self._bus.unsubscribe(feed.topic)
                    return

    async def _run_once(self, feed: Feed) -> bool:
        try:
            await feed.run()
        except Exception:
            log.exception("feed failed")
            for socket in self._hub.members(feed.topic):
                socket.close(OVERLOAD)
            return True
        return False

    def on_event(self, topic: str, event: Event) -> None:
        """Hand an event from the bus to its feed."""
        if feed := self._feeds.get(topic):
            feed.on_event(event)

    def resync(self) -> None:
        """Make every feed compare itself with the store."""
        for feed in self._feeds.values():
            feed.resync()

    def leave(self, socket: Socket) -> None:
        """Take `socket` out of every feed."""
        topics = set(socket.topics)
        self._hub.leave(socket)
        for topic in topics:
            if feed := self._feeds.get(topic):
                feed.leave(socket)

    def typed(self, room_id: str, name: str) -> None:
        """Publish that somebody types in a room."""
        self._bus.publish(room_topic(room_id), {"kind": "typed", "name": name})

    def set_away(self, socket: Socket, away: bool) -> None:
        """Note that somebody has left a page unused, or uses it again."""
        if socket.away != away:
            socket.away = away
            for topic in socket.topics:
                if feed := self._feeds.get(topic):
                    feed.on_away_changed()

    def away(self, room_id: str) -> frozenset[str]:
        """Return the names of those in the room who are away from all their pages."""
        feed = self._feeds.get(room_topic(room_id))
        return feed.presence.away if feed else frozenset()

    def online(self, room_id: str) -> tuple[str, ...]:
        """Return the names of those who are in the room now."""
        feed = self._feeds.get(room_topic(room_id))
        return feed.presence.online if feed else ()

    async def close(self) -> None:
        """End every feed, and tell the other processes that this one serves nobody any more."""
        for feed in self._feeds.values():
            feed.presence.publish_absence()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
