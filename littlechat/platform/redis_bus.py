"""The bus through Redis pub/sub (https://redis.io/docs/latest/develop/pubsub/).

Topics become channels `littlechat:<namespace>:<topic>`; the namespace keeps two installations on
one Redis apart. A process counts as connected while it hears its own beats and those of
the others (`heartbeat.py`).
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from littlechat.core import new_id
from littlechat.platform import bus
from littlechat.platform.bus import RESUMED, Event, EventQueue
from littlechat.platform.heartbeat import BEAT_SECONDS, SILENT_BEATS, Heartbeat
from littlechat.platform.server_addresses import hosts_of

STEP_TIMEOUT_SECONDS = BEAT_SECONDS * SILENT_BEATS
"""How long Redis may take to accept a connection, and to answer on it."""

LOSS_TOPIC = ""
"""The topic on which a process reports to the others that it dropped events of its own. It is
always subscribed, which also keeps the connection readable: redis-py reads none without any."""

LOSS: Event = {"kind": "resumed"}

BEAT_TOPIC = "bus:beat"
LEAVING: Event = {"kind": "leaving"}

log = logging.getLogger(__name__)


class Silent(RedisError):
    """Redis is connected, and passes nothing on."""


class RedisBus:
    """A bus through Redis. `observe` is called with the seconds that each event took."""

    def __init__(
        self, url: str, namespace: str, observe: Callable[[float], None] = lambda seconds: None
    ) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            socket_connect_timeout=STEP_TIMEOUT_SECONDS,
            socket_timeout=STEP_TIMEOUT_SECONDS,
            # The library would connect again by itself, and nobody would know of the gap.
            retry=Retry(NoBackoff(), 0),
            # Its own checks send a PING and do not wait for the answer; our beats replace them.
            health_check_interval=0,
        )
        self._address = hosts_of(url)
        self._prefix = f"littlechat:{namespace}:"
        self._sender_id = new_id()
        self._heartbeat = Heartbeat(self._sender_id)
        self._beat_waits = False
        self._never_connected = True
        self._observe = observe
        self._received = EventQueue()
        self._to_send: asyncio.Queue[tuple[str, Event]] = asyncio.Queue(bus.QUEUE_EVENTS_MAX)
        self._pubsub: PubSub | None = None
        self._confirmed: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._lost = 0
        self._must_report_loss = False
        self._hears_itself = False

    @property
    def connected(self) -> bool:
        # Who is not heard may have lost its way to Redis alone, and what it publishes is missed.
        return self._hears_itself and not self._heartbeat.count_silent_peers()

    @property
    def lost(self) -> int:
        return self._received.lost + self._lost

    @property
    def unheard(self) -> int:
        return self._heartbeat.count_silent_peers() if self._hears_itself else 0

    async def open(self) -> None:
        self._tasks = [
            asyncio.create_task(self._receive(), name="bus receive"),
            asyncio.create_task(self._send(), name="bus send"),
            asyncio.create_task(self._beat(), name="bus beat"),
        ]

    def publish(self, topic: str, event: Event) -> None:
        self._received.put(topic, event)
        self._enqueue(topic, event)

    def _enqueue(self, topic: str, event: Event) -> None:
        if self._to_send.full():
            self._note_lost([self._to_send.get_nowait()])
            self._to_send.task_done()
        self._to_send.put_nowait((topic, event))

    async def subscribe(self, topic: str) -> None:
        self._received.topics.add(topic)
        confirmed = self._confirmed.setdefault(topic, asyncio.Event())
        if self._pubsub is None:
            return
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._pubsub.subscribe(self._prefix + topic)
            async with asyncio.timeout(STEP_TIMEOUT_SECONDS):
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
        waiting, self._tasks = set(self._tasks), []
        if waiting:
            self._enqueue(BEAT_TOPIC, LEAVING)
            # Send what was published just before, such as the news that this process is stopping.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._to_send.join()
        while waiting:
            # Repeated, because redis-py at times swallows a cancellation while it reads a reply.
            for task in waiting:
                task.cancel()
            _, waiting = await asyncio.wait(waiting, timeout=0.1)
        await self._redis.aclose()

    # The heartbeat

    async def _beat(self) -> None:
        while True:
            self._send_beat()
            await asyncio.sleep(BEAT_SECONDS)
            fallen_silent = self._heartbeat.tick()
            if fallen_silent and self._hears_itself:
                log.warning("another process is not heard any more", extra={"redis": self._address})
                # So that listeners read the database at once, not at their next check.
                self._received.put(RESUMED, {"kind": "lost"})

    def _send_beat(self) -> None:
        if not self._beat_waits:
            self._beat_waits = True
            self._enqueue(BEAT_TOPIC, {"kind": "beat"})

    # Receiving

    async def _receive(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    try:
                        await self._receive_from(pubsub)
                    except (RedisError, OSError) as error:
                        # Before the connection is closed, which may take as long again.
                        self._on_disconnected(error)
            except (RedisError, OSError) as error:
                self._on_disconnected(error)
            finally:
                self._forget_connection()
            await asyncio.sleep(0.5)

    async def _receive_from(self, pubsub: PubSub) -> None:
        await self._resubscribe(pubsub)
        while True:
            message = await pubsub.get_message(timeout=BEAT_SECONDS)
            if message is not None:
                self._on_message(message)
            # With more to be read, the beat may be behind it: then wait longer.
            beats = SILENT_BEATS if message is None else 5 * SILENT_BEATS
            if self._heartbeat.is_silent(beats):
                raise Silent

    def _on_disconnected(self, error: Exception) -> None:
        if self._hears_itself or self._never_connected:
            log.warning("bus down", extra={"redis": self._address, "error": type(error).__name__})
        self._never_connected = False
        if self._hears_itself:
            self._received.put(RESUMED, {"kind": "lost"})
        self._forget_connection()

    def _forget_connection(self) -> None:
        self._hears_itself, self._pubsub = False, None
        for confirmed in self._confirmed.values():
            confirmed.clear()

    async def _resubscribe(self, pubsub: PubSub) -> None:
        # While `_pubsub` is None, `subscribe` only notes its topics: they are subscribed here, also
        # those noted meanwhile; and the beats last, which are then heard once all others are.
        taken, late = set[str](), {LOSS_TOPIC, *self._received.topics}
        while late:
            await pubsub.subscribe(*(self._prefix + topic for topic in late))
            await pubsub.subscribe(self._prefix + BEAT_TOPIC)
            taken |= late
            late = self._received.topics - taken
        self._pubsub = pubsub
        self._heartbeat.begin()
        self._send_beat()

    def _on_beat(self, sender: str, event: Event) -> None:
        self._heartbeat.hear(sender, leaving=event == LEAVING)
        if sender == self._sender_id and not self._hears_itself and self._pubsub is not None:
            self._hears_itself = True
            self._received.put(RESUMED, {"kind": "resumed"})
            log.info("bus connected", extra={"redis": self._address})

    def _on_message(self, message: dict[str, Any]) -> None:
        topic = message["channel"].decode().removeprefix(self._prefix)
        if message["type"] == "subscribe":
            if topic in self._confirmed:
                self._confirmed[topic].set()
            elif topic == BEAT_TOPIC:
                # The first beat may have been published before this was subscribed.
                self._send_beat()
        elif message["type"] == "message":
            self._on_published(topic, message["data"])

    def _on_published(self, topic: str, data: bytes) -> None:
        sender, _, rest = data.partition(b" ")
        if sender == self._sender_id.encode() and topic != BEAT_TOPIC:
            return
        sent_at, _, packed = rest.partition(b" ")
        seconds, event = 0.0, None
        with contextlib.suppress(ValueError):
            seconds, event = time.time() - float(sent_at), json.loads(packed)
        if not isinstance(event, dict):
            log.warning("bus received a malformed event", extra={"topic": topic})
        elif topic == BEAT_TOPIC:
            self._on_beat(sender.decode(errors="replace"), event)
        else:
            self._observe(max(0.0, seconds))
            self._received.put(RESUMED if topic == LOSS_TOPIC else topic, event)

    # Sending

    async def _send(self) -> None:
        while True:
            batch = [] if self._must_report_loss else [await self._to_send.get()]
            while not self._to_send.empty() and len(batch) < 100:
                batch.append(self._to_send.get_nowait())
            self._beat_waits = self._beat_waits and all(topic != BEAT_TOPIC for topic, _ in batch)
            # Other processes cannot notice that an event was dropped here, so report it.
            reporting, self._must_report_loss = self._must_report_loss, False
            try:
                await self._send_batch([(LOSS_TOPIC, LOSS)] * reporting + batch)
            except (RedisError, OSError):
                self._must_report_loss |= reporting
                self._note_lost(batch)
                await asyncio.sleep(0.1)
            finally:
                for _ in batch:
                    self._to_send.task_done()

    async def _send_batch(self, batch: list[tuple[str, Event]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for topic, event in batch:
                data = f"{self._sender_id} {time.time():.6f} {json.dumps(event)}"
                pipeline.publish(self._prefix + topic, data.encode())
            await pipeline.execute()

    def _note_lost(self, dropped: list[tuple[str, Event]]) -> None:
        self._beat_waits = self._beat_waits and all(topic != BEAT_TOPIC for topic, _ in dropped)
        if lost := sum(topic != BEAT_TOPIC for topic, _ in dropped):
            self._lost += lost
            self._must_report_loss = True
