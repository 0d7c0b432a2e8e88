"""Browser-like sockets, lean enough not to be what is measured.

Each makes the real handshake with Cookie and Origin, answers pings, and finds the messages in its
text frames by scanning for their ids, without parsing HTML. Sockets of one room get equal frames,
so what a frame holds is worked out once and remembered.
"""

import asyncio
import base64
import hashlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.processes import BenchError, Server

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
MESSAGE = re.compile(rb'id="message-(\d+)"')
CURSOR = re.compile(rb'data-cursor="(c\d+-\d+)"')
STAMP = re.compile(rb"stamp-(\d+)-")
REMEMBERED_FRAMES = 512
CONTINUATION, TEXT, CLOSE, PING = 0x0, 0x1, 0x8, 0x9


@dataclass(slots=True)
class Frame:
    """What a text frame holds: messages by seq, the last cursor, and when they were posted."""

    seqs: tuple[int, ...]
    cursor: str
    stamps_ns: tuple[int, ...]


@dataclass(slots=True)
class Tally:
    """What many sockets received, together."""

    deliveries: int = 0
    frames: int = 0
    latencies_ms: list[float] | None = None
    """Set to a list to note post-to-receive times, from the stamps in the messages' texts."""
    closes: list[int] = field(default_factory=list)
    _known: dict[bytes, Frame] = field(default_factory=dict)

    def read(self, payload: bytes) -> Frame:
        """Return what a frame holds, and count it."""
        frame = self._known.get(payload)
        if frame is None:
            if len(self._known) >= REMEMBERED_FRAMES:
                self._known.clear()
            frame = self._known[payload] = Frame(
                tuple(map(int, MESSAGE.findall(payload))),
                (CURSOR.findall(payload) or [b""])[-1].decode(),
                tuple(map(int, STAMP.findall(payload))),
            )
        self.frames += 1
        self.deliveries += len(frame.seqs)
        if self.latencies_ms is not None and frame.stamps_ns:
            now_ns = time.monotonic_ns()
            self.latencies_ms += [(now_ns - stamp) / 1e6 for stamp in frame.stamps_ns]
        return frame


class BrowserSocket(asyncio.Protocol):
    """One tab's socket."""

    def __init__(self, server: Server, path: str, cookie: str, tally: Tally) -> None:
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone = False
        self.cursor = ""
        self.received = 0
        self.last_seq = 0
        self.disorder = 0
        """How often a message was not the one after the last: missing, doubled or out of order."""
        self.on_text: Callable[[bytes], None] | None = None
        self._server, self._path, self._cookie, self._tally = server, path, cookie, tally
        self._key = base64.b64encode(os.urandom(16))
        self._data = b""
        self._parts = b""
        self._news = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        cookie = f"Cookie: {self._cookie}\r\n" if self._cookie else ""
        head = (
            f"GET {self._path} HTTP/1.1\r\nHost: {self._server.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {self._key.decode()}\r\n"
            f"Sec-WebSocket-Version: 13\r\nOrigin: {self._server.origin}\r\n{cookie}"
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
        )
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        """Parse what was received."""
        if self._data:
            data = self._data + data
        at = 0 if self.open.done() else self._shake_hands(data)
        if at >= 0 and self.open.done():
            at = self._take_frames(data, at)
        self._data = data[max(at, 0) :]

    def _shake_hands(self, data: bytes) -> int:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return -1
        accept = base64.b64encode(hashlib.sha1(self._key + MAGIC).digest())
        if data.startswith(b"HTTP/1.1 101") and accept in data[:end]:
            self.open.set_result(None)
        else:
            self.open.set_exception(BenchError(f"handshake refused: {data[:200]!r}"))
        return end + 4

    def _take_frames(self, data: bytes, at: int) -> int:
        # RFC 6455, section 5.2; a server's frames are not masked.
        size = len(data)
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                start, length = at + 4, int.from_bytes(data[at + 2 : at + 4], "big")
            elif length == 127:
                start, length = at + 10, int.from_bytes(data[at + 2 : at + 10], "big")
            end = start + length
            if start > size or end > size:
                break
            self._take(data[at], data[start:end])
            at = end
        return at

    def _take(self, first: int, payload: bytes) -> None:
        kind = first & 0x0F
        if kind in (TEXT, CONTINUATION):
            self._parts = self._parts + payload if self._parts else payload
            if first & 0x80:
                whole, self._parts = self._parts, b""
                self._take_text(whole)
        elif kind == PING:
            self._send(0xA, payload)
        elif kind == CLOSE:
            self._tally.closes.append(int.from_bytes(payload[:2], "big"))
            self._send(CLOSE, payload[:2])
            self._transport.close()

    def _take_text(self, payload: bytes) -> None:
        frame = self._tally.read(payload)
        if frame.cursor:
            self.cursor = frame.cursor
        for seq in frame.seqs:
            if self.last_seq and seq != self.last_seq + 1:
                self.disorder += 1
            self.last_seq = seq
        self.received += len(frame.seqs)
        self._news.set()
        if self.on_text:
            self.on_text(payload)

    async def until(self, count: int) -> None:
        """Wait for that many messages."""
        while self.received < count:
            if self.gone:
                raise BenchError(f"a socket ended with {self.received} of {count} messages")
            self._news.clear()
            await self._news.wait()

    def send_text(self, text: bytes) -> None:
        """Send one text frame."""
        self._send(TEXT, text)

    def _send(self, kind: int, payload: bytes) -> None:
        # Masked, as a client's frames must be, with the key that leaves the bytes as they are.
        size = len(payload)
        short = bytes([0x80 | kind, 0x80 | size])
        head = short if size < 126 else bytes([0x80 | kind, 0xFE]) + size.to_bytes(2, "big")
        self._transport.write(head + b"\0\0\0\0" + payload)

    def connection_lost(self, error: Exception | None) -> None:
        """Store that the connection has ended."""
        self.gone = True
        self._news.set()
        if not self.open.done():
            self.open.set_exception(BenchError(f"{self._server.name} hung up: {error}"))

    def close(self) -> None:
        """End the connection at once without a close frame, as a lost network does."""
        self._transport.abort()


async def connect(server: Server, path: str, cookie: str, tally: Tally) -> BrowserSocket:
    """Open one socket and wait for its handshake."""
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(
        lambda: BrowserSocket(server, path, cookie, tally), server.host, server.port
    )
    await socket.open
    return socket


async def connect_all(
    server: Server, path: str, cookies: list[str], count: int, tally: Tally, at_once: int = 50
) -> list[BrowserSocket]:
    """Open `count` sockets, their people taking turns."""
    gate = asyncio.Semaphore(at_once)

    async def one(number: int) -> BrowserSocket:
        async with gate:
            return await connect(server, path, cookies[number % len(cookies)], tally)

    return list(await asyncio.gather(*map(one, range(count))))
