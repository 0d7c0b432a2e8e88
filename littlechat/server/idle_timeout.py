"""One timer watches a connection for its whole life, for silence and for idleness.

Upstream: Hypercorn 0.18, `asyncio/tcp_server.py`: `TCPServer._read_data` reads under `wait_for`,
and `idle_task` makes and cancels a task around every request.
Cost: measured, 85 us of the processor for every request, of 380 to 450 in all. Besides,
`read_timeout` counts from the last byte that the peer sent, so that who takes a long answer is cut.
Instead: `IdleTimeout`, which looks at the clock once in a while; a part of an answer counts as
activity, too.
Guard: tests/server/test_idle_timeout.py::
test_an_idle_connection_ends_in_time_and_one_in_use_does_not
Until: Hypercorn times connections without a task for every request.
"""

import asyncio
from contextvars import Context
from typing import Any, Protocol, cast

from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.events import Closed, RawData
from hypercorn.protocol.events import Body
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import H11Protocol

SILENT_SECONDS = 50.0
"""Every browser answers pings, so a connection that is silent for this long is half open."""

IDLE_SECONDS = 30.0
"""How long a connection may take to send a whole request's head, the first or the next."""


class Limits(Protocol):
    """What a server grants its connections, in seconds."""

    read_timeout: int | None
    keep_alive_timeout: float
    stopping: bool


class TimedConnection(Protocol):
    """A connection that can be ended in order."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop it runs in."""

    @property
    def config(self) -> Limits:
        """Return what its server grants."""

    def hang_up(self) -> None:
        """End it in order."""


class IdleTimeout:
    """Ends a connection whose peer is silent, or idle.

    Stands in the place of Hypercorn's `idle_task`, whose `restart` and `stop` it has.
    """

    def __init__(self, connection: TimedConnection) -> None:
        self._connection, self._loop = connection, connection.loop
        self.reading = False
        """Whether the server waits for its peer, and not the peer for the server."""
        self._active_at = self._loop.time()
        self._idle_since: float | None = None
        self._wait()

    async def restart(self, *_: Any) -> None:
        """Take the connection for idle from now on; a server that stops waits for no such."""
        self._idle_since = self._loop.time()
        if self._connection.config.stopping:
            self._connection.hang_up()

    async def stop(self) -> None:
        """Take the connection for busy."""
        self._idle_since = None

    def note_activity(self) -> None:
        """Note that the peer has sent something, or taken a part of a long answer."""
        self._active_at = self._loop.time()

    def end(self) -> None:
        """Stop the timer."""
        self._timer.cancel()

    @property
    def is_idle(self) -> bool:
        """Whether the peer has got all it asked for and asks for nothing."""
        return self._idle_since is not None

    def _wait(self) -> None:
        now, config = self._loop.time(), self._connection.config
        dues = [self._active_at + float(config.read_timeout or 0)] if self.reading else []
        if self._idle_since is not None:
            dues.append(self._idle_since + config.keep_alive_timeout)
        if dues and min(dues) <= now:
            self._connection.hang_up()
            return
        # At least as often as anything may fall due that begins meanwhile.
        least = min(float(config.read_timeout or 0), config.keep_alive_timeout)
        due = min([*dues, now + least])
        # In an empty context: a timer would keep the request that set it.
        self._timer = self._loop.call_at(due, self._wait, context=Context())


class IdleTimeoutConnection(TCPServer):
    """A connection with one timer, which ends it when its peer is silent or idle."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.idle_timeout = IdleTimeout(cast(TimedConnection, self))
        self.idle_task = self.idle_timeout  # type: ignore[assignment]
        self._hung_up = False

    async def run(self) -> None:
        """Serve the connection to its end."""
        try:
            await super().run()
        finally:
            self.idle_timeout.end()

    async def _read_data(self) -> None:
        timeout = self.idle_timeout
        while not self.reader.at_eof():
            timeout.reading = True
            timeout.note_activity()
            try:
                data = await self.reader.read(MAX_RECV)
            except OSError:
                break
            if self._hung_up:
                break
            # From here on the peer waits for us.
            timeout.reading = False
            await self.protocol.handle(RawData(data))
        await self.protocol.handle(Closed())
        # A peer that has left is not waited for as if its next request might still come.
        await timeout.stop()

    def hang_up(self) -> None:
        """End the connection in order, as if its peer had left."""
        self._hung_up = True
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]
        self.reader.feed_eof()


class IdleTimeoutProtocol(H11Protocol):
    """HTTP/1.1 which notes that a peer who takes a long answer is not silent."""

    async def stream_send(self, event: StreamEvent) -> None:
        """Send a part of an answer."""
        if isinstance(event, Body):
            # `send` is the connection's own method.
            connection = cast(IdleTimeoutConnection, self.send.__self__)  # type: ignore[attr-defined]
            connection.idle_timeout.note_activity()
        await super().stream_send(event)
