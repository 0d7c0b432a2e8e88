"""Parses the few frames that a browser may send up a socket, counts them, and packs our own.

Pure functions, which never raise.
"""

import json
import struct
from dataclasses import dataclass
from typing import Literal, cast

FRAME_BYTES_MAX = 4_096
"""A frame is hx-ws's JSON: a type, and some 500 bytes of request headers."""

FRAMES_PER_SECOND = 10.0
FRAMES_BURST = 40
"""Our own page sends a typing frame every 2 s and a beat every 20 s; each tab has its own
socket."""

BAD_FRAMES_MAX = 5
"""How many refused frames a socket may send before it is closed with 1008."""

FINAL_TEXT = 0x81
"""The first byte of a text message in one frame."""

FrameType = Literal["typing", "beat", "away", "back", "shown", "hidden"]
"""`away` and `back` are beats with the field `idle`: whether the page has not been used for a
while. `shown` and `hidden` are beats with the field `visible`: whether the page can be seen."""


def parse(data: str | bytes) -> FrameType | None:
    """Return the type of a well-formed frame, None for everything else."""
    if isinstance(data, bytes) or len(data) > FRAME_BYTES_MAX:
        return None
    try:
        frame = json.loads(data)
    except (ValueError, RecursionError):
        return None
    kind = frame.get("type") if isinstance(frame, dict) else None
    if kind == "beat" and "idle" in frame:
        # hx-ws sends a form's fields, which are text: the page's true arrives as "true".
        idle = frame["idle"]
        return "away" if idle in (True, "true") else "back" if idle in (False, "false") else None
    if kind == "beat" and "visible" in frame:
        seen = frame["visible"]
        return "shown" if seen in (True, "true") else "hidden" if seen in (False, "false") else None
    return cast(FrameType, kind) if kind in ("typing", "beat") else None


def pack(payload: bytes) -> bytes:
    """Return a text frame as a server sends it (RFC 6455, section 5.2).

    It is neither masked nor compressed, and so the same bytes serve every socket.
    """
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", FINAL_TEXT, size)
    elif size < 65_536:
        head = struct.pack("!BBH", FINAL_TEXT, 126, size)
    else:
        head = struct.pack("!BBQ", FINAL_TEXT, 127, size)
    return head + payload


@dataclass(slots=True)
class Allowance:
    """How much one socket may still send: a token bucket for all frames, a count of bad ones."""

    at: float
    tokens: float = FRAMES_BURST
    bad: int = 0

    def spend(self, now: float, *, good: bool) -> bool:
        """Count one frame that came at `now` seconds; return whether the socket may stay."""
        refill = (now - self.at) * FRAMES_PER_SECOND
        self.tokens = min(float(FRAMES_BURST), self.tokens + refill) - 1
        self.at = now
        self.bad += not good
        return self.tokens >= 0 and self.bad <= BAD_FRAMES_MAX
