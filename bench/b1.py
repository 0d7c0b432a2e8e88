"""B1, saturation: 40 posts in flight from 10 people, every message stored, 200 and 600 sockets.

Counts what all sockets receive per second, in turns with the bare server under as many posts in
flight. At the end every socket must have had every message exactly once and in order, and a fresh
read of the history must show every acknowledged one.
"""

import statistics

from bench import servers
from bench.load import (
    Saturation,
    bare_posters,
    form_posters,
    hang_up,
    require_exact,
    saturate,
    until_received,
)
from bench.people import PEOPLE, Person, history, open_room, register
from bench.processes import BenchError, Server
from bench.report import Result
from bench.sockets import Tally, connect_all

IN_FLIGHT = 40
BUDGETS = {200: 1.2, 600: 3.0}


async def run(quick: bool) -> list[Result]:
    """Return deliveries/s against the bare server's, for each number of sockets."""
    seconds, turns = (2.0, 2) if quick else (5.0, 3)
    async with servers.littlechat() as chat, servers.bare() as bare:
        people = await register(chat, PEOPLE)
        results = []
        for sockets, at_least in BUDGETS.items():
            ours, theirs = [], []
            for _ in range(turns):
                theirs.append(await on_bare(bare, sockets, seconds))
                ours.append(await on_littlechat(chat, people, sockets, seconds))
            results.append(
                Result(
                    "B1",
                    f"saturation, {sockets} sockets",
                    "deliveries/s",
                    statistics.median(one.deliveries_per_s for one in ours),
                    statistics.median(one.deliveries_per_s for one in theirs),
                    at_least=at_least,
                    use=str(ours[-1].usage),
                    details={
                        "littlechat": [turn.describe() for turn in ours],
                        "bare": [turn.describe() for turn in theirs],
                    },
                )
            )
        return results


async def on_littlechat(
    server: Server, people: list[Person], count: int, seconds: float
) -> Saturation:
    """Saturate a new room, and prove that nothing was lost, doubled or out of order."""
    room, tally = await open_room(server, people), Tally()
    cookies = [person.cookie for person in people]
    sockets = await connect_all(server, f"/rooms/{room}/socket", cookies, count, tally)
    posters = await form_posters(server, people, room, IN_FLIGHT)
    measured = await saturate(posters, tally, seconds, server)
    acknowledged = measured.acknowledged
    await until_received(sockets, len(acknowledged))
    require_exact(sockets, acknowledged, last=len(acknowledged))
    stored = await history(server, people[0], room)
    if stored != sorted(acknowledged):
        raise BenchError(f"{len(acknowledged)} acknowledged, {len(stored)} in the history")
    hang_up(posters, sockets)
    return measured


async def on_bare(server: Server, count: int, seconds: float) -> Saturation:
    """Saturate the bare server."""
    tally = Tally()
    sockets = await connect_all(server, "/room", [""], count, tally)
    posters = await bare_posters(server, IN_FLIGHT)
    measured = await saturate(posters, tally, seconds, server)
    await until_received(sockets, len(measured.acknowledged))
    hang_up(posters, sockets)
    return measured
