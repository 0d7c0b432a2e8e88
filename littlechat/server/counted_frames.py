"""Every frame that a peer sends on a WebSocket is counted, also those that nobody is told of.

Upstream: Hypercorn 0.18, `protocol/ws_stream.py`, `WSStream._handle_events` goes through all frames
of what was read, up to 64 KiB, without a turn of the loop for others, and answers each ping.
Cost: pings, pongs and empty pieces of messages reach no handler, so no handler's limit. At 260
KiB/s of them, others waited for up to 12 s.
Instead: each event counts against `FRAMES_PER_SECOND`; who sends more is closed with 1008. The loop
has a turn after every `FRAMES_AT_ONCE`.
Guard: tests/server/test_counted_frames.py::test_who_sends_frames_without_end_is_closed
Until: Hypercorn counts control frames and yields between frames.
"""

import asyncio
from typing import Any

from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.ws_stream import FrameTooLargeError, WSStream
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Event, Message, Ping
from wsproto.frame_protocol import CloseReason

FRAMES_PER_SECOND = 100.0
FRAMES_BURST = 400
"""A page sends less than one a second. A frame that a slow line cuts into pieces counts for each of
them, and so does the answer to a ping."""

FRAMES_AT_ONCE = 32


class CountedFramesStream(WSStream):
    """A WebSocket whose frames are counted."""

    _tokens, _counted_at = float(FRAMES_BURST), 0.0

    async def _handle_events(self) -> None:
        for number, event in enumerate(self.connection.events(), 1):
            if self.closed:
                return
            if not self._spend():
                await self._close_for_flood()
                return
            if not await self._handle_event(event):
                return
            if number % FRAMES_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _spend(self) -> bool:
        """Count a frame; return whether its sender may stay."""
        now = asyncio.get_running_loop().time()
        refill = (now - self._counted_at) * FRAMES_PER_SECOND
        self._tokens = min(float(FRAMES_BURST), self._tokens + refill) - 1
        self._counted_at = now
        return self._tokens >= 0

    async def _handle_event(self, event: Event) -> bool:
        """Do what upstream does with one event; return whether others may follow."""
        if isinstance(event, Message):
            return await self._take(event)
        if isinstance(event, Ping):
            await self._send_wsproto_event(event.response())
        elif isinstance(event, CloseConnection):
            if self.connection.state is ConnectionState.REMOTE_CLOSING:
                await self._send_wsproto_event(event.response())
            await self.send(StreamClosed(stream_id=self.stream_id))
        return True

    async def _take(self, event: Message[Any]) -> bool:
        try:
            self.buffer.extend(event)
        except FrameTooLargeError:
            await self._send_wsproto_event(CloseConnection(code=CloseReason.MESSAGE_TOO_BIG))
            return False
        if event.message_finished and self.app_put is not None:
            await self.app_put(self.buffer.to_message())
            self.buffer.clear()
        return True

    async def _close_for_flood(self) -> None:
        await self._send_wsproto_event(
            CloseConnection(code=CloseReason.POLICY_VIOLATION, reason="flood")
        )
        await self.send(StreamClosed(stream_id=self.stream_id))
