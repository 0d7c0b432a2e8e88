"""A frame for many sockets is written past the layers to every peer that keeps up.

Upstream: Hypercorn 0.18, `protocol/ws_stream.py`, `WSStream.app_send` packs each frame again for
each socket, and hands it through the protocol and the connection's lock.
Cost: measured, with 100 sockets in a room, 61 us of the processor for every delivery, the post
itself included, where it is 39.
Instead: `write_now` writes a ready frame to the transport, unless something there must wait; then
its caller takes the way through the layers.
Guard: tests/server/test_direct_frames.py::
test_frames_arrive_whole_and_in_order_whichever_way_they_go,
tests/server/test_direct_frames.py::test_nothing_is_written_after_a_close_frame
Until: Hypercorn takes a ready frame for many sockets.
"""

import asyncio
from functools import cached_property
from typing import cast

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream
from wsproto.connection import ConnectionState

UNSENT_BYTES = 64 * 1024
"""What may wait in a connection before its writers have to: asyncio's own high-water mark."""


class DirectFramesStream(WSStream):
    """A WebSocket that takes ready frames."""

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
        unsent = transport.get_write_buffer_size() + len(frame)
        if transport.is_closing() or unsent > UNSENT_BYTES:
            return False
        transport.write(frame)
        return True

    @cached_property
    def _transport(self) -> asyncio.WriteTransport:
        # From the stream to its protocol to its connection, each of which hands down its `send`.
        protocol = cast(H11Protocol, self.send.__self__)  # type: ignore[attr-defined]
        connection = cast(TCPServer, protocol.send.__self__)  # type: ignore[attr-defined]
        return connection.writer.transport
