"""Runs one process of an application on Hypercorn: its limits, its patience, its stop.

What Hypercorn 0.18 does otherwise is changed by the classes below, each guarded by a test in
`tests/test_serve.py`; nothing else may depend on Hypercorn's insides.
"""

import asyncio
import logging
import socket
import time
import weakref
from collections.abc import Awaitable, Callable
from contextvars import Context
from functools import cached_property
from typing import Any

from hypercorn import protocol as hypercorn_protocol
from hypercorn.asyncio import run as hypercorn_run
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.config import Config, Sockets
from hypercorn.events import Closed, Event, RawData
from hypercorn.middleware import ProxyFixMiddleware
from hypercorn.protocol import h11, ws_stream
from hypercorn.protocol.events import Body, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream
from hypercorn.utils import wrap_app
from quart import Quart
from wsproto.connection import ConnectionState
from wsproto.events import Ping

from littlechat.realtime import FRAME_BYTES_MAX
from littlechat.server.timeouts import Timeouts

WRITE_SECONDS = 15.0
TAKEN_BYTES = 64 * 1024
"""A peer that takes neither all that waits for it nor this much within this time is cut off, and
that is freed: a slow line gets a long frame, and yet nobody holds one for ever."""

PING_SECONDS = 20.0
SILENCE_SECONDS = 50.0
"""Every browser answers pings, so a connection silent for this long is half open."""

UNSENT_BYTES = 64 * 1024
"""What may wait in a connection before its writers have to: asyncio's own high-water mark."""

HEADER_SECONDS = 30.0
"""How long a connection may take to send a whole request's head, the first or the next."""

BACKLOG = 1_024
"""After a restart everybody comes at once."""

GRACE_SECONDS = 5.0
"""What a stop leaves to requests in flight; then their connections are cut."""

SOCKET_SCHEMES = {"http": "ws", "https": "wss"}

CloseSockets = Callable[[], Awaitable[None]]

log = logging.getLogger(__name__)


class ServerConfig(Config):
    """Hypercorn's settings, and the open connections and sockets of the server that has them."""

    def __init__(self) -> None:
        self.connections: weakref.WeakSet[ImpatientServer] = weakref.WeakSet()
        self.streams: weakref.WeakSet[GuardedStream] = weakref.WeakSet()
        self.stopping = False
        self._dated: tuple[int, list[tuple[bytes, bytes]]] = (0, [])

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        """Return the headers of every response; the date in them is made once a second."""
        second = int(time.time())
        if self._dated[0] != second:
            self._dated = (second, super().response_headers(protocol))
        return self._dated[1]


class Pace:
    """Cuts a connection off as soon as its peer takes too little of what waits for it."""

    __slots__ = ("_connection", "_reason", "_timer", "_waiting")

    def __init__(self, connection: "ImpatientServer", more: int, reason: str) -> None:
        self._connection, self._reason = connection, reason
        self._begin(connection.unsent() + more)

    def _begin(self, waiting: int) -> None:
        self._waiting = waiting
        # In no context: a timer, even a cancelled one, would hold the request that set it.
        self._timer = self._connection.loop.call_later(WRITE_SECONDS, self._look, context=Context())

    def _look(self) -> None:
        waiting = self._connection.unsent()
        if self._waiting - waiting >= TAKEN_BYTES:
            self._begin(waiting)
        else:
            self._connection.cut(self._reason)

    def end(self) -> None:
        """Stop looking."""
        self._timer.cancel()


