"""What a browser sends up its WebSocket waits in a bounded queue.

Upstream: Quart 0.22, `asgi.py`, `ASGIWebsocketConnection` puts frames into a queue without a limit,
which defeats the bounded one of Hypercorn. Hypercorn 0.18 tells of a socket's end through that
bounded queue.
Cost: a flood fills the memory. And once the queue is bounded, the end of one who was cut off for
flooding waits behind his frames, and holds his connection for ever.
Instead: `INBOUND_MAX` frames may wait, then TCP makes the sender wait; after the handler has ended,
what still comes is taken in and dropped, for `DRAIN_SECONDS`.
Guard: tests/server/test_bounded_inbox.py::test_sender_waits_for_the_handler,
tests/web/test_socket.py::test_who_floods_on_and_never_closes_is_hung_up_on
Until: Quart takes a size for the queue, and Hypercorn tells of the end beside it.
"""

import asyncio
import contextlib
from typing import Any

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable
from quart import Quart
from quart.asgi import ASGIWebsocketConnection

INBOUND_MAX = 16
"""Frames that wait for their handler."""

DRAIN_SECONDS = 5.0
"""How long after the end what still comes is taken in and dropped."""


class BoundedInboxWebsocket(ASGIWebsocketConnection):
    """A WebSocket with a bounded queue of frames."""

    def __init__(self, app: Quart, scope: Any) -> None:
        super().__init__(app, scope)
        self.queue = asyncio.Queue(INBOUND_MAX)
        self._peer_left = False

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Handle the socket, then take in what is still on its way."""
        try:
            await super().__call__(receive, send)
        finally:
            if not self._peer_left:
                self._draining = asyncio.create_task(_drain(receive))

    async def handle_messages(self, receive: ASGIReceiveCallable) -> None:
        """Hand frames to the handler until the peer leaves."""
        await super().handle_messages(receive)
        self._peer_left = True


async def _drain(receive: ASGIReceiveCallable) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while (await receive())["type"] != "websocket.disconnect":
                pass
