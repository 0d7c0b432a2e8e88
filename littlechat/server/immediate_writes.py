"""Data is written at once to a peer that has taken everything so far.

Upstream: Hypercorn 0.18, `asyncio/tcp_server.py`, `TCPServer.protocol_send` takes a lock and drains
the connection for each write; our write timeout would start a timer besides.
Cost: measured, from nothing to 35 us of the processor for every request, of 400 to 600 in all, by
how busy the machine is; see `whole_answers` for both.
Instead: what is sent while nothing waits is written without either; if the peer does not take all
of it, waiting goes its usual way.
Guard: tests/server/test_immediate_writes.py::test_write_that_is_taken_at_once_waits_for_nothing
Until: Hypercorn writes without a lock where nothing waits.
"""

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, RawData


class ImmediateWritesConnection(TCPServer):
    """A connection that writes without waiting as long as its peer takes everything."""

    async def protocol_send(self, event: Event) -> None:
        """Write at once, or as upstream does."""
        transport = self.writer.transport
        is_free = not (self.send_lock.locked() or transport.is_closing())
        if isinstance(event, RawData) and is_free and not transport.get_write_buffer_size():
            transport.write(event.data)
            if not transport.get_write_buffer_size() and not transport.is_closing():
                return
            # There is something to wait for, or to find out about a connection that broke.
            event = RawData(b"")
        await super().protocol_send(event)
