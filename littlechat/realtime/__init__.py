"""The sockets of this process: room feeds, catch-up, presence, unread signals, and the bus events.

Owns no collections. Receives every event on the bus and hands it on (`dispatcher`); publishes what
`actions` decide (`announcements`). The store is the truth: what is lost here is read from it again.
"""

from littlechat.realtime import frames
from littlechat.realtime.dispatcher import ROOMS, user_topic
from littlechat.realtime.facade import Realtime
from littlechat.realtime.feed import room_topic
from littlechat.realtime.frames import FRAME_BYTES_MAX
from littlechat.realtime.hub import ERROR, POLICY, RESTART, Hub, Send, Socket, WriteNow

__all__ = [
    "ERROR",
    "FRAME_BYTES_MAX",
    "POLICY",
    "RESTART",
    "ROOMS",
    "Hub",
    "Realtime",
    "Send",
    "Socket",
    "WriteNow",
    "frames",
    "room_topic",
    "user_topic",
]