class ImpatientServer(TCPServer):
    """Hypercorn's connection, cut off when its peer does not take what it is sent.

    Without it one who stops reading holds what was written for him, for ever.
    """

    config: ServerConfig

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.patience = self.idle_task = Timeouts(self)  # type: ignore[assignment]
        self.holding = False
        """Whether what is to be sent waits for more that belongs to it."""
        self._held = b""
        self._hung_up = False

    async def run(self) -> None:
        """Serve the connection to its end."""
        self.config.connections.add(self)
        try:
            await super().run()
        finally:
            self.patience.end()

    async def _read_data(self) -> None:
        patience = self.patience
        while not self.reader.at_eof():
            patience.reading = True
            patience.hear()
            try:
                data = await self.reader.read(MAX_RECV)
            except OSError:
                break
            if self._hung_up:
                break
            # What waits now is we.
            patience.reading = False
            await self.protocol.handle(RawData(data))
        await self.protocol.handle(Closed())
        # Who has left is not waited for as if his next request might still come.
        await patience.stop()

    def hang_up(self) -> None:
        """End the connection in order, as if its peer had left."""
        self._hung_up = True
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]
        self.reader.feed_eof()

    async def protocol_send(self, event: Event) -> None:
        """Write as usual, but not without end; and what belongs together at once."""
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        self._held += event.data
        if self.holding or not self._held:
            return
        data, self._held = self._held, b""
        transport = self.writer.transport
        is_free = not (self.send_lock.locked() or transport.is_closing())
        if is_free and not transport.get_write_buffer_size():
            transport.write(data)
            # Almost every peer takes all of it at once; for the others there is something to wait
            # for, or to find out about a connection that broke.
            if not transport.get_write_buffer_size() and not transport.is_closing():
                return
            data = b""
        pace = Pace(self, len(data), "peer stopped reading")
        try:
            await super().protocol_send(RawData(data))
        finally:
            pace.end()

    async def _close(self) -> None:
        # Closing, too, first waits until the peer has taken the rest; and it may be cancelled.
        pace = Pace(self, 0, "peer did not take the rest")
        try:
            await super()._close()
        finally:
            if not self.unsent():
                pace.end()

    def unsent(self) -> int:
        """Return how many bytes wait for the peer."""
        return self.writer.transport.get_write_buffer_size()

    def cut(self, reason: str) -> None:
        """Drop the connection, if it still is one, and what waits for the peer."""
        transport = self.writer.transport
        if not transport.is_closing() or self.unsent():
            log.warning("connection cut", extra={"reason": reason})
            transport.abort()


class GuardedStream(WSStream):
    """Hypercorn's WebSocket, pinged by `ping_all` and ended by a message that is too big."""

    config: ServerConfig

    async def _send_pings(self) -> None:
        # Hypercorn's own task sleeps on after its socket has closed, which holds the connection's
        # memory for a whole interval and every stop for its whole grace.
        self.config.streams.add(self)

    @cached_property
    def _transport(self) -> asyncio.WriteTransport:
        # From the stream to its protocol to its connection, each of which hands down its `send`.
        protocol: H11Protocol = self.send.__self__  # type: ignore[attr-defined]
        connection: ImpatientServer = protocol.send.__self__  # type: ignore[attr-defined]
        return connection.writer.transport

    def write_now(self, frame: bytes) -> bool:
        """Write a whole frame past all layers, if the peer keeps up; return whether it was done.

        Only up to where a write through the layers would begin to wait, so that whoever writes
        next waits, and is cut off, as ever. A frame that ends or follows a message in pieces, or
        comes after a close frame, would break the protocol: nobody here sends the former, and the
        connection's state tells of the latter.
        """
        if self.closed or self.connection.state is not ConnectionState.OPEN:
            return False
        transport = self._transport
        waiting = transport.get_write_buffer_size() + len(frame)
        if transport.is_closing() or waiting > UNSENT_BYTES:
            return False
        transport.write(frame)
        return True

    async def ping(self) -> None:
        """Ping the browser, which answers by itself."""
        if not self.closed:
            await self._send_wsproto_event(Ping())

    async def _handle_events(self) -> None:
        await super()._handle_events()
        if self.buffer.length > self.buffer.max_length:
            # Hypercorn says 1009 but reads and keeps what follows: one endless frame would fill
            # the memory.
            await self.send(StreamClosed(stream_id=self.stream_id))


class JoiningProtocol(H11Protocol):
    """Hypercorn's HTTP/1.1, which sends an answer's head and the first of its body in one write."""

    async def stream_send(self, event: StreamEvent) -> None:
        """Send a part of an answer; a head waits for what follows it."""
        connection: ImpatientServer = self.send.__self__  # type: ignore[attr-defined]
        connection.holding = isinstance(event, Response) and event.status_code >= 200
        if isinstance(event, Body):
            # Who takes a long answer says nothing meanwhile, and yet is there.
            connection.patience.hear()
        await super().stream_send(event)


