"""The cast and what they do: Ada makes the rooms, Ben and Cleo are members, Dan is the outsider."""

import asyncio
import re
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from pymongo import monitoring
from quart import Quart
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from littlechat.accounts.facade import Accounts
from littlechat.app import COLLECTIONS, create_app, serve
from littlechat.messages.store import Messages
from littlechat.platform.bus import MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database
from littlechat.rooms.facade import Rooms
from littlechat.web.services import Services

SECRET_KEY = "a key that only the tests know"
PASSWORD = "correct horse battery"
WAIT_SECONDS = 30.0
"""How long a test waits for what must come, however busy the machine; nothing waits by sleeping."""

KICK_SECONDS = 8.0
"""In less a right that was revoked is felt on every process, since an event tells of it: caches
are read anew after 20 s (`rooms/access.py`), and sessions after 30 (`realtime/revocation.py`)."""

# One for all: by itself each client would read the world's certificates, 30 ms, and all of these
# speak plain HTTP. One that meets TLS is refused.
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Writes(monitoring.CommandListener):
    """Notes which collections this process writes to: these alone need to be emptied again."""

    def __init__(self) -> None:
        # What an earlier run left on a server that was given is not known.
        self.collections = {spec.name for spec in COLLECTIONS}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in ("insert", "update", "findAndModify"):
            self.collections.add(event.command[event.command_name])

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


WRITES = Writes()
monitoring.register(WRITES)


async def wipe(database: Database) -> None:
    """Delete every document."""
    written = [spec for spec in COLLECTIONS if spec.name in WRITES.collections]
    WRITES.collections.clear()
    await asyncio.gather(*(database[spec].delete({}) for spec in written))


def make_rooms(database: Database) -> Rooms:
    """Return the rooms of an application of its own on this database."""
    return Rooms(database, Accounts(database).sessions, Messages(database), MemoryBus())


class Site:
    """An application on a loopback port, as Hypercorn serves it."""

    def __init__(self, app: Quart) -> None:
        self.app = app
        self.stop = asyncio.Event()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        self._listening.setblocking(False)
        # As for the real command, whose socket names its protocol: asyncio does it only for such.
        self._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = int(self._listening.getsockname()[1])
        self.url = f"http://localhost:{self.port}"
        self.processes = [self]
        """The processes among which people are distributed, this one first."""
        self._people = 0

    def next_url(self) -> str:
        """Return the URL for the next person, of each process in turn."""
        process = self.processes[self._people % len(self.processes)]
        self._people += 1
        return process.url

    @property
    def services(self) -> Services:
        """The application's services."""
        services: Services = self.app.extensions["littlechat"]
        return services

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(serve(self.stop, self.app, self._listening))
        async with httpx.AsyncClient(base_url=self.url, verify=TLS) as client:
            assert (await client.get("/healthz")).status_code == 200
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop.set()
        await asyncio.wait_for(self._serving, 20)
        self._listening.close()


@asynccontextmanager
async def another(settings: Settings, **changes: object) -> AsyncIterator[Site]:
    """Run an application on the same database, with settings of its own."""
    async with Site(create_app(replace(settings, **changes), MemoryBus())) as site:  # type: ignore[arg-type]
        yield site


START_SECONDS = 40


@asynccontextmanager
async def command(
    data: Path, port: int = 0, **environment: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run the littlechat command; terminate it if the test has not."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "littlechat", "--port", str(port), "--data-dir", str(data)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "RATE_LIMITS": "off", **environment},
    )
    assert process.stdout
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        address = re.search(rb"http://\S+", line)
        assert address, line
        yield process, address[0].decode().replace("127.0.0.1", "localhost")
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), 30)


