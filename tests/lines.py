"""Raw connections to a server, a proxy that simulates a bad network, the server's transports."""

import asyncio
import contextlib
import math
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self
from urllib.parse import urlsplit

import httpx

from tests.factories import WAIT_SECONDS, Person

TEXT, CLOSE, PING = 0x1, 0x8, 0x9
DEFLATE = "permessage-deflate; client_max_window_bits"

LINE_SEGMENT_BYTES, LINE_BUFFER_BYTES = 1_400, 16 * 1024
"""Segments and buffers as on a real network. With its defaults, loopback would buffer megabytes
before a server noticed that its peer is slow."""


class Listening(Protocol):
    """A server, or a proxy to one."""

    @property
    def port(self) -> int | None:
        """The port on which it listens."""


def masked(first: int, payload: bytes, length: int | None = None) -> bytes:
    """Return a client's WebSocket frame with `first` as its first byte.

    With another `length` than the payload's, return the start of a longer frame.
    """
    size = struct.pack("!BQ", 0xFF, len(payload) if length is None else length)
    return bytes([first]) + size + bytes(4) + payload


@dataclass
class Raw:
    """A raw TCP connection, for requests and frames that no library would send."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: str = ""

    @classmethod
    async def open(cls, server: Listening, receive_buffer: int = 0) -> "Raw":
        plain = _thin(receive_buffer) if receive_buffer else _socket()
        return cls(*await _connect(server, plain))

    async def upgrade(self, person: Person, path: str, **headers: str) -> "Raw":
        """Request a WebSocket; keep the head of the response."""
        fields = {
            "Host": person.url.removeprefix("http://"),
            "Cookie": person.cookies(),
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {text}" for name, text in fields.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(WAIT_SECONDS):
            self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        return self

    def send(self, first: int, payload: bytes, length: int | None = None) -> None:
        """Write what `masked` returns."""
        self.writer.write(masked(first, payload, length))

    async def frame(self) -> tuple[int, bytes]:
        """Return the opcode and the payload of the next frame."""
        async with asyncio.timeout(WAIT_SECONDS):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0xF, await self.reader.readexactly(size)

    async def until_end(self) -> bytes:
        """Read until the server ends the connection; return what was read."""
        rest = b""
        async with asyncio.timeout(WAIT_SECONDS):
            with contextlib.suppress(ConnectionError):
                while data := await self.reader.read(65_536):
                    rest += data
        return rest

    async def close(self) -> None:
        self.writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


def transports() -> list[asyncio.WriteTransport]:
    """Return the server's transports of all connections in this process."""
    # Not looked for among all objects there are, which takes longer than most tests.
    ends = asyncio.get_running_loop()._transports.values()  # type: ignore[attr-defined]
    return [end for end in ends if _accepted_by(end) == "hypercorn.asyncio.run"]


def _accepted_by(end: asyncio.Transport) -> str:
    accept = getattr(end.get_protocol(), "_client_connected_cb", None)
    return getattr(accept, "__module__", "")


def is_held(transport: asyncio.WriteTransport) -> bool:
    """Whether a connection is open, or closing with bytes that are not sent yet."""
    return not transport.is_closing() or transport.get_write_buffer_size() > 0


def connections() -> int:
    """Count the connections that the server holds."""
    return sum(is_held(transport) for transport in transports())


async def eventually(condition: Callable[[], object]) -> None:
    """Return once `condition` holds, which is asked seldom: `connections` looks at every object."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():
            await asyncio.sleep(0.05)


async def answers(server: Listening) -> bool:
    """Return whether a server still answers."""
    async with httpx.AsyncClient(base_url=f"http://localhost:{server.port}") as client:
        return (await client.get("/healthz")).status_code == 200


async def server_end(raw: Raw) -> asyncio.WriteTransport:
    """Return the server's transport of a connection."""
    ours = raw.writer.get_extra_info("sockname")
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            for transport in transports():
                if transport.get_extra_info("peername") == ours:
                    return transport
            await asyncio.sleep(0.01)


