"""Publish/subscribe between the processes of one installation, in memory or through Redis.

Delivery is at most once: an event may be lost but never arrives twice, and events of different
publishers may arrive in any order. The database is the source of truth, from which subscribers
must recover. A process receives its own events even while Redis is down.
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

QUEUE_EVENTS_MAX = 10_000
"""Events that wait in this process to be read or sent; beyond it the oldest is dropped."""

RESUMED = "bus:resumed"
"""The topic on which `listen` reports that events may have been missed. Subscribed always."""

LOSS_TOPIC = ""
"""The topic on which a RedisBus reports to other processes that it dropped events of its own. It is
always subscribed, which also keeps the connection readable: redis-py reads none without any."""

log = logging.getLogger(__name__)


class Bus(Protocol):
    """The interface of both buses; `tests/platform/test_bus.py` runs one contract on each."""

    @property
    def lost(self) -> int:
        """Number of events that this process dropped or could not send."""

    @property
    def connected(self) -> bool:
        """Whether events of other processes arrive at present."""

    async def open(self) -> None:
        """Start receiving and sending."""

    def publish(self, topic: str, event: Event) -> None:
        """Send `event` to every subscriber of `topic`, including this process. Never blocks."""

    async def subscribe(self, topic: str) -> None:
        """Subscribe to `topic`; return once its events reach `listen`.

        If Redis is down or does not confirm within 2 s, it returns all the same; the topic is
        subscribed when the connection comes back.
        """

    async def unsubscribe(self, topic: str) -> None:
        """Receive no more events on `topic`."""

    def listen(self) -> AsyncIterator[tuple[str, Event]]:
        """Yield topics and events as they arrive; each publisher's events keep their order."""

    async def close(self) -> None:
        """Send what is queued, for a second at most, and disconnect."""


