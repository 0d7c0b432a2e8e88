"""A connection is cut when its peer takes too little of what was written for it.

Upstream: Hypercorn 0.18, `asyncio/tcp_server.py`, `TCPServer.protocol_send` and `_close` wait for
the peer without a limit.
Cost: who stops reading holds its handler, its connection and what was written for it, for ever.
Instead: a timer runs beside each write that has to wait, and beside the end of a connection. It
costs nothing that can be measured, since almost every peer takes everything at once.
Guard: tests/server/test_write_timeout.py::
test_peer_that_stops_reading_is_cut_off_and_the_others_are_served
Until: Hypercorn has a write timeout that a slow but steady reader does not hit.
"""

import asyncio
import logging
from contextvars import Context

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, RawData

WRITE_SECONDS = 15.0
TAKEN_BYTES = 64 * 1024
"""A peer that takes neither all that waits for it nor this much within this time is cut off, and
what waits is freed: a slow line gets a long frame, and yet nobody holds one for ever."""

log = logging.getLogger(__name__)


class WriteTimeoutConnection(TCPServer):
    """A connection that is cut when its peer does not take what it is sent."""

    async def protocol_send(self, event: Event) -> None:
        """Write as upstream does, but wait only as long as the peer takes some of it."""
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        timeout = WriteTimeout(self, len(event.data), "peer stopped reading")
        try:
            await super().protocol_send(event)
        finally:
            timeout.end()

    async def _close(self) -> None:
        # Closing, too, first waits until the peer has taken the rest; and it may be cancelled.
        timeout = WriteTimeout(self, 0, "peer did not take the rest")
        try:
            await super()._close()
        finally:
            if not self.unsent_bytes():
                timeout.end()

    def unsent_bytes(self) -> int:
        """Return how many bytes wait for the peer."""
        return self.writer.transport.get_write_buffer_size()

    def cut(self, reason: str) -> None:
        """Drop the connection, if it is still open, and what waits for the peer."""
        transport = self.writer.transport
        if not transport.is_closing() or self.unsent_bytes():
            log.warning("connection cut", extra={"reason": reason})
            transport.abort()


class WriteTimeout:
    """The timer of one write: it cuts the connection when the peer takes too little in time."""

    __slots__ = ("_connection", "_reason", "_timer", "_unsent")

    def __init__(self, connection: WriteTimeoutConnection, more: int, reason: str) -> None:
        self._connection, self._reason = connection, reason
        self._timer = self._begin(connection.unsent_bytes() + more)

    def _begin(self, unsent: int) -> asyncio.TimerHandle:
        self._unsent = unsent
        # In an empty context: a timer, even a cancelled one, would keep the request that set it.
        return self._connection.loop.call_later(WRITE_SECONDS, self._check, context=Context())

    def _check(self) -> None:
        unsent = self._connection.unsent_bytes()
        if self._unsent - unsent >= TAKEN_BYTES:
            self._timer = self._begin(unsent)
        else:
            self._connection.cut(self._reason)

    def end(self) -> None:
        """Stop the timer."""
        self._timer.cancel()