class Direction:
    """One direction of a proxy, which can be slowed, held or ended."""

    def __init__(self) -> None:
        self.bytes_per_second = math.inf
        self._open = asyncio.Event()
        self._open.set()
        self._receivers: set[asyncio.StreamWriter] = set()
        self._shut: set[asyncio.StreamWriter] = set()

    def hold(self) -> None:
        """Forward nothing, and end nothing."""
        self._open.clear()

    def release(self) -> None:
        """Forward what was held, and what follows."""
        self._open.set()

    def shut(self) -> None:
        """End this direction of all present connections, but not the other one."""
        for receiver in self._receivers:
            receiver.write_eof()
        self._shut |= self._receivers

    async def carry(self, sender: asyncio.StreamReader, receiver: asyncio.StreamWriter) -> None:
        """Forward a connection's bytes, and then its end."""
        self._receivers.add(receiver)
        clock = asyncio.get_running_loop().time
        free_at = clock()
        try:
            while data := await sender.read(self._piece()):
                await self._open.wait()
                if receiver not in self._shut:
                    receiver.write(data)
                    await receiver.drain()
                    free_at = max(free_at, clock()) + len(data) / self.bytes_per_second
                    await asyncio.sleep(free_at - clock())
            # While held, it does not forward the end either.
            await self._open.wait()
            if receiver not in self._shut:
                receiver.write_eof()
        except OSError:
            await self._open.wait()
            raise
        finally:
            self._receivers.discard(receiver)
            self._shut.discard(receiver)

    def _piece(self) -> int:
        return int(min(65_536, max(1, self.bytes_per_second / 20)))


class Proxy:
    """A proxy to a server that can go silent, be slow, end in one direction, or be cut."""

    def __init__(self, server: Listening) -> None:
        self._server = server
        self.up, self.down = Direction(), Direction()
        self._near: set[asyncio.StreamWriter] = set()
        self._far: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        listening = _thin()
        listening.bind(("127.0.0.1", 0))
        self._listening = await asyncio.start_server(self._join, sock=listening, limit=4_096)
        self.port = int(listening.getsockname()[1])
        self.url = f"http://localhost:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Abort every connection."""
        for writer in self._near | self._far:
            writer.transport.abort()

    def addresses(self) -> set[object]:
        """Return the local addresses of its connections to the server."""
        return {far.get_extra_info("sockname") for far in self._far}

    def hold(self) -> None:
        """Forward nothing in either direction."""
        self.up.hold()
        self.down.hold()

    def release(self) -> None:
        """Forward everything again."""
        self.up.release()
        self.down.release()

    def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._near.add(writer)
        far_reader, far_writer = await _connect(self._server, _thin())
        self._far.add(far_writer)
        try:
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self.up.carry(reader, far_writer))
                directions.create_task(self.down.carry(far_reader, writer))
        except* OSError:
            pass  # One side was cut off, so the other is.
        finally:
            far_writer.close()
            writer.close()


def through(line: Proxy, uri: str) -> str:
    """Return a database's address that leads through the proxy `line`."""
    place = urlsplit(uri)
    netloc = place.netloc.replace(f":{place.port}", f":{line.port}")
    return place._replace(netloc=netloc, query=f"{place.query}&directConnection=true").geturl()


def _socket() -> socket.socket:
    # With its protocol named: asyncio sends small pieces at once only on such.
    plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    plain.setblocking(False)
    return plain


def _thin(receive_buffer: int = LINE_BUFFER_BYTES) -> socket.socket:
    thin = _socket()
    thin.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    thin.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, LINE_SEGMENT_BYTES)
    return thin


async def _connect(
    server: Listening, plain: socket.socket
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", server.port))
        return await asyncio.open_connection(sock=plain, limit=4_096)
    except BaseException:
        plain.close()
        raise
