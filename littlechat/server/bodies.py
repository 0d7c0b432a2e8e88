"""How bodies come in: only as fast as they are read, and large ones only where files are taken.

Quart takes a body into memory as fast as its sender can, up to one limit that is fixed before it is
known which handler will have it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, cast

from quart.asgi import ASGIHTTPConnection
from quart.typing import ResponseTypes
from quart.wrappers import Request
from quart.wrappers.request import Body
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from littlechat.files import UPLOAD_TIMEOUT_SECONDS

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

WAITING_BYTES = 128 * 1024
"""What may wait in memory for its handler, and one piece more; then TCP makes the sender wait."""

PLAIN_FORMS = ("application/x-www-form-urlencoded", "application/x-url-encoded")

LINGER_SECONDS = 5.0
"""How long a refused sender may go on before the connection is cut: one that is cut at once may
never hear the answer, since a reset drops what it has not read yet."""
LINGER_BYTES = 32 * 1024 * 1024
"""How much it may go on to send."""


class PacedBody(Body):
    """A body that counts all that came, and lets its sender wait for its reader."""

    def __init__(self, expected: int | None, bytes_max: int) -> None:
        super().__init__(expected, bytes_max)
        self.bytes_max = bytes_max
        self.came = 0
        self.whole = asyncio.Event()
        """Set when nothing more comes."""
        self.given_up = False
        self._taken = asyncio.Event()

    def append(self, data: bytes) -> None:
        """Take in a part; too much in all makes the next read raise."""
        self.came += len(data)
        if self.given_up:
            if self.came > self.bytes_max + LINGER_BYTES:
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
        while len(self._data) > WAITING_BYTES and not self.given_up:
            self._taken.clear()
            await self._taken.wait()

    def give_up(self) -> None:
        """Drop what is here and what comes: nobody will read it."""
        self.given_up = True
        self._data.clear()
        self._taken.set()


class PacedConnection(ASGIHTTPConnection):
    """Quart's connection with a `PacedBody`; stands before whatever else is made of it."""

    async def __call__(self, receive: Receive, send: Send) -> None:
        """Handle the request, then take in what is still on its way."""
        try:
            await super().__call__(receive, send)
        finally:
            if not self._body.whole.is_set():
                # Else the server waits for ever to hand us the rest, and keeps the connection.
                self._draining = asyncio.create_task(_drain(receive))

    def _create_request_from_scope(self, send: Send) -> Request:
        request = super()._create_request_from_scope(send)
        bytes_max = cast(int, self.app.config["MAX_CONTENT_LENGTH"])
        if request.method == "POST" and self._takes_files(request):
            bytes_max += cast(int, self.app.config["FILE_BYTES_MAX"])
            request.body_timeout = UPLOAD_TIMEOUT_SECONDS
        request.max_content_length = bytes_max
        self._body = request.body = PacedBody(request.content_length, bytes_max)
        return request

    def _takes_files(self, request: Request) -> bool:
        # A plain form is awaited as a whole: it must never be one that is paced.
        if request.mimetype in PLAIN_FORMS:
            return False
        adapter = self.app.create_url_adapter(request)
        with contextlib.suppress(HTTPException):
            endpoint, _ = cast(Any, adapter).match()
            return hasattr(self.app.view_functions[endpoint], "takes_files")
        return False

    async def handle_messages(self, request: Request, receive: Receive) -> None:
        """Take in the body at its reader's pace, then wait for the browser to leave."""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._body.whole.set()
                return
            if message["type"] == "http.request":
                self._body.append(message.get("body", b""))
                if not message.get("more_body", False):
                    self._body.set_complete()
                    self._body.whole.set()
                elif not self._is_awaited:
                    await self._body.wait_for_room()

    @property
    def _is_awaited(self) -> bool:
        # `await body` takes nothing until all is there: a plain form, no more than what may wait.
        return self._body.bytes_max <= WAITING_BYTES

    async def _send_response(self, send: Send, response: ResponseTypes) -> None:
        self._body.give_up()

        async def send_lingering(event: Any) -> None:
            is_last = event["type"] == "http.response.body" and not event.get("more_body")
            if is_last and not self._body.whole.is_set():
                # The whole answer, but not its end, which closes the connection.
                await send(event | {"more_body": True})
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._body.whole.wait(), LINGER_SECONDS)
                event = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(event)

        await super()._send_response(send_lingering, response)


async def _drain(receive: Receive) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while (await receive())["type"] != "http.disconnect":
                pass