class EventQueue:
    """The events that one bus has received and not yet yielded; when full, it drops the oldest."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.lost = 0
        self._has_lost = False
        self._queue: asyncio.Queue[tuple[str, Event]] = asyncio.Queue(QUEUE_EVENTS_MAX)

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


class MemoryBroker:
    """Connects memory buses with each other; in tests each of them stands for a process."""

    def __init__(self) -> None:
        self.queues: list[EventQueue] = []


class MemoryBus:
    """A bus for one process, or for several applications in one test."""

    def __init__(self, broker: MemoryBroker | None = None) -> None:
        self._broker = broker or MemoryBroker()
        self._received = EventQueue()
        self.connected = True

    @property
    def lost(self) -> int:
        return self._received.lost

    async def open(self) -> None:
        self._broker.queues.append(self._received)

    def publish(self, topic: str, event: Event) -> None:
        for queue in self._broker.queues:
            queue.put(topic, event)

    async def subscribe(self, topic: str) -> None:
        self._received.topics.add(topic)

    async def unsubscribe(self, topic: str) -> None:
        self._received.topics.discard(topic)

    def listen(self) -> AsyncIterator[tuple[str, Event]]:
        return self._received.listen()

    async def close(self) -> None:
        with contextlib.suppress(ValueError):
            self._broker.queues.remove(self._received)


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
        self._sender_id = new_id()
        self._never_connected = True
        self._observe = observe
        self._received = EventQueue()
        self._to_send: asyncio.Queue[tuple[str, Event]] = asyncio.Queue(QUEUE_EVENTS_MAX)
        self._pubsub: PubSub | None = None
        self._confirmed: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._lost = 0
        self._must_report_loss = False
        self.connected = False

    @property
    def lost(self) -> int:
        return self._received.lost + self._lost

    async def open(self) -> None:
        self._tasks = [
            asyncio.create_task(self._receive(), name="bus receive"),
            asyncio.create_task(self._send(), name="bus send"),
        ]

    def publish(self, topic: str, event: Event) -> None:
        self._received.put(topic, event)
        if self._to_send.full():
            self._to_send.get_nowait()
            self._to_send.task_done()
            self._lost += 1
            self._must_report_loss = True
        self._to_send.put_nowait((topic, event))

    async def subscribe(self, topic: str) -> None:
        self._received.topics.add(topic)
        confirmed = self._confirmed.setdefault(topic, asyncio.Event())
        if self._pubsub is None:
            return
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._pubsub.subscribe(self._prefix + topic)
            async with asyncio.timeout(2):
                await confirmed.wait()

    async def unsubscribe(self, topic: str) -> None:
        self._received.topics.discard(topic)
        self._confirmed.pop(topic, None)
        if self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(self._prefix + topic)

    def listen(self) -> AsyncIterator[tuple[str, Event]]:
        return self._received.listen()

    async def close(self) -> None:
        # Send what was published just before, such as the news that this process is stopping.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._to_send.join()
        waiting = set(self._tasks)
        while waiting:
            # Repeated, because redis-py at times swallows a cancellation while it reads a reply.
            for task in waiting:
                task.cancel()
            _, waiting = await asyncio.wait(waiting, timeout=0.1)
        await self._redis.aclose()

    async def _receive(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._resubscribe(pubsub)
                    while True:
                        message = await pubsub.get_message(timeout=5)
                        if message is not None:
                            self._on_message(message)
            except (RedisError, OSError) as error:
                if self.connected or self._never_connected:
                    log.warning("bus down", extra={"error": type(error).__name__})
                self._never_connected = False
                if self.connected:
                    # So that listeners read the database at once, not at their next check.
                    self.connected = False
                    self._received.put(RESUMED, {"kind": "lost"})
            finally:
                self.connected, self._pubsub = False, None
                for confirmed in self._confirmed.values():
                    confirmed.clear()
            await asyncio.sleep(0.5)

    async def _resubscribe(self, pubsub: PubSub) -> None:
        taken = {LOSS_TOPIC}
        await pubsub.subscribe(self._prefix + LOSS_TOPIC)
        # While `_pubsub` is None, `subscribe` only notes its topics: they are subscribed here.
        while late := self._received.topics - taken:
            await pubsub.subscribe(*(self._prefix + topic for topic in late))
            taken |= late
        self._pubsub, self.connected = pubsub, True
        self._received.put(RESUMED, {"kind": "resumed"})
        log.info("bus connected")

    def _on_message(self, message: dict[str, Any]) -> None:
        topic = message["channel"].decode().removeprefix(self._prefix)
        if message["type"] == "subscribe" and topic in self._confirmed:
            self._confirmed[topic].set()
        elif message["type"] == "message":
            sender, _, rest = message["data"].partition(b" ")
            if sender == self._sender_id.encode():
                return
            sent_at, _, data = rest.partition(b" ")
            seconds, event = 0.0, None
            with contextlib.suppress(ValueError):
                seconds, event = time.time() - float(sent_at), json.loads(data)
            if not isinstance(event, dict):
                log.warning("bus received a malformed event", extra={"topic": topic})
                return
            self._observe(max(0.0, seconds))
            self._received.put(RESUMED if topic == LOSS_TOPIC else topic, event)

    async def _send(self) -> None:
        while True:
            batch = [] if self._must_report_loss else [await self._to_send.get()]
            while not self._to_send.empty() and len(batch) < 100:
                batch.append(self._to_send.get_nowait())
            # Other processes cannot notice that an event was dropped here, so report it.
            reports = [(LOSS_TOPIC, {"kind": "resumed"})] if self._must_report_loss else []
            try:
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for topic, event in reports + batch:
                        data = f"{self._sender_id} {time.time():.6f} {json.dumps(event)}"
                        pipeline.publish(self._prefix + topic, data.encode())
                    self._must_report_loss = False
                    await pipeline.execute()
            except (RedisError, OSError):
                self._lost += len(batch)
                self._must_report_loss = True
                await asyncio.sleep(0.1)
            finally:
                for _ in batch:
                    self._to_send.task_done()
