"""realtime."""

from littlechat.realtime import frames
from littlechat.realtime.dispatcher import ROOMS, user_topic
from littlechat.realtime.facade import Realtime
from littlechat.realtime.feed import room_topic
from littlechat.realtime.frames import FRAME_BYTES_MAX
from littlechat.realtime.hub import ERROR, POLICY, RESTART, Hub, Send, Socket, WriteNow

__all__ = [
    "ERROR",
    "FRAME_BYTES_MAX",
    "Hub",
    "POLICY",
    "RESTART",
    "ROOMS",
    "Realtime",
    "Send",
    "Socket",
    "WriteNow",
    "frames",
    "room_topic",
    "user_topic",
]
