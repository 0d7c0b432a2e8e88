"""A body comes in only as fast as its handler reads it.

Upstream: Quart 0.22, `asgi.py`, `ASGIHTTPConnection.handle_messages` takes a body into memory as
fast as its sender can, and `wrappers/request.py`, `Body`, counts against the limit only what waits.
Cost: an upload whose handler stores more slowly than it comes fills the memory, and a body that is
read in parts has no limit at all.
Instead: `PacedBody` counts all that came, and `WAITING_BYTES` may wait for the reader; then TCP
makes the sender wait.
Guard: tests/server/test_paced_bodies.py::test_stalled_reader_does_not_fill_the_memory
Until: Quart bounds what waits, and counts what was read.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

from quart.asgi import ASGIHTTPConnection
from quart.wrappers import Request
from quart.wrappers.request import Body
from werkzeug.exceptions import RequestEntityTooLarge

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

WAITING_BYTES = 128 * 1024
"""What may wait in memory for its handler, and one piece more."""


class PacedBody(Body):
    """A body that counts all that came, and lets its sender wait for its reader."""

    def __init__(self, expected: int | None, bytes_max: int | None) -> None:
        super().__init__(expected, bytes_max)
        self.bytes_max = sys.maxsize if bytes_max is None else bytes_max
        self.came = 0
        self.whole = asyncio.Event()
        """Set when nothing more comes."""
        self._refused_bytes_max: int | None = None
        self._taken = asyncio.Event()

    def append(self, data: bytes) -> None:
        """Take in a part; too much in all makes the next read raise."""
        self.came += len(data)
        if self._refused_bytes_max is not None:
            if self.came > self._refused_bytes_max:
                self.whole.set()
            return
        if self.came > self.bytes_max:
            self._must_raise = RequestEntityTooLarge()
            self._data.clear()
            self.set_complete()
            return
        super().append(data)

    @property
    def is_complete(self) -> bool:
        """Whether a reader will be given nothing more than is here."""
        return self._complete.is_set()

    def set_complete(self) -> None:
        """Let the reader go on to the end, or to what is wrong."""
        super().set_complete()
        if self._must_raise is None:
            self.whole.set()

    async def __anext__(self) -> bytes:
        data = await super().__anext__()
        self._taken.set()
        return data

    async def wait_for_room(self) -> None:
        """Return when the reader has taken what came, or will take nothing any more."""
        while len(self._data) > WAITING_BYTES and self._refused_bytes_max is None:
            self._taken.clear()
            await self._taken.wait()

    def refuse(self, bytes_more: int) -> None:
        """Drop what is here and what comes, since nobody will read it.

        Once it is `bytes_more` over the limit, nothing more is waited for.
        """
        self._refused_bytes_max = self.bytes_max + bytes_more
        self._data.clear()
        self._taken.set()


class PacedRequest(Request):
    """A request with such a body."""

    # Quart annotates the class of its default.
    body_class = PacedBody  # type: ignore[assignment]
    body: PacedBody


class PacedBodiesConnection(ASGIHTTPConnection):
    """A request whose body is taken in at its reader's pace."""

    async def handle_messages(self, request: Request, receive: Receive) -> None:
        """Take in the body, then wait for the browser to leave."""
        body = cast(PacedRequest, request).body
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                body.whole.set()
                return
            if message["type"] == "http.request":
                body.append(message.get("body", b""))
                if not message.get("more_body", False):
                    body.set_complete()
                    body.whole.set()
                # `await body` takes nothing until all is there: a form, no more than may wait.
                elif body.bytes_max > WAITING_BYTES:
                    await body.wait_for_room()
