"""B5, memory: resident memory of the serving process before and after 500 idle sockets in a room.

A few sockets have come and gone before, so that what is loaded once is not counted. The bare
server's figure stands beside it.
"""

import asyncio

from bench import servers
from bench.people import PEOPLE, open_room, register
from bench.processes import Server
from bench.report import Result
from bench.sockets import BrowserSocket, Tally, connect_all

SOCKETS, WARM_SOCKETS = 500, 20
SETTLE_SECONDS = 3.0
AT_MOST_KIB = 48


async def run(quick: bool) -> list[Result]:
    """Return KiB a socket."""
    async with servers.littlechat() as chat, servers.bare() as bare:
        people = await register(chat, PEOPLE)
        room = await open_room(chat, people)
        cookies = [person.cookie for person in people]
        ours = await kib_per_socket(chat, f"/rooms/{room}/socket", cookies)
        theirs = await kib_per_socket(bare, "/room", [""])
        return [
            Result(
                "B5",
                f"memory, {SOCKETS} idle sockets",
                "KiB/socket",
                ours,
                theirs,
                at_most=AT_MOST_KIB,
                of_value=True,
            )
        ]


async def kib_per_socket(server: Server, path: str, cookies: list[str]) -> float:
    """Return by how much a server grows."""
    await close(await connect_all(server, path, cookies, WARM_SOCKETS, Tally()))
    before = server.app_rss_kib()
    sockets = await connect_all(server, path, cookies, SOCKETS, Tally())
    await asyncio.sleep(SETTLE_SECONDS)
    after = server.app_rss_kib()
    await close(sockets)
    return (after - before) / SOCKETS


async def close(sockets: list[BrowserSocket]) -> None:
    """Close the sockets, and give the server a moment to notice."""
    await asyncio.sleep(0.5)
    for socket in sockets:
        socket.close()
    await asyncio.sleep(0.5)
