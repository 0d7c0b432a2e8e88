"""Runs one process of an application on Hypercorn: its limits, its patches, its stop.

What Hypercorn does otherwise stands in the other modules of this package, one departure each. This
one puts them in Hypercorn's place.
"""

import asyncio
import logging
import socket
from functools import partial

from hypercorn import protocol as hypercorn_protocol
from hypercorn.asyncio import run as hypercorn_run
from hypercorn.config import Sockets
from hypercorn.protocol import h11, ws_stream
from hypercorn.utils import wrap_app
from quart import Quart

from littlechat.server import idle_timeout, orderly_stop, pings
from littlechat.server.connection import Connection, Protocol, ServerConfig, Stream
from littlechat.server.http1_only import stay_with_http1
from littlechat.server.lifespan import running, without_lifespan
from littlechat.server.no_compression import offer_no_compression
from littlechat.server.orderly_stop import CloseSockets, until_stopped
from littlechat.server.proxies import behind_proxies

BACKLOG = 1_024
"""After a restart everybody comes at once."""


def patch_hypercorn() -> None:
    """Put our parts in Hypercorn's place."""
    setattr(hypercorn_run, "TCPServer", Connection)  # noqa: B010
    setattr(hypercorn_protocol, "H11Protocol", Protocol)  # noqa: B010
    setattr(h11, "WSStream", Stream)  # noqa: B010
    setattr(ws_stream, "server_extensions_handshake", offer_no_compression)  # noqa: B010
    setattr(h11.H11Protocol, "_check_protocol", stay_with_http1)  # noqa: B010


def configure(message_bytes_max: int) -> ServerConfig:
    """Return Hypercorn's settings; a message from a socket has at most `message_bytes_max`."""
    config = ServerConfig()
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.alpn_protocols = ["http/1.1"]
    config.backlog = BACKLOG
    config.graceful_timeout = orderly_stop.GRACE_SECONDS + 1
    config.keep_alive_timeout = idle_timeout.IDLE_SECONDS
    config.read_timeout = idle_timeout.SILENT_SECONDS  # type: ignore[assignment]  # it says int, and takes any number
    config.websocket_ping_interval = pings.PING_SECONDS
    config.websocket_max_message_size = message_bytes_max
    return config


async def serve_until(
    stop: asyncio.Event,
    app: Quart,
    listening: socket.socket,
    close_sockets: CloseSockets,
    *,
    message_bytes_max: int,
    proxy_hops: int = 0,
) -> None:
    """Serve `app` on a bound socket until `stop` is set, then let requests in flight finish.

    `close_sockets` sends the browsers away, spread over a moment; the server knows no sockets but
    the network's. Raises what the application raises when it cannot start.
    """
    patch_hypercorn()
    config = configure(message_bytes_max)
    async with running(app):
        pinging = asyncio.create_task(pings.ping_all(config))
        try:
            await hypercorn_run.worker_serve(
                wrap_app(behind_proxies(without_lifespan(app), proxy_hops), 0, "asgi"),
                config,
                sockets=Sockets([], [listening], []),
                shutdown_trigger=partial(until_stopped, stop, config, listening, close_sockets),
            )
        finally:
            pinging.cancel()