class Person:
    """An HTTP client with a user's cookies, on one site or, with the same cookies, on another."""

    def __init__(self, site: Site | str, name: str) -> None:
        self.url = site if isinstance(site, str) else site.next_url()
        self.name = name
        self.http = httpx.AsyncClient(base_url=self.url, timeout=30, verify=TLS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def post(self, path: str, htmx: bool = False, **form: str) -> httpx.Response:
        """Post a form, as a page's own form or as htmx."""
        headers = {"HX-Request": "true"} if htmx else {}
        return await self.http.post(path, data=form, headers=headers)

    async def get(self, path: str, htmx: bool = False) -> httpx.Response:
        """Get a page, or a fragment."""
        return await self.http.get(path, headers={"HX-Request": "true"} if htmx else {})

    async def register(self) -> Self:
        """Make the account and sign in."""
        answer = await self.post("/register", username=self.name, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        return self

    async def log_in(self) -> Self:
        """Sign in to an account that exists."""
        answer = await self.post("/login", username=self.name, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        return self

    async def create_room(self, name: str, visibility: str = "public") -> str:
        """Make a room and return its id."""
        answer = await self.post("/rooms", name=name, description="", visibility=visibility)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].rpartition("/")[2]

    async def join(self, room: str) -> None:
        """Enter a public room."""
        assert (await self.post(f"/rooms/{room}/join")).status_code == 303

    async def upload(self, room: str, data: bytes, name: str = "a.bin") -> str:
        """Send a file ahead of its message; return its id."""
        answer = await self.http.post(f"/rooms/{room}/files", params={"name": name}, content=data)
        assert answer.status_code == 201, answer.text
        return answer.text.partition('value="')[2].partition('"')[0]

    async def say(self, room: str, body: str, client_id: str = "", **more: str) -> int:
        """Post a message and return its seq."""
        answer = await self.post(
            f"/rooms/{room}/messages", htmx=True, body=body, client_id=client_id, **more
        )
        assert answer.status_code == 201, answer.text
        return Dom(answer.text).seqs[0]

    async def page(self, room: str) -> "Dom":
        """Return the room's page as it is now."""
        answer = await self.get(f"/rooms/{room}")
        assert answer.status_code == 200
        return Dom(answer.text)

    async def invite(self, room: str) -> str:
        """Make an invitation and return the address to open."""
        answer = await self.post(f"/rooms/{room}/invitations")
        found = re.search(r"/join/[\w-]+", answer.text)
        assert found
        return found[0]

    def cookies(self) -> str:
        """Return the Cookie header that this browser sends, the session's cookie first."""
        found = sorted(self.http.cookies.jar, key=lambda one: one.name)
        return "; ".join(f"{one.name}={one.value}" for one in found)

    def connect(self, path: str, origin: str | None = None) -> connect:
        """Return the websockets client's context manager for a socket."""
        headers = {"Cookie": self.cookies()} if self.cookies() else {}
        if origin:
            headers["Origin"] = origin
        address = self.url.replace("http", "ws", 1) + path
        return connect(
            address,
            additional_headers=headers,
            max_size=None,
            max_queue=None,  # A browser reads on, and answers pings, whoever waits for what comes.
            compression=None,
            ping_interval=None,  # No browser pings: to find a dead line is the server's task.
            proxy=None,
        )

    async def stream(self, room: str, after: str | None = None) -> "Stream":
        """Open a room's socket, from a cursor or from now on."""
        query = f"?after={after}" if after is not None else ""
        return Stream(await self.connect(f"/rooms/{room}/socket{query}"))

    async def come_back(self, room: str, dom: "Dom") -> "Stream":
        """Open a room's socket again from where a page is, as its browser does."""
        stream = await self.stream(room, dom.cursor)
        stream.dom = dom
        return stream


class Stream:
    """An open socket and everything that it received."""

    def __init__(self, connection: ClientConnection, dom: "Dom | None" = None) -> None:
        self.connection = connection
        self.frames: list[str] = []
        self.dom = dom or Dom("")

    async def next(self) -> str:
        """Return the next frame."""
        return await asyncio.wait_for(self._take(), WAIT_SECONDS)

    async def _take(self) -> str:
        frame = await self.connection.recv()
        assert isinstance(frame, str)
        self.frames.append(frame)
        self.dom.apply(frame)
        return frame

    async def until(self, condition: Callable[["Dom"], bool]) -> "Dom":
        """Receive frames until the page that they make satisfies `condition`."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition(self.dom):
                await self.next()
        return self.dom

    async def until_text(self, text: str) -> str:
        """Return the first frame that holds `text`."""
        async with asyncio.timeout(WAIT_SECONDS):
            while text not in (frame := await self.next()):
                pass
        return frame

    async def until_closed(self) -> int:
        """Receive frames until the server closes; return its code."""
        return await asyncio.wait_for(self.listen(), WAIT_SECONDS)

    async def listen(self) -> int:
        """Receive frames until the server closes, without a timeout; return its code."""
        try:
            while True:
                await self._take()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    async def close(self) -> None:
        """Close the socket."""
        await self.connection.close()


@dataclass
class Shown:
    """One message as a page shows it."""

    seq: int
    author: str
    version: int
    text: str = ""
    thread: int | None = None
    hidden: bool = False
    quote: str = ""
    # Of a quote that is not shown it is of no interest.
    quote_version: int = field(default=0, compare=False)
    quoted: str | None = None
    """What replies to it show of it now."""
    replies: int = 0
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    """The addresses of its files."""


@dataclass
class Dom(HTMLParser):
    """What a page shows of a room; frames are applied as `message_list.js` applies them."""

    html: str
    messages: dict[int, Shown] = field(default_factory=dict)
    cursor: str | None = None
    typing: str = ""
    online: list[str] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self._message: Shown | None = None
        self._in: list[str] = []
        self._depth = 0
        self._replaced = False
        self.apply(self.html)

    @property
    def seqs(self) -> list[int]:
        """The numbers of the messages shown, in their order."""
        return sorted(self.messages)

    @property
    def texts(self) -> list[str]:
        """The texts of the messages shown, in their order."""
        return [self.messages[seq].text for seq in self.seqs]

    @property
    def files(self) -> list[list[str]]:
        """The files of the messages shown, in their order."""
        return [self.messages[seq].files for seq in self.seqs]

    def apply(self, html: str) -> None:
        """Parse a page, a fragment or a frame, and show its messages."""
        self.reset()
        self._message, self._in = None, []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attributes}
        if own.get("hx-swap-oob", "").startswith("reload"):
            self.messages.clear()
        if own.get("id") == "typing":
            self.typing = ""
            self._in.append("typing")
        if own.get("id") == "online":
            self.online = []
        if "data-user" in own:
            self.online.append(own["data-user"])
        if "data-cursor" in own:
            self.cursor = own["data-cursor"]
        if "message" in own.get("class", "").split():
            self._depth = 0
            self._message = Shown(
                int(own["data-seq"]),
                own["data-author"],
                int(own["data-version"]),
                thread=int(own["data-thread"]) if "data-thread" in own else None,
                hidden="threaded" in own["class"].split(),
                quoted=own.get("data-quoted"),
            )
        if self._message:
            self._take_in(self._message, own)
            if own.get("href", "").startswith("/files/"):
                self._message.files.append(own["href"])
        self._depth += tag == "li"
        if "message-body" in own.get("class", "").split():
            self._in.append("body")

    def _take_in(self, message: Shown, own: dict[str, str]) -> None:
        if "data-names" in own:
            message.reactions[own["value"]] = own["data-names"].split()
        if "data-replies" in own:
            message.replies = int(own["data-replies"])
        if own.get("class") == "quote":
            self._in.append("quote")
            message.quote_version = int(own["data-version"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "p" and self._in in (["typing"], ["quote"]):
            self._in.pop()
        if tag == "div" and self._in == ["body"]:
            self._in.pop()
        self._depth -= tag == "li"
        if tag == "li" and self._message and not self._depth:
            self._put(self._message)
            self._message = None

    def handle_data(self, data: str) -> None:
        if self._in == ["body"] and self._message:
            self._message.text += data
        elif self._in == ["quote"] and self._message:
            self._message.quote += data
        elif self._in == ["typing"]:
            self.typing += data

    def _put(self, message: Shown) -> None:
        old = self.messages.get(message.seq)
        if old is not None and old.version == message.version:
            self.doubled.append(message.seq)
        if old is None or message.version > old.version:
            self.messages[message.seq] = message
        if message.quoted is not None:
            for reply in self.messages.values():
                if reply.thread == message.seq and reply.quote_version <= message.version:
                    reply.quote = reply.quote and f"{message.author} {message.quoted}"
                    reply.quote_version = message.version
