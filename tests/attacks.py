"""Hostile requests, users and rooms made without HTTP, and ways to compare what is returned."""

import asyncio
import html
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from argon2 import PasswordHasher
from quart_auth import QuartAuth
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from littlechat.accounts.schema import SESSIONS, USERS
from littlechat.app import COLLECTIONS
from littlechat.bots.schema import DELIVERIES
from littlechat.core.names import fold, new_id
from littlechat.core.people import User
from littlechat.platform.database import now
from littlechat.realtime.hub import RESTART
from littlechat.rooms.schema import INVITATIONS
from littlechat.text.words import comparable
from tests.factories import PASSWORD, WAIT_SECONDS, Person, Site

COOKIE = "littlechat"
EVIL_ORIGINS = (
    "https://evil.example",
    "null",
    "http://localhost",
    "http://localhost:1",
    "http://[",
    "",
)

# Weak on purpose: a person whose password nobody hashes at length is inside within a millisecond.
_WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def signed(site: Site, token: str) -> str:
    """Return the value of the session cookie for a token."""
    auth: QuartAuth = site.app.extensions["QUART_AUTH"][0]
    return auth.dump_token(token, app=site.app)


async def insider(site: Site, name: str) -> Person:
    """Create a user with `PASSWORD` and sign them in, without HTTP."""
    user = User(new_id(), name, now())
    await site.services.platform.database[USERS].insert(
        {
            "_id": user.id,
            "name": name,
            "key": fold(name),
            "search_key": comparable(name),
            "password": _WEAK,
            "created": user.created,
        }
    )
    token, _ = await site.services.accounts.sessions.open(user, "", "127.0.0.1")
    person = Person(site, name)
    person.http.cookies.set(COOKIE, signed(site, token), domain="localhost.local")
    return person


@asynccontextmanager
async def insiders(site: Site, *names: str) -> AsyncIterator[list[Person]]:
    """Create several signed-in users; one named `nobody` has no account."""
    people = [
        Person(site, "nobody") if name == "nobody" else await insider(site, name) for name in names
    ]
    # asyncio leaves out sockets made without a protocol number: every answer took 40 ms more.
    for process in site.processes:
        process._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        yield people
    finally:
        for person in people:
            await person.http.aclose()
        # At once, since a stop spreads it over a second.
        for process in site.processes:
            await process.services.realtime.hub.close_all(RESTART, 0)


async def user_of(site: Site, person: Person) -> User:
    """Return the stored user."""
    user = await site.services.accounts.users.find(person.name)
    assert user
    return user


async def found_room(
    site: Site, name: str, creator: Person, *members: Person, visibility: str = "public"
) -> str:
    """Create a room with members, without HTTP and its rate limits; return the id."""
    served = site.services
    maker = await user_of(site, creator)
    room = await served.actions.rooms.create(maker, name, "", visibility)
    if members:
        invitation = await served.rooms.members.invite(room.id, maker)
        for member in members:
            await served.actions.members.accept(invitation.token, await user_of(site, member))
        await served.platform.database[INVITATIONS].delete({"room": room.id})
    return room.id


async def everything(site: Site) -> dict[str, Any]:
    """Return all that is stored, except when sessions were last seen and rooms last active."""
    db = site.services.platform.database
    found = {
        spec.name: await db[spec].find({}, sort=[("_id", 1)])
        for spec in COLLECTIONS
        if spec not in (SESSIONS, DELIVERIES) and not spec.name.startswith(("search", "fs.chunks"))
    }
    for user in found["users"]:
        user.pop("seen", None)
    for room in found["rooms"]:
        for hint in ("last_seq", "last_unlisted", "last_at"):
            room.pop(hint, None)
    found["sessions"] = sorted(one["_id"] for one in await db[SESSIONS].find({}))
    return found


@dataclass(frozen=True)
class Answer:
    """A response to `raw`."""

    status: int
    headers: dict[str, str]
    text: str


async def raw(site: Site, head: bytes, body: bytes = b"", host: bytes = b"localhost") -> Answer:
    """Send a request that no HTTP library would; `head` is the request line and more headers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    line, _, more = head.partition(b"\r\n")
    more = more + b"\r\n" if more else b""
    writer.write(
        line + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n" + more + b"\r\n" + body
    )
    try:
        received = await asyncio.wait_for(reader.read(), WAIT_SECONDS)
    finally:
        writer.close()
        await writer.wait_closed()
    top, _, text = received.partition(b"\r\n\r\n")
    status, *lines = top.decode("latin-1").split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return Answer(int(status.split()[1]), {k.lower(): v for k, v in pairs}, text.decode())


async def handshake(person: Person, path: str, **headers: str) -> int:
    """Return the status with which a WebSocket handshake is answered; 101 if it is accepted."""
    cookies = {"Cookie": person.cookies()} if person.cookies() else {}
    try:
        opened = await connect(
            person.url.replace("http", "ws", 1) + path,
            additional_headers=cookies | headers,
            compression=None,
            proxy=None,
        )
    except InvalidStatus as refused:
        return refused.response.status_code
    await opened.close()
    return 101


def alert(page: str) -> str:
    """Return the texts of all `role="alert"` elements in a page or fragment."""
    return " ".join(
        html.unescape(text).strip() for text in re.findall(r'role="alert">([^<]+)<', page)
    )


class Skeleton(HTMLParser):
    """The live part of a page: its tags, its attributes, and the values that browsers act on.

    Two pages that differ only in what people typed have the same skeleton.
    """

    ACTIVE = ("src", "action", "formaction", "srcdoc", "style", "content", "id", "class", "name")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[object] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # A name's colour comes from its digest, so it says nothing.
        values = [
            (name, re.sub(r"hue-\d+", "hue", value or ""))
            if name in self.ACTIVE or name.startswith(("hx-", "on"))
            else name
            for name, value in attrs
        ]
        self.parts.append((tag, values))
        address = dict(attrs).get("href") or "/"
        assert re.match(r"/(?!/)|https?://|mailto:|#", address), address

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.parts.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.parts.append(decl)

    def handle_pi(self, data: str) -> None:
        self.parts.append("pi")


def skeleton(page: str) -> list[object]:
    """Return the `Skeleton` of a page, to compare it with another."""
    return Skeleton(page).parts
