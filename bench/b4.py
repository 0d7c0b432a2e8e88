"""B4, reading: GETs per second of a room's page with 50 messages, warm, on 10 connections.

Against GETs per second of Quart's hello-world, by the same client on as many connections, in turns.
"""

from bench import servers
from bench.http import Connection
from bench.load import stamped
from bench.people import PEOPLE, connections, expect, open_room, post, register
from bench.processes import BenchError
from bench.report import Result
from bench.sockets import MESSAGE
from bench.turns import in_turns, say_hello

AT_LEAST = 0.5
MESSAGES = 50


async def run(quick: bool) -> list[Result]:
    """Return pages/s against hello-worlds/s."""
    async with servers.littlechat() as chat, servers.hello() as hello:
        people = await register(chat, PEOPLE)
        room = await open_room(chat, people)
        readers, opened = await connections(chat, PEOPLE), await connections(hello, PEOPLE)
        for number in range(MESSAGES):
            await post(readers[0], people[number % PEOPLE], room, stamped())
        cookies = {
            id(reader): person.cookie for reader, person in zip(readers, people, strict=True)
        }

        async def show_room(connection: Connection) -> None:
            answer = expect(await connection.get(f"/rooms/{room}", cookies[id(connection)]), 200)
            if len(MESSAGE.findall(answer.body)) != MESSAGES:
                raise BenchError("the room's page does not show its 50 messages")

        result = await in_turns(
            "B4", "room pages of 50", quick, (chat, readers, show_room), (hello, opened, say_hello)
        )
        result.at_least = AT_LEAST
        return [result]
