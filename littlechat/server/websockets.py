"""How sockets come in: a bounded inbox, and the bare ASGI `send` kept for the writer."""

import asyncio
import contextlib
from typing import Any, cast

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable
from quart import Quart
from quart.asgi import ASGIWebsocketConnection
from quart.wrappers import Websocket

INBOUND_MAX = 16
"""Frames that wait for their handler; then TCP makes the sender wait."""

DRAIN_SECONDS = 5.0
"""How long after the end what still comes is taken in and dropped."""


class BoundedWebsocket(ASGIWebsocketConnection):
    """Quart's connection with a bounded inbox, and the bare ASGI `send` kept for the writer.

    Quart's own inbox is unbounded, which defeats the server's backpressure, and its `send` fires a
    signal and sleeps for each frame.
    """

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

    def _create_websocket_from_scope(self, send: ASGISendCallable) -> Websocket:
        cast(dict[str, Any], self.scope)["littlechat.send"] = send
        return super()._create_websocket_from_scope(send)


async def _drain(receive: ASGIReceiveCallable) -> None:
    # Hypercorn tells us of the end through the queue of frames, and closes the connection after
    # that: if who was cut off for flooding has filled the queue, it would hold both for ever.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while (await receive())["type"] != "websocket.disconnect":
                pass
