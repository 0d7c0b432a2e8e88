"""WebSocket frames are never compressed.

Upstream: Hypercorn 0.18, `protocol/ws_stream.py`, `Handshake.accept` offers permessage-deflate to
every browser and has no switch. wsproto inflates a message without a cap, before Hypercorn checks
its size.
Cost: 64 KiB from the line become 64 MiB of memory. Measured: 132 KiB a socket with compression and
39 without, and half as many frames sent a second.
Instead: the handshake is answered as for a browser that asks for no extension.
Guard: tests/server/test_no_compression.py::
test_compression_is_not_agreed_to_even_when_offered
Until: Hypercorn has a switch for the extension.
"""

from typing import Any


def offer_no_compression(*_: Any) -> None:
    """Answer None, which stands for no extension at all."""
