"""Carries events between the processes of one installation: in memory, or through Redis.

At most once, by contract: an event may be lost, repeated by nobody, and reordered between senders.
The store is the truth and every listener must heal from it. An event published here is heard here
even when Redis is down, so one process never depends on it.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from littlechat.core import new_id

Event = dict[str, Any]
"""JSON values; `kind` names the event in the past tense."""

QUEUE_MAX = 10_000
"""Events waiting in this process; beyond it the oldest is lost, as the contract allows."""

RESUMED = "bus:resumed"
"""The topic on which a bus tells its own process that it may have missed events."""

DOUBT = ""
"""Among a RedisBus's channels the one on which processes tell each other that something was lost.
A connection without any subscription cannot be read, so this one is always there."""

log = logging.getLogger(__name__)


class Bus(Protocol):
    """What both adapters keep to; `tests/test_bus.py` holds them to it."""

    @property
    def lost(self) -> int:
        """How many events this process dropped or could not send."""

    @property
    def connected(self) -> bool:
        """Whether events of other processes arrive just now."""

    async def open(self) -> None:
        """Begin to carry."""

    def publish(self, topic: str, event: Event) -> None:
        """Send `event` to every subscriber of `topic`, this process included. Never blocks."""

    async def subscribe(self, topic: str) -> None:
        """Return when events on `topic` reach `listen`, or when that cannot be had now."""

    async def unsubscribe(self, topic: str) -> None:
        """Stop hearing `topic`."""

    def listen(self) -> AsyncIterator[tuple[str, Event]]:
        """Yield what was published on the subscribed topics, in each publisher's order."""

    async def close(self) -> None:
        """Stop carrying and let go of everything."""


