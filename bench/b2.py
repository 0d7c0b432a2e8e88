"""B2, latency: 20 messages a second to 200 sockets, from the moment of posting to each receipt.

An open loop: a post leaves every 50 ms, whether the ones before were answered or not. Each message
holds the time it was posted at; sockets and posters are in one process, so one clock serves. In
turns with the bare server.
"""

import asyncio
import itertools
import statistics

from bench import servers
from bench.load import Meter, Poster, Usage, bare_posters, form_posters, stamped, until_received
from bench.people import PEOPLE, open_room, register
from bench.processes import Server
from bench.report import Result
from bench.sockets import BrowserSocket, Tally, connect_all

SOCKETS = 200
MESSAGES_PER_S = 20
AT_MOST = {50: 2.0, 99: 3.0}
"""Percentile to the budget's ratio."""


async def run(quick: bool) -> list[Result]:
    """Return p50 and p99 against the bare server's."""
    seconds, turns = (3.0, 2) if quick else (5.0, 3)
    async with servers.littlechat() as chat, servers.bare() as bare:
        people = await register(chat, PEOPLE)
        room, tallies = await open_room(chat, people), (Tally(), Tally())
        cookies = [person.cookie for person in people]
        path = f"/rooms/{room}/socket"
        sides = (
            (
                chat,
                await form_posters(chat, people, room, PEOPLE),
                tallies[0],
                await connect_all(chat, path, cookies, SOCKETS, tallies[0]),
            ),
            (
                bare,
                await bare_posters(bare, PEOPLE),
                tallies[1],
                await connect_all(bare, "/room", [""], SOCKETS, tallies[1]),
            ),
        )
        for _, posters, tally, sockets in sides:
            await post_steadily(posters, sockets, 1.0)  # To warm up: presence and imports settle.
            tally.latencies_ms = []
        uses: list[list[Usage]] = [[], []]
        for _ in range(turns):
            for (server, posters, _, sockets), use in zip(sides, uses, strict=True):
                use.append(await measured(server, posters, sockets, seconds))
        ours, theirs = (percentiles(tally) for tally in tallies)
        return [
            Result(
                "B2",
                f"post to receive, p{percent}",
                "ms",
                ours[percent],
                theirs[percent],
                at_most=at_most,
                use=str(uses[0][-1]),
                details={
                    "receipts": [len(tally.latencies_ms or []) for tally in tallies],
                    "max_ms": [max(tally.latencies_ms or [0]) for tally in tallies],
                    "cpu_percent": {"littlechat": uses[0], "bare": uses[1]},
                },
            )
            for percent, at_most in AT_MOST.items()
        ]


async def measured(
    server: Server, posters: list[Poster], sockets: list[BrowserSocket], seconds: float
) -> Usage:
    """Post for a while; return the use."""
    meter = Meter(server)
    await post_steadily(posters, sockets, seconds)
    return meter.stop()


async def post_steadily(
    posters: list[Poster], sockets: list[BrowserSocket], seconds: float
) -> None:
    """Post at the fixed rate, and wait until all have received everything."""
    loop = asyncio.get_running_loop()
    began, before = loop.time(), sockets[0].received
    count = round(seconds * MESSAGES_PER_S)
    gates = {id(poster): asyncio.Lock() for poster in posters}

    async def say(poster: Poster) -> None:
        text = stamped()  # Before the gate: a late answer to the one before is our delay, too.
        async with gates[id(poster)]:
            await poster.say(text)

    async with asyncio.TaskGroup() as group:
        for number, poster in zip(range(count), itertools.cycle(posters), strict=False):
            await asyncio.sleep(max(0.0, began + number / MESSAGES_PER_S - loop.time()))
            group.create_task(say(poster))
    await until_received(sockets, before + count)


def percentiles(tally: Tally) -> dict[int, float]:
    """Return percentiles 1 to 99 of the latencies."""
    cuts = statistics.quantiles(tally.latencies_ms or [0.0, 0.0], n=100, method="inclusive")
    return dict(enumerate(cuts, start=1))
