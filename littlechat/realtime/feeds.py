"""The feeds of a process: each opened with its room's first socket, ended after its last."""

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
    FeedCounters,
    Parts,
    room_topic,
)
from littlechat.realtime.hub import OVERLOAD, Hub, Socket
from littlechat.rendering import Renderer

log = logging.getLogger(__name__)


class Feeds:
    """Brings sockets and events to their rooms' feeds."""

    def __init__(self, bus: Bus, hub: Hub, messages: Messages, render: Renderer) -> None:
        self._bus, self._hub = bus, hub
        self.counters = FeedCounters()
        self.catch_up = CatchUp(messages, render)
        self._parts = Parts(
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
        """Put `socket` into the room's stream, after what it missed; raise `Unavailable`."""
        topic = room_topic(room_id)
        async with self._opening[topic]:
            feed = self._feeds.get(topic) or await self._open(room_id)
        await feed.enter(socket, after)

    async def _open(self, room_id: str) -> Feed:
        # Subscribed first and read second: what happens in between is heard, not missed.
        topic = room_topic(room_id)
        await self._bus.subscribe(topic)
        head = await self._parts.messages.head(room_id)
        feed = Feed(room_id, head, self._parts)
        self._feeds[topic] = feed
        # What came between reading and now found no feed: look once more.
        feed.doubt()
        # In a context of its own: it outlives the socket that happens to be the first.
        task = asyncio.create_task(self._run(feed), name=f"feed {room_id}", context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return feed

    async def _run(self, feed: Feed) -> None:
        while True:
            failed = await self._run_once(feed)
            async with self._opening[feed.topic]:
                # Somebody may have come in while it was ending.
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
        self._hub.leave(socket)
        for topic in topics:
            if feed := self._feeds.get(topic):
                feed.leave(socket)

    def typed(self, room_id: str, name: str) -> None:
        """Tell the room that someone types."""
        self._bus.publish(room_topic(room_id), {"kind": "typed", "name": name})

    def idled(self, socket: Socket, away: bool) -> None:
        """Note that somebody went away from a page, or came back to it."""
        if socket.away != away:
            socket.away = away
            for topic in socket.topics:
                if feed := self._feeds.get(topic):
                    feed.idled()

    def away(self, room_id: str) -> frozenset[str]:
        """Return the names of those in the room who have gone away from their pages."""
        feed = self._feeds.get(room_topic(room_id))
        return feed.crowd.away if feed else frozenset()

    def online(self, room_id: str) -> tuple[str, ...]:
        """Return the names of those known to be in the room now."""
        feed = self._feeds.get(room_topic(room_id))
        return feed.crowd.online if feed else ()

    async def close(self) -> None:
        """End every feed, and tell the other processes that nobody is here any more."""
        for feed in self._feeds.values():
            feed.crowd.say_goodbye()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