class Inbox:
    """The events that wait for one listener; when full, the oldest goes."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.lost = 0
        self._has_lost = False
        self._queue: asyncio.Queue[tuple[str, Event]] = asyncio.Queue(QUEUE_MAX)

    def put(self, topic: str, event: Event) -> None:
        if topic not in self.topics and topic != RESUMED:
            return
        if self._queue.full():
            self._queue.get_nowait()
            self.lost += 1
            self._has_lost = True
        self._queue.put_nowait((topic, event))

    async def listen(self) -> AsyncIterator[tuple[str, Event]]:
        while True:
            event = await self._queue.get()
            if self._has_lost:
                self._has_lost = False
                yield RESUMED, {"kind": "resumed"}
            yield event


class Exchange:
    """What in-memory buses meet at: those on one exchange stand for processes."""

    def __init__(self) -> None:
        self.inboxes: list[Inbox] = []


class MemoryBus:
    """A bus for one process, or for several apps in one test."""

    def __init__(self, exchange: Exchange | None = None) -> None:
        self._exchange = exchange or Exchange()
        self._inbox = Inbox()
        self.connected = True

    @property
    def lost(self) -> int:
        return self._inbox.lost

    async def open(self) -> None:
        self._exchange.inboxes.append(self._inbox)

    def publish(self, topic: str, event: Event) -> None:
        for inbox in self._exchange.inboxes:
            inbox.put(topic, event)

    async def subscribe(self, topic: str) -> None:
        self._inbox.topics.add(topic)

    async def unsubscribe(self, topic: str) -> None:
        self._inbox.topics.discard(topic)

    def listen(self) -> AsyncIterator[tuple[str, Event]]:
        return self._inbox.listen()

    async def close(self) -> None:
        with contextlib.suppress(ValueError):
            self._exchange.inboxes.remove(self._inbox)


class RedisBus:
    """A bus through Redis pub/sub (https://redis.io/docs/latest/develop/pubsub/).

    Topics become channels `littlechat:<namespace>:<topic>`; the namespace keeps two installations
    on one Redis apart.
    """

    def __init__(
        self, url: str, namespace: str, observe: Callable[[float], None] = lambda seconds: None
    ) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_connect_timeout=2, socket_timeout=5, health_check_interval=10
        )
        self._prefix = f"littlechat:{namespace}:"
        self._me = new_id()
        self._is_new = True
        self._observe = observe
        self._inbox = Inbox()
        self._outgoing: asyncio.Queue[tuple[str, Event]] = asyncio.Queue(QUEUE_MAX)
        self._pubsub: PubSub | None = None
        self._confirmed: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._lost = 0
        self._owes_doubt = False
        self.connected = False

    @property
    def lost(self) -> int:
        return self._inbox.lost + self._lost

    async def open(self) -> None:
        self._tasks = [
            asyncio.create_task(self._receive(), name="bus receive"),
            asyncio.create_task(self._send(), name="bus send"),
        ]

    def publish(self, topic: str, event: Event) -> None:
        self._inbox.put(topic, event)
        if self._outgoing.full():
            self._outgoing.get_nowait()
            self._outgoing.task_done()
            self._lost += 1
            self._owes_doubt = True
        self._outgoing.put_nowait((topic, event))

    async def subscribe(self, topic: str) -> None:
        self._inbox.topics.add(topic)
        confirmed = self._confirmed.setdefault(topic, asyncio.Event())
        if self._pubsub is None:
            return
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._pubsub.subscribe(self._prefix + topic)
            async with asyncio.timeout(2):
                await confirmed.wait()

    async def unsubscribe(self, topic: str) -> None:
        self._inbox.topics.discard(topic)
        self._confirmed.pop(topic, None)
        if self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(self._prefix + topic)

    def listen(self) -> AsyncIterator[tuple[str, Event]]:
        return self._inbox.listen()

    async def close(self) -> None:
        # What was published just before, a goodbye among it, still leaves if Redis takes it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._outgoing.join()
        waiting = set(self._tasks)
        while waiting:
            # More than once: a cancellation that meets a reply is at times lost in redis-py.
            for task in waiting:
                task.cancel()
            _, waiting = await asyncio.wait(waiting, timeout=0.1)
        await self._redis.aclose()

    async def _receive(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._take_up(pubsub)
                    while True:
                        message = await pubsub.get_message(timeout=5)
                        if message is not None:
                            self._hear(message)
            except (RedisError, OSError) as error:
                if self.connected or self._is_new:
                    log.warning("bus down", extra={"error": type(error).__name__})
                self._is_new = False
                if self.connected:
                    # Listeners turn to the store at once, not at their next look.
                    self.connected = False
                    self._inbox.put(RESUMED, {"kind": "lost"})
            finally:
                self.connected, self._pubsub = False, None
                for confirmed in self._confirmed.values():
                    confirmed.clear()
            await asyncio.sleep(0.5)

    async def _take_up(self, pubsub: PubSub) -> None:
        taken = {DOUBT}
        await pubsub.subscribe(self._prefix + DOUBT)
        # Until the line below says otherwise, `subscribe` leaves its topics to be taken up here.
        while late := self._inbox.topics - taken:
            await pubsub.subscribe(*(self._prefix + topic for topic in late))
            taken |= late
        self._pubsub, self.connected = pubsub, True
        self._inbox.put(RESUMED, {"kind": "resumed"})
        log.info("bus connected")

    def _hear(self, message: dict[str, Any]) -> None:
        topic = message["channel"].decode().removeprefix(self._prefix)
        if message["type"] == "subscribe" and topic in self._confirmed:
            self._confirmed[topic].set()
        elif message["type"] == "message":
            sender, _, rest = message["data"].partition(b" ")
            if sender == self._me.encode():
                return
            sent_at, _, data = rest.partition(b" ")
            seconds, event = 0.0, None
            with contextlib.suppress(ValueError):
                seconds, event = time.time() - float(sent_at), json.loads(data)
            if not isinstance(event, dict):
                log.warning("bus carried rubbish", extra={"topic": topic})
                return
            self._observe(max(0.0, seconds))
            self._inbox.put(RESUMED if topic == DOUBT else topic, event)

    async def _send(self) -> None:
        while True:
            batch = [] if self._owes_doubt else [await self._outgoing.get()]
            while not self._outgoing.empty() and len(batch) < 100:
                batch.append(self._outgoing.get_nowait())
            # The others cannot know that they missed what could not be sent: they are told.
            told = [(DOUBT, {"kind": "resumed"})] if self._owes_doubt else []
            try:
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for topic, event in told + batch:
                        data = f"{self._me} {time.time():.6f} {json.dumps(event)}"
                        pipeline.publish(self._prefix + topic, data.encode())
                    self._owes_doubt = False
                    await pipeline.execute()
            except (RedisError, OSError):
                self._lost += len(batch)
                self._owes_doubt = True
                await asyncio.sleep(0.1)
            finally:
                for _ in batch:
                    self._outgoing.task_done()
