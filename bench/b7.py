"""B7, reconnecting: 500 sockets are cut at once, miss 30 messages, and all come back at once.

Measures the seconds from the first connection attempt until the last socket has everything; none
may miss, double or misplace a message. Beside it, what the bare server needs to take as many
connections back, without any catch-up.
"""

import asyncio
import itertools
import time

from bench import servers
from bench.load import Meter, Usage, form_posters, require_exact, stamped, until_received
from bench.people import PEOPLE, cursor, open_room, register
from bench.processes import BenchError, Server
from bench.report import Result
from bench.sockets import BrowserSocket, Tally, connect, connect_all

SOCKETS, BEFORE, MISSED = 500, 10, 30
AT_MOST_SECONDS = 5.0
TURNS = 3


async def run(quick: bool) -> list[Result]:
    """Return the slowest of a few turns."""
    async with servers.littlechat() as chat, servers.bare() as bare:
        people = await register(chat, PEOPLE)
        room = await open_room(chat, people)
        cookies = [person.cookie for person in people]
        posters = await form_posters(chat, people, room, PEOPLE)
        path = f"/rooms/{room}/socket"
        ours, theirs, uses, end = [], [], [], 0
        for _ in range(TURNS):
            start = f"{path}?after={await cursor(chat, people[0], room)}"
            sockets = await connect_all(chat, start, cookies, SOCKETS, Tally())
            for poster, _ in zip(itertools.cycle(posters), range(BEFORE), strict=False):
                end = await poster.say(stamped())
            await until_received(sockets, BEFORE)
            require_exact(sockets, [], last=end)
            cursors = await cut(sockets)
            for poster, _ in zip(itertools.cycle(posters), range(MISSED), strict=False):
                end = await poster.say(stamped())
            paths = [f"{path}?after={one}" for one in cursors]
            seconds, usage, sockets = await come_back(chat, paths, cookies, MISSED)
            require_exact(sockets, [], last=end)
            await cut(sockets)
            ours.append(seconds)
            uses.append(usage)
            await cut(await connect_all(bare, "/room", [""], SOCKETS, Tally()))
            theirs.append((await come_back(bare, ["/room"] * SOCKETS, [""], 0))[0])
        return [
            Result(
                "B7",
                f"{SOCKETS} reconnect, {MISSED} behind, slowest of {TURNS}",
                "s",
                max(ours),
                max(theirs),
                at_most=AT_MOST_SECONDS,
                of_value=True,
                use=str(uses[-1]),
                details={"seconds": ours, "bare_seconds": theirs},
            )
        ]


async def cut(sockets: list[BrowserSocket]) -> list[str]:
    """Cut every connection at once; return the cursors that the pages were at."""
    cursors = [socket.cursor for socket in sockets]
    for socket in sockets:
        socket.close()
    await asyncio.sleep(1.0)
    return cursors


async def come_back(
    server: Server, paths: list[str], cookies: list[str], missed: int
) -> tuple[float, Usage, list[BrowserSocket]]:
    """Connect all at once; return the seconds until all are open and caught up."""
    tally, meter, began = Tally(), Meter(server), time.monotonic()
    attempts = zip(paths, itertools.cycle(cookies), strict=False)
    sockets = await asyncio.gather(
        *(connect(server, path, cookie, tally) for path, cookie in attempts)
    )
    await until_received(sockets, missed)
    seconds = time.monotonic() - began
    usage = meter.stop()
    if any(socket.received != missed for socket in sockets):
        raise BenchError("a socket got more than it had missed")
    return seconds, usage, list(sockets)
