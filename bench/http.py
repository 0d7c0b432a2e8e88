"""A lean keep-alive HTTP/1.1 client: one connection, one request at a time, as one browser's.

Ready-made clients cost several times what the servers under measurement do, and would be what is
measured. It knows only what our servers answer with: a status, headers and a Content-Length.
"""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.processes import BenchError, Server

LIMIT_SECONDS = 60.0


@dataclass(slots=True)
class Response:
    """An answer; `head` is everything before the body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Return the first header of that name, empty if there is none."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return ""


class Connection(asyncio.Protocol):
    """One connection to a server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._answer: asyncio.Future[Response] | None = None
        self._heads: dict[tuple[str, str, str], bytes] = {}

    @classmethod
    async def open(cls, server: Server) -> "Connection":
        """Connect."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(server), server.host, server.port)
        return connection

    async def _reopen(self) -> None:
        # Servers end connections that were idle; a browser then makes another, and so do we.
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, self._server.host, self._server.port)

    async def get(self, path: str, cookie: str = "") -> Response:
        """Return the answer to a GET."""
        return await self._request(self._head("GET", path, cookie) + b"\r\n")

    async def post(
        self, path: str, form: dict[str, str], cookie: str = "", *, htmx: bool = False
    ) -> Response:
        """Return the answer to a form's POST, as a page or as htmx sends it."""
        body = urlencode(form).encode()
        head = self._head("POST", path, cookie) + (b"HX-Request: true\r\n" if htmx else b"")
        kind = b"Content-Type: application/x-www-form-urlencoded\r\n"
        return await self._request(head + kind + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def _head(self, method: str, path: str, cookie: str) -> bytes:
        key = (method, path, cookie)
        if key not in self._heads:
            lines = [f"{method} {path} HTTP/1.1", f"Host: {self._server.netloc}"]
            lines += [f"Origin: {self._server.origin}"] if method == "POST" else []
            lines += [f"Cookie: {cookie}"] if cookie else []
            lines += ["User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench", "Accept: text/html"]
            self._heads[key] = "\r\n".join([*lines, ""]).encode()
        return self._heads[key]

    async def _request(self, request: bytes) -> Response:
        if self._answer is not None:
            raise BenchError("a connection has one request at a time")
        if self._transport is None or self._transport.is_closing():
            await self._reopen()
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            self._answer = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer the waiting request once its whole response is there."""
        self._data = data = self._data + data if self._data else data
        end = data.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        lowered = data[:end].lower()
        at = lowered.find(b"\r\ncontent-length:")
        if at < 0:
            self._answer.set_exception(BenchError(f"no Content-Length in {lowered!r}"))
            return
        size = int(lowered[at + 17 :].split(b"\r\n", 1)[0])
        whole = end + 4 + size
        if len(data) >= whole:
            self._data = data[whole:]
            if b"\r\nconnection: close" in lowered and self._transport:
                self._transport.close()  # Hypercorn's way after a thousand requests.
            self._answer.set_result(Response(int(data[9:12]), data[:end], data[end + 4 : whole]))

    def connection_lost(self, error: Exception | None) -> None:
        """Fail the waiting request."""
        self._transport, self._data = None, b""
        if self._answer and not self._answer.done():
            self._answer.set_exception(BenchError(f"{self._server.name} hung up: {error}"))

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.close()
