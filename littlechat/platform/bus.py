"""Publish/subscribe between the processes of one installation: the interface, and one in memory.

Delivery is at most once: an event may be lost but never arrives twice, and events of different
publishers may arrive in any order. The database is the source of truth, from which subscribers
must recover. A process receives its own events even while Redis is down.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Protocol

Event = dict[str, Any]
"""JSON values; `kind` names the event in the past tense."""

QUEUE_EVENTS_MAX = 10_000
"""Events that wait in this process to be read or sent; beyond it the oldest is dropped."""

RESUMED = "bus:resumed"
"""The topic on which `listen` reports that events may have been missed. Subscribed always."""


class Bus(Protocol):
    """The interface of both buses; `tests/platform/test_bus.py` runs one contract on each."""

    @property
    def lost(self) -> int:
        """Number of events that this process dropped or could not send."""

    @property
    def connected(self) -> bool:
        """Whether events of other processes arrive at present."""

    @property
    def unheard(self) -> int:
        """Number of other processes that fell silent a short while ago, without a farewell."""

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
        self.unheard = 0

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