def _offer_no_compression(*_: Any) -> None:
    """Answer None, as for a browser that asks for nothing.

    wsproto inflates without a cap before it checks a message's size: 64 KiB become 64 MiB. Without
    compression a socket needs 39 instead of 132 KiB, and twice as many frames leave.
    """


async def _stay_with_http1(*_: Any) -> None:
    """Never switch to HTTP/2: no browser asks on a plain connection, and nothing here guards it."""


def patch_hypercorn() -> None:
    """Put our parts in Hypercorn's place."""
    setattr(hypercorn_run, "TCPServer", ImpatientServer)  # noqa: B010
    setattr(hypercorn_protocol, "H11Protocol", JoiningProtocol)  # noqa: B010
    setattr(h11, "WSStream", GuardedStream)  # noqa: B010
    setattr(ws_stream, "server_extensions_handshake", _offer_no_compression)  # noqa: B010
    setattr(h11.H11Protocol, "_check_protocol", _stay_with_http1)  # noqa: B010


def configure() -> ServerConfig:
    """Return Hypercorn's settings."""
    config = ServerConfig()
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.alpn_protocols = ["http/1.1"]
    config.backlog = BACKLOG
    config.graceful_timeout = GRACE_SECONDS + 1
    config.keep_alive_timeout = HEADER_SECONDS
    config.read_timeout = SILENCE_SECONDS  # type: ignore[assignment]  # it says int, and waits for any number
    config.websocket_ping_interval = PING_SECONDS
    config.websocket_max_message_size = FRAME_BYTES_MAX
    return config


async def serve_until(
    stop: asyncio.Event,
    app: Quart,
    listening: socket.socket,
    close_sockets: CloseSockets,
    proxy_hops: int = 0,
) -> None:
    """Serve `app` on a bound socket until `stop` is set, then let everybody finish.

    `close_sockets` sends the browsers away, spread over a moment; the server knows no sockets but
    the network's. Raises what the application raises when it cannot start.
    """
    patch_hypercorn()
    config = configure()

    async def until_stopped() -> None:
        await stop.wait()
        # Who comes back at once must find the next process, not this one.
        asyncio.get_running_loop().remove_reader(listening)
        # From Python 3.12 on the server first waits for every open socket: they must go before.
        await close_sockets()
        config.stopping = True
        for connection in list(config.connections):
            if connection.patience.is_idle:
                connection.hang_up()
        asyncio.get_running_loop().call_later(GRACE_SECONDS, cut_all, config)

    await app.startup()
    pings = asyncio.create_task(ping_all(config))
    try:
        await hypercorn_run.worker_serve(
            wrap_app(behind_proxies(app, proxy_hops), 0, "asgi"),
            config,
            sockets=Sockets([], [listening], []),
            shutdown_trigger=until_stopped,
        )
    finally:
        pings.cancel()
        await shut_down(app)


def behind_proxies(app: Quart, hops: int) -> Any:
    """Return the application for Hypercorn; `hops` proxies are believed about the client."""

    async def connections(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return  # `serve_until` starts and ends the application: its errors are told as ours.
        if scope["type"] == "websocket":
            # A proxy says https of a socket too, and Quart would look for a page at its address.
            scope["scheme"] = SOCKET_SCHEMES.get(scope["scheme"], scope["scheme"])
        await app(scope, receive, send)

    return ProxyFixMiddleware(connections, trusted_hops=hops) if hops else connections


async def ping_all(config: ServerConfig) -> None:
    """Ping every open socket every `PING_SECONDS`."""
    pings: set[asyncio.Task[None]] = set()
    while True:
        await asyncio.sleep(PING_SECONDS)
        for stream in list(config.streams):
            # In a task of its own: one who stopped reading must not delay the others' pings.
            ping = asyncio.create_task(stream.ping())
            pings.add(ping)
            ping.add_done_callback(pings.discard)


def cut_all(config: ServerConfig) -> None:
    """End the connections that a stop has waited for long enough."""
    for connection in list(config.connections):
        connection.cut("stopping")


async def shut_down(app: Quart) -> None:
    """Let the application close what it opened, within `GRACE_SECONDS`."""
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await app.shutdown()
    except TimeoutError:
        log.error("the application did not end in time")
