"""B3, posting: message POSTs per second on 10 connections into a room where nobody listens.

Against GETs per second of Quart's hello-world, by the same client on as many connections, in turns.
"""

import itertools

from bench import servers
from bench.http import Connection
from bench.load import form_posters, stamped
from bench.people import PEOPLE, connections, history, open_room, register
from bench.processes import BenchError
from bench.report import Result
from bench.turns import in_turns, say_hello

AT_LEAST = 0.4


async def run(quick: bool) -> list[Result]:
    """Return POSTs/s against hello-worlds/s."""
    async with servers.littlechat() as chat, servers.hello() as hello:
        people = await register(chat, PEOPLE)
        room = await open_room(chat, people)
        posters = await form_posters(chat, people, room, PEOPLE)
        opened = await connections(hello, PEOPLE)
        acknowledged: list[int] = []
        by_connection = dict(zip(map(id, opened), itertools.cycle(posters), strict=False))

        async def post(connection: Connection) -> None:
            acknowledged.append(await by_connection[id(connection)].say(stamped()))

        result = await in_turns(
            "B3", "message POSTs", quick, (chat, opened, post), (hello, opened, say_hello)
        )
        if sorted(acknowledged) != await history(chat, people[0], room):
            raise BenchError("what was acknowledged is not what is in the history")
        result.at_least = AT_LEAST
        return [result]
