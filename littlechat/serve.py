"""Runs one process of an application on Hypercorn: its limits, its patience, its stop.

Three things of Hypercorn 0.18 are changed here, each guarded by a test in `tests/test_serve.py`:
compression of sockets is never offered, a peer that stops reading is cut off, and open sockets are
sent away before the server waits for its connections.
"""

import asyncio
import logging
import signal
import socket
from typing import Any

from hypercorn.asyncio import run as hypercorn_run
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.config import Config, Sockets
from hypercorn.events import Event, RawData
from hypercorn.middleware import ProxyFixMiddleware
from hypercorn.protocol import ws_stream
from hypercorn.utils import wrap_app
from quart import Quart

from littlechat.app import close_sockets
from littlechat.frames import FRAME_BYTES_MAX

WRITE_SECONDS = 20.0
"""A peer that takes nothing for this long is cut off, and what waits for it is freed."""

PING_SECONDS = 20.0
SILENCE_SECONDS = 50
"""Every browser answers pings, so a connection silent for this long is half open."""

BACKLOG = 1_024
"""After a restart everybody comes at once."""

GRACE_SECONDS = 5.0

log = logging.getLogger(__name__)


class ImpatientServer(TCPServer):
    """Hypercorn's connection, cut off when its peer takes nothing for `WRITE_SECONDS`.

    Without it one who stops reading holds what was written for him, for ever.
    """

    async def protocol_send(self, event: Event) -> None:
        """Write as usual, but not without end."""
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await super().protocol_send(event)
        except TimeoutError:
            log.warning("peer stopped reading")
            self.writer.transport.abort()


def _offer_no_compression(*_: Any) -> None:
    """Answer None, as for a browser that asks for nothing.

    wsproto inflates without a cap before it checks a message's size: 64 KiB become 64 MiB. Without
    compression a socket needs 39 instead of 132 KiB, and twice as many frames leave.
    """


def patch_hypercorn() -> None:
    """Put our parts in Hypercorn's place."""
    setattr(ws_stream, "server_extensions_handshake", _offer_no_compression)  # noqa: B010
    setattr(hypercorn_run, "TCPServer", ImpatientServer)  # noqa: B010


def configure(proxy_hops: int) -> Config:
    """Return Hypercorn's settings."""
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.alpn_protocols = ["http/1.1"]
    config.backlog = BACKLOG
    config.graceful_timeout = GRACE_SECONDS
    config.shutdown_timeout = GRACE_SECONDS
    config.keep_alive_timeout = 30.0
    config.read_timeout = SILENCE_SECONDS
    config.websocket_ping_interval = PING_SECONDS
    config.websocket_max_message_size = FRAME_BYTES_MAX
    return config


async def serve(app: Quart, listening: socket.socket, proxy_hops: int) -> None:
    """Serve `app` on a bound socket until SIGTERM or SIGINT, then let everybody finish."""
    patch_hypercorn()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    async def until_stopped() -> None:
        await stop.wait()
        # From Python 3.12 on the server first waits for every open socket: they must go before.
        await close_sockets(app)

    asgi: Any = app
    if proxy_hops:
        asgi = ProxyFixMiddleware(app, mode="legacy", trusted_hops=proxy_hops)
    await hypercorn_run.worker_serve(
        wrap_app(asgi, 0, "asgi"),
        configure(proxy_hops),
        sockets=Sockets([], [listening], []),
        shutdown_trigger=until_stopped,
    )
