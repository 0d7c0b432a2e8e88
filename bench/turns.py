"""Requests per second of two servers, measured in turns so that the machine's moods hit both."""

import statistics

from bench.http import Connection
from bench.load import Meter, Request, Usage, requests_per_s
from bench.people import expect
from bench.processes import Server
from bench.report import Result

Side = tuple[Server, list[Connection], Request]


async def say_hello(connection: Connection) -> None:
    """Ask the hello-world."""
    expect(await connection.get("/"), 200)


async def in_turns(budget: str, what: str, quick: bool, ours: Side, theirs: Side) -> Result:
    """Return the median of a few turns of each."""
    seconds, turns = (2.0, 2) if quick else (4.0, 4)
    sides = (ours, theirs)
    for _, opened, request in sides:
        await requests_per_s(opened, request, 1.0)  # To warm up.
    rates: tuple[list[float], list[float]] = ([], [])
    uses: tuple[list[Usage], list[Usage]] = ([], [])
    for _ in range(turns):
        for (server, opened, request), rate, use in zip(sides, rates, uses, strict=True):
            meter = Meter(server)
            rate.append((await requests_per_s(opened, request, seconds))[0])
            use.append(meter.stop())
    details = {
        side: {"requests_per_s": rate, "cpu_percent_of_a_core": [one.percent for one in use]}
        for side, rate, use in zip(("littlechat", "hello"), rates, uses, strict=True)
    }
    return Result(
        budget,
        what,
        "requests/s",
        statistics.median(rates[0]),
        statistics.median(rates[1]),
        use=str(uses[0][-1]),
        details=details,
    )
