"""B6, growth: pages, catch-up and posts in a room of 1,000, of 100,000 and of 1,000,000 messages.

Each size has a littlechat and a database of its own, and they are asked in turns, so that the
machine's moods hit all alike. The messages are loaded straight into the database. Times are medians
as one client sees them, one request at a time. There is no count of unread messages to ask for yet:
the list of rooms stands where it will be shown.
"""

import contextlib
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bench import loading, servers
from bench.http import Connection
from bench.load import stamped
from bench.people import Person, expect, open_room, post, register
from bench.processes import BenchError, Server
from bench.report import Result
from bench.sockets import MESSAGE, Tally, connect
from littlechat.platform.data_directory import DataDirectory
from littlechat.platform.database import provision
from littlechat.platform.embedded_database import EmbeddedServer

SIZES = (1_000, 100_000, 1_000_000)
AT_MOST = 1.3
BEHIND = 20
PLACES = 20
"""Stretches of history that are read in turns, spread over the room; each was read once before."""


@dataclass
class Grown:
    """A littlechat with one room of a given size."""

    size: int
    server: Server
    person: Person
    room: str
    connection: Connection
    load_seconds: float
    posted: int = 0

    async def history(self, turn: int) -> None:
        """Read a page somewhere in the history."""
        before = random.Random(turn % PLACES).randint(60, self.size)
        await self._expect(f"/rooms/{self.room}/messages?before={before}", 50)

    async def room_page(self, turn: int) -> None:
        """Open the room."""
        await self._expect(f"/rooms/{self.room}", 50)

    async def rooms_list(self, turn: int) -> None:
        """Open the list of rooms."""
        await self._expect("/rooms", 0)

    async def _expect(self, path: str, messages: int) -> None:
        answer = expect(await self.connection.get(path, self.person.cookie), 200)
        if len(MESSAGE.findall(answer.body)) != messages:
            raise BenchError(f"{path} does not show {messages} messages")

    async def post(self, turn: int) -> None:
        """Post a message."""
        self.posted += 1
        seq = await post(self.connection, self.person, self.room, stamped())
        if seq != self.size + self.posted:
            raise BenchError(f"the post became {seq}, expected {self.size + self.posted}")

    async def catch_up(self, turn: int) -> None:
        """Connect with a cursor some messages behind, and receive them."""
        tally, end = Tally(), self.size + self.posted
        path = f"/rooms/{self.room}/socket?after=c{end - BEHIND}-0"
        socket = await connect(self.server, path, self.person.cookie, tally)
        await socket.until(BEHIND)
        if socket.last_seq != end or socket.disorder:
            raise BenchError("the catch-up is not what was missed")
        socket.close()


async def run(quick: bool) -> list[Result]:
    """Return the times in the largest room against those in the smallest."""
    sizes = SIZES[:2] if quick else SIZES
    async with contextlib.AsyncExitStack() as stack:
        grown = [await stack.enter_async_context(grow(size)) for size in sizes]
        times = await measure(grown, turns=60 if quick else 200)
        loads = {one.size: round(one.load_seconds, 1) for one in grown}
    results = []
    for what in times[sizes[0]]:
        medians = {size: statistics.median(times[size][what]) for size in sizes}
        for size in sizes[1:]:
            name = f"{what}, {size:,} to {sizes[0]:,}"
            details = {"medians_ms": medians, "load_seconds": loads}
            reference = medians[sizes[0]]
            line = Result("B6", name, "ms", medians[size], reference, at_most=AT_MOST)
            line.details = details
            results.append(line)
    return results


async def measure(grown: list[Grown], turns: int) -> dict[int, dict[str, list[float]]]:
    """Return how many milliseconds each kind of request took, by size and kind."""
    times: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for turn in range(-PLACES, turns):
        for one in grown:
            kinds: dict[str, Callable[[int], Awaitable[None]]] = {
                "history page": one.history,
                "catch-up of 20": one.catch_up,
                "room page": one.room_page,
                "list of rooms": one.rooms_list,
                "post": one.post,
            }
            for what, request in kinds.items():
                began = time.perf_counter()
                await request(turn)
                if turn >= 0:  # The turns before are to warm up.
                    times[one.size][what].append((time.perf_counter() - began) * 1000)
    return times


@contextlib.asynccontextmanager
async def grow(size: int) -> AsyncIterator[Grown]:
    """Run a littlechat whose one room has that many messages."""
    async with contextlib.AsyncExitStack() as stack:
        path = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"bench-{size}-"))
        directory = DataDirectory(Path(path))
        stack.callback(directory.close)
        secret = directory.secret("secret-key")
        database = EmbeddedServer(directory.path, directory.secret("database-password"), provision)
        stack.push_async_callback(database.stop)
        await database.start()
        chat = servers.littlechat(MONGODB_URI=database.uri, SECRET_KEY=secret)
        server = await stack.enter_async_context(chat)
        people = await register(server, 1)
        room = await open_room(server, people)
        seconds = await loading.load(database.uri, room, people[0].name, size)
        # As it is in an installation that has grown.
        await loading.index(database.uri)
        connection = await Connection.open(server)
        yield Grown(size, server, people[0], room, connection, seconds)
        connection.close()
