"""B8, processes: deliveries/s of two processes with Redis, against one process without.

Two rooms with 100 sockets and 20 posts in flight each. The processes share one listening socket,
so each has sockets of both rooms, and half of what each delivers comes through Redis. Servers,
database and clients share the machine's cores: where all are busy, two processes cannot deliver
more, and what counts is how many deliveries a second of the application's processor time gives.
"""

import os
from statistics import median

from bench import servers
from bench.load import Saturation, form_posters, hang_up, require_exact, saturate, until_received
from bench.people import PEOPLE, Person, cursor, open_room, register
from bench.processes import BenchError, Server
from bench.report import Result
from bench.sockets import BrowserSocket, Tally, connect_all

ROOMS, SOCKETS_EACH, IN_FLIGHT_EACH = 2, 100, 20
AT_LEAST = 1.6
IDLE_LEAST = 0.15
"""With less of the machine idle, two processes had no cores to show what they can do."""


async def run(quick: bool) -> list[Result]:
    """Return deliveries/s, and deliveries per second of the application's processor time."""
    seconds, turns = (3.0, 2) if quick else (5.0, 3)
    async with servers.redis() as redis, servers.littlechat() as one:
        url = f"redis://{redis.netloc}/0"
        async with servers.littlechat(WEB_CONCURRENCY="2", REDIS_URL=url) as two:
            ours, theirs = [], []
            people = {server.pid: await register(server, PEOPLE) for server in (one, two)}
            for _ in range(turns):
                theirs.append(await measure(one, people[one.pid], seconds))
                ours.append(await measure(two, people[two.pid], seconds, redis))
    rate, one_rate = (median(turn.deliveries_per_s for turn in side) for side in (ours, theirs))
    worth, one_worth = (median(map(per_app_second, side)) for side in (ours, theirs))
    idle = median(turn.usage.idle_percent for turn in ours) / 100 / (os.cpu_count() or 1)
    excuse = "cores full" if idle < IDLE_LEAST else ""
    details = {
        "two": [turn.describe() for turn in ours],
        "one": [turn.describe() for turn in theirs],
    }
    return [
        Result(
            "B8",
            "2 processes, 2 rooms",
            "deliveries/s",
            rate,
            one_rate,
            at_least=AT_LEAST,
            excuse=excuse,
            use=str(ours[-1].usage),
            details=details,
        ),
        Result(
            "B8",
            "the same, per second of app's processor time",
            "deliveries/s",
            worth,
            one_worth,
            at_least=AT_LEAST / 2,
            use=str(theirs[-1].usage),
        ),
    ]


async def measure(
    server: Server, people: list[Person], seconds: float, *others: Server
) -> Saturation:
    """Saturate two new rooms at once."""
    tally, cookies = Tally(), [person.cookie for person in people]
    rooms: dict[str, list[BrowserSocket]] = {}
    posters = []
    for _ in range(ROOMS):
        room = await open_room(server, people)
        path = f"/rooms/{room}/socket"
        rooms[room] = await connect_all(server, path, cookies, SOCKETS_EACH, tally)
        posters += await form_posters(server, people, room, IN_FLIGHT_EACH)
    measured = await saturate(posters, tally, seconds, server, *others)
    for room, sockets in rooms.items():
        last = int((await cursor(server, people[0], room))[1:].partition("-")[0])
        await until_received(sockets, last)
        require_exact(sockets, [], last)
    if sum(sockets[0].received for sockets in rooms.values()) != len(measured.acknowledged):
        raise BenchError("what was acknowledged is not what was received")
    hang_up(posters, *rooms.values())
    return measured


def per_app_second(turn: Saturation) -> float:
    """Return the deliveries that a second of the application's processor time gave."""
    return turn.deliveries_per_s / turn.usage.percent["app"] * 100
