"""A WebSocket message that is too long ends its connection.

Upstream: Hypercorn 0.18, `protocol/ws_stream.py`, `WSStream._handle_events` answers such a message
with close code 1009, then reads and keeps what follows of it.
Cost: one endless frame fills the memory.
Instead: the stream is closed as soon as its buffer is over the limit.
Guard: tests/server/test_oversized_messages.py::test_endless_frame_is_cut_and_not_kept
Until: Hypercorn closes the connection after 1009.
"""

from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.ws_stream import WSStream


class BoundedMessagesStream(WSStream):
    """A WebSocket that is closed by a message over `websocket_max_message_size`."""

    async def _handle_events(self) -> None:
        await super()._handle_events()
        if self.buffer.length > self.buffer.max_length:
            await self.send(StreamClosed(stream_id=self.stream_id))
