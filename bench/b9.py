"""B9, searching: pages of results among 1,000, 100,000 and 1,000,000 messages, as one types.

Messages are loaded straight into the database, twelve words each, as common as in real language,
in 20 rooms of uneven size; then indexed by littlechat's own indexer, whose rate is shown. Each
query has two words and the beginning of a third. Times are one client's, one request at a time,
no query asked twice: what is not in memory yet is read.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from bench import loading, servers, talk
from bench.http import Connection
from bench.people import Person, expect, open_room, register
from bench.processes import BenchError
from bench.report import Result
from littlechat.platform.data_directory import DataDirectory
from littlechat.platform.database import provision
from littlechat.platform.embedded_database import EmbeddedServer

SIZES = (1_000, 100_000, 1_000_000)
ROOMS = 20
AT_MOST_MS = 50.0

Span = tuple[int, int]
"""Words, from the commonest on: the first, and the one past the last."""

COMMON, MIDDLE, RARE = (0, 60), (300, 1_500), (6_000, 20_000)
KINDS = {
    "common words": (COMMON, COMMON, COMMON),
    "common and rare words": (COMMON, RARE, MIDDLE),
    "rare words": (RARE, RARE, RARE),
}
LONE = {"one common word": COMMON, "one rare word": RARE}


async def run(quick: bool) -> list[Result]:
    """Return the times of searches at each size."""
    results: list[Result] = []
    for size in SIZES[:2] if quick else SIZES:
        results += await measure(size, turns=40 if quick else 100)
    return results


async def measure(size: int, turns: int) -> list[Result]:
    """Return the times among so many messages."""
    async with AsyncExitStack() as stack:
        path = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"bench-{size}-"))
        directory = DataDirectory(Path(path))
        stack.callback(directory.close)
        database = EmbeddedServer(directory.path, directory.secret("database-password"), provision)
        stack.push_async_callback(database.stop)
        await database.start()
        settings = {"MONGODB_URI": database.uri, "SECRET_KEY": directory.secret("secret-key")}
        # Not while the messages are loaded: its indexer would start with them.
        async with servers.littlechat(**settings) as server:
            people = await register(server, 1)
            rooms = [await open_room(server, people) for _ in range(ROOMS)]
        await talk.load(database.uri, rooms, people[0].name, size)
        rate = await index(database.uri, size)
        server = await stack.enter_async_context(servers.littlechat(**settings))
        connection = await Connection.open(server)
        stack.callback(connection.close)
        times = await ask_all(connection, people[0], turns)
    return [_result(size, what, taken, rate) for what, taken in times.items()]


async def index(uri: str, size: int) -> float:
    """Index all messages; return how many a second."""
    began = time.monotonic()
    done = await loading.index(uri)
    rate = done / (time.monotonic() - began)
    if done != size:
        raise BenchError(f"{done} messages were indexed, not {size}")
    print(f"  indexed {size:,} messages, {rate:,.0f} a second", file=sys.stderr, flush=True)
    return rate


async def ask_all(connection: Connection, person: Person, turns: int) -> dict[str, list[float]]:
    """Return the seconds that each kind of query took, in turns."""
    words, chance = talk.vocabulary(), random.Random(3)

    def some(span: Span) -> str:
        return words[chance.randrange(*span)]

    def three(first: Span, second: Span, third: Span) -> str:
        return f"{some(first)} {some(second)} {some(third)[:3]}"

    def lone(span: Span) -> str:
        return f"{some(span)} "

    asks: dict[str, Callable[[], str]] = {what: partial(three, *of) for what, of in KINDS.items()}
    asks |= {what: partial(lone, span) for what, span in LONE.items()}
    times: dict[str, list[float]] = {what: [] for what in asks}
    for _ in range(turns):
        for what, make in asks.items():
            started = time.perf_counter()
            path = f"/search?{urlencode({'q': make()})}"
            answer = expect(await connection.get(path, person.cookie), 200)
            times[what].append(time.perf_counter() - started)
            if what == "one common word" and b'class="hit"' not in answer.body:
                raise BenchError("a common word is not found")
    return times


def _result(size: int, what: str, taken: list[float], rate: float) -> Result:
    middle, high = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    line = Result(
        "B9", f"{what}, {size:,}, p95", "ms", high * 1000, None, at_most=AT_MOST_MS, of_value=True
    )
    line.use = f"p50 {middle * 1000:.1f} ms, indexed {rate:,.0f}/s"
    line.details = {"p50_ms": middle * 1000, "indexed_per_second": rate, "size": size}
    return line
