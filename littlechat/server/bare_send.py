"""A handler of a WebSocket reaches the server's own ways to send, and learns of an early end.

Upstream: Quart 0.22, `asgi.py`, `ASGIWebsocketConnection.send_data` fires a signal for each frame,
and `wrappers/websocket.py`, `Websocket.send`, sleeps for a turn of the loop before it. Hypercorn
0.18, `protocol/ws_stream.py`, `WSStream.handle` answers a frame that comes before the handshake's
answer with 400, and never tells the application.
Cost: measured, 25,000 frames a second through Quart, 48,000 to 64,000 past it. The socket of a
peer that sent too soon stays, and its person online, for ever.
Instead: the scope has three functions more: `littlechat.send` takes a text past Quart;
`littlechat.write_now` takes a ready frame past Hypercorn, or is None on another server; and
`littlechat.is_closed` tells whether the server has given the socket up.
Guard: tests/web/test_socket.py::test_who_speaks_before_the_handshake_is_answered_is_not_here
Until: Quart sends without a signal that nobody awaits, and Hypercorn reports the refused handshake.
"""

from typing import Any, cast

from hypercorn.typing import ASGISendCallable
from quart.asgi import ASGIWebsocketConnection
from quart.wrappers import Websocket

from littlechat.server.direct_frames import DirectFramesStream


class BareSendWebsocket(ASGIWebsocketConnection):
    """A WebSocket whose scope holds the server's own ways to send."""

    def _create_websocket_from_scope(self, send: ASGISendCallable) -> Websocket:
        cast(dict[str, Any], self.scope).update(_ways_to_send(send))
        return super()._create_websocket_from_scope(send)


def _ways_to_send(send: ASGISendCallable) -> dict[str, Any]:
    async def send_text(text: str) -> None:
        await send({"type": "websocket.send", "bytes": None, "text": text})

    # Our own server's `send` is a method of its stream.
    stream = getattr(send, "__self__", None)
    ours = stream if isinstance(stream, DirectFramesStream) else None
    return {
        "littlechat.send": send_text,
        "littlechat.write_now": ours.write_now if ours else None,
        "littlechat.is_closed": lambda: ours is not None and ours.closed,
    }
