"""People and rooms, created through littlechat's own pages."""

import asyncio
import re
import secrets
from dataclasses import dataclass

from bench.http import Connection, Response
from bench.processes import BenchError, Server

PEOPLE = 10
PASSWORD = "a long enough passphrase"


@dataclass(frozen=True)
class Person:
    """A person who is signed in."""

    name: str
    cookie: str


async def register(server: Server, count: int = PEOPLE) -> list[Person]:
    """Register accounts; each costs a password hash, 0.1 s, so a few people hold many sockets."""
    connection = await Connection.open(server)
    people = []
    for number in range(count):
        name = f"person-{number}"
        form = {"username": name, "password": PASSWORD}
        answer = expect(await connection.post("/register", form), 303)
        people.append(Person(name, answer.header("set-cookie").partition(";")[0]))
    connection.close()
    return people


async def open_room(server: Server, people: list[Person]) -> str:
    """Create a public room, let everybody join, and return its id."""
    connection = await Connection.open(server)
    first, *others = people
    form = {"name": f"Bench {secrets.token_hex(4)}", "description": "", "visibility": "public"}
    answer = expect(await connection.post("/rooms", form, first.cookie), 303)
    room = answer.header("location").rpartition("/")[2]
    for person in others:
        expect(await connection.post(f"/rooms/{room}/join", {}, person.cookie), 303)
    connection.close()
    return room


async def post(connection: Connection, person: Person, room: str, text: str) -> int:
    """Post a message as htmx does; return its seq."""
    form = {"body": text, "client_id": secrets.token_hex(12)}
    path = f"/rooms/{room}/messages"
    answer = expect(await connection.post(path, form, person.cookie, htmx=True), 201)
    match = re.search(rb'id="message-(\d+)"', answer.body)
    if match is None:
        raise BenchError(f"no message in {answer.body!r}")
    return int(match[1])


async def cursor(server: Server, person: Person, room: str) -> str:
    """Return the cursor of a fresh page."""
    connection = await Connection.open(server)
    answer = expect(await connection.get(f"/rooms/{room}", person.cookie), 200)
    connection.close()
    match = re.search(rb'id="messages" data-cursor="([^"]+)"', answer.body)
    if match is None:
        raise BenchError("no cursor in the room's page")
    return match[1].decode()


async def history(server: Server, person: Person, room: str) -> list[int]:
    """Return every seq that the room's history shows, read from its start."""
    connection = await Connection.open(server)
    seqs: list[int] = []
    while True:
        last = seqs[-1] if seqs else 0
        path = f"/rooms/{room}/messages?after={last}&limit=100"
        answer = expect(await connection.get(path, person.cookie), 200)
        found = [int(seq) for seq in re.findall(rb'id="message-(\d+)"', answer.body)]
        seqs += found
        if not found:
            connection.close()
            return seqs


async def connections(server: Server, count: int) -> list[Connection]:
    """Open keep-alive connections."""
    return list(await asyncio.gather(*(Connection.open(server) for _ in range(count))))


def expect(answer: Response, status: int) -> Response:
    """Return `answer` if it has that status; raise `BenchError`."""
    if answer.status != status:
        raise BenchError(f"status {answer.status}, expected {status}: {answer.body[:300]!r}")
    return answer
