"""An answer that comes before the end of its request's body is not lost.

Upstream: Hypercorn 0.18, `protocol/h11.py`, `H11Protocol._maybe_recycle` closes a connection whose
request is not whole when its answer is; and `protocol/http_stream.py`, `HTTPStream.handle`, waits
for ever to hand over a body that nobody reads.
Cost: the sender's system drops an answer that it has not read yet when the connection is reset, so
that a browser shows an error of the network and not why its file was refused; and the connections
of refused senders stay.
Instead: the end of the answer waits until the body is whole, for `LINGER_SECONDS` and
`LINGER_BYTES`, while what comes is dropped.
Guard: tests/server/test_lingering_answers.py::test_refused_sender_gets_the_reason
Until: Hypercorn closes only its own direction first, and drops what still comes.
"""

import asyncio
import contextlib
from typing import Any, cast

from quart.asgi import ASGIHTTPConnection
from quart.typing import ResponseTypes
from quart.wrappers import Request

from littlechat.server.paced_bodies import PacedRequest, Receive, Send

LINGER_SECONDS = 5.0
"""How long a refused sender may go on before the connection is cut."""

LINGER_BYTES = 32 * 1024 * 1024
"""How much it may go on to send."""


class LingeringAnswersConnection(ASGIHTTPConnection):
    """A request whose answer ends after its body."""

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
        self._body = cast(PacedRequest, request).body
        return request

    async def _send_response(self, send: Send, response: ResponseTypes) -> None:
        self._body.refuse(LINGER_BYTES)

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
