"""The load: posters that keep posts in flight, and a meter of the processor time they cost."""

import asyncio
import itertools
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from bench.http import Connection
from bench.people import Person, connections, post
from bench.processes import BenchError, Server, idle_seconds
from bench.sockets import BrowserSocket, Tally, connect

DRAIN_SECONDS = 60.0
WARM_SECONDS = 0.7
TEXT = "stamp-{stamp}- The quick brown fox jumps over the lazy dog, again and *again*."


class Poster(Protocol):
    """Posts messages, one at a time."""

    async def say(self, text: str) -> int:
        """Post; return the number of the message once it is acknowledged."""

    def close(self) -> None:
        """Close the connection."""


@dataclass
class FormPoster:
    """Posts to littlechat, as htmx does."""

    connection: Connection
    person: Person
    room: str

    async def say(self, text: str) -> int:
        """Post; return the seq."""
        return await post(self.connection, self.person, self.room, text)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class BarePoster:
    """Posts to the bare server: one message up a socket, which comes back as `ack <number>`."""

    def __init__(self, socket: BrowserSocket) -> None:
        self._socket = socket
        self._ack: asyncio.Future[int] | None = None
        socket.on_text = self._take

    def _take(self, payload: bytes) -> None:
        if self._ack and payload.startswith(b"ack "):
            self._ack.set_result(int(payload[4:]))

    async def say(self, text: str) -> int:
        """Post; return the number."""
        self._ack = asyncio.get_running_loop().create_future()
        self._socket.send_text(text.encode())
        return await self._ack

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


async def form_posters(server: Server, people: list[Person], room: str, count: int) -> list[Poster]:
    """Return `count` posters on keep-alive connections, the people taking turns."""
    opened = await connections(server, count)
    return [
        FormPoster(connection, person, room)
        for connection, person in zip(opened, itertools.cycle(people))
    ]


async def bare_posters(server: Server, count: int) -> list[Poster]:
    """Return `count` posters to the bare server."""
    sockets = [await connect(server, "/post", "", Tally()) for _ in range(count)]
    return [BarePoster(socket) for socket in sockets]


def stamped() -> str:
    """Return a message's text that holds the time."""
    return TEXT.format(stamp=time.monotonic_ns())


@dataclass
class Usage:
    """Processor use over a span, in percent of one core: which side was the bound?"""

    seconds: float = 0.0
    percent: dict[str, float] = field(default_factory=dict)
    idle_percent: float = 0.0
    """Idle time of the whole machine; near 0, the machine itself was the bound."""

    def __str__(self) -> str:
        parts = {**self.percent, "idle": self.idle_percent}
        return " ".join(f"{part} {value:.0f}%" for part, value in parts.items())


class Meter:
    """Measures what servers and this process, the load generator, use from now on."""

    def __init__(self, *servers: Server) -> None:
        self._servers = servers
        self._began, self._before, self._idle = time.monotonic(), self._read(), idle_seconds()

    def _read(self) -> dict[str, float]:
        used = {"client": sum(os.times()[:2])}
        for server in self._servers:
            for part, seconds in server.cpu_seconds().items():
                used[part] = used.get(part, 0.0) + seconds
        return used

    def stop(self) -> Usage:
        """Return the use since the start."""
        seconds = time.monotonic() - self._began
        after = self._read()
        spent = {part: 100 * (after[part] - self._before[part]) / seconds for part in after}
        idle = 100 * (idle_seconds() - self._idle) / seconds
        return Usage(seconds, {part: value for part, value in spent.items() if value >= 0.5}, idle)


@dataclass
class Saturation:
    """The result of a time under saturation."""

    deliveries_per_s: float
    posts_per_s: float
    messages_per_frame: float
    usage: Usage
    acknowledged: list[int]

    def describe(self) -> dict[str, object]:
        """Return it as values for the JSON report."""
        return {
            "deliveries_per_s": round(self.deliveries_per_s),
            "posts_per_s": round(self.posts_per_s, 1),
            "messages_per_frame": round(self.messages_per_frame, 2),
            "cpu_percent_of_a_core": {k: round(v) for k, v in self.usage.percent.items()},
            "idle_percent": round(self.usage.idle_percent),
        }


async def saturate(
    posters: Iterable[Poster], tally: Tally, seconds: float, *servers: Server
) -> Saturation:
    """Keep every poster busy for a while; return what arrived in the middle of it."""
    acknowledged: list[int] = []
    stop = asyncio.Event()

    async def keep_posting(poster: Poster) -> None:
        while not stop.is_set():
            acknowledged.append(await poster.say(stamped()))

    async with asyncio.TaskGroup() as group:
        for poster in posters:
            group.create_task(keep_posting(poster))
        await asyncio.sleep(WARM_SECONDS)
        meter, posts = Meter(*servers), len(acknowledged)
        deliveries, frames = tally.deliveries, tally.frames
        await asyncio.sleep(seconds)
        usage, posts = meter.stop(), len(acknowledged) - posts
        deliveries, frames = tally.deliveries - deliveries, tally.frames - frames
        stop.set()
    return Saturation(
        deliveries / usage.seconds,
        posts / usage.seconds,
        deliveries / max(frames, 1),
        usage,
        acknowledged,
    )


async def until_received(sockets: list[BrowserSocket], count: int) -> None:
    """Wait until every socket has that many messages; raise `BenchError` about those that don't."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while any(socket.received < count for socket in sockets):
                await asyncio.sleep(0.005)
    except TimeoutError:
        short = [socket.received for socket in sockets if socket.received < count]
        gone = sum(socket.gone for socket in sockets)
        raise BenchError(
            f"{len(short)} sockets ({gone} closed) have {min(short)} or more of {count} messages"
        ) from None


def require_exact(sockets: list[BrowserSocket], acknowledged: list[int], last: int) -> None:
    """Raise `BenchError` unless every socket got every message once, in order, up to `last`."""
    wrong = [s for s in sockets if s.disorder or s.gone or s.last_seq != last]
    if wrong or len(set(acknowledged)) != len(acknowledged):
        one = wrong[0] if wrong else None
        raise BenchError(
            f"{len(wrong)} sockets are wrong; the first: {one and (one.disorder, one.last_seq)}, "
            f"expected the end {last}, {len(acknowledged)} acknowledged"
        )


class Open(Protocol):
    """A connection of any kind."""

    def close(self) -> None:
        """Close the connection."""


def hang_up(*groups: Iterable[Open]) -> None:
    """Close connections of any kind."""
    for one in itertools.chain(*groups):
        one.close()


Request = Callable[[Connection], Awaitable[object]]


async def requests_per_s(
    opened: list[Connection], request: Request, seconds: float
) -> tuple[float, int]:
    """Keep one request in flight on each connection; return how many a second, and how many."""
    done, end = 0, time.monotonic() + seconds
    began = time.monotonic()

    async def repeat(connection: Connection) -> None:
        nonlocal done
        while time.monotonic() < end:
            await request(connection)
            done += 1

    await asyncio.gather(*map(repeat, opened))
    return done / (time.monotonic() - began), done
