"""realtime."""

from littlechat.realtime import frames
from littlechat.realtime.dispatcher import ROOMS, Live, user_topic
from littlechat.realtime.feed import room_topic
from littlechat.realtime.feeds import Feeds
from littlechat.realtime.frames import FRAME_BYTES_MAX
from littlechat.realtime.hub import ERROR, POLICY, RESTART, Hub, Send, Socket, WriteNow
from littlechat.realtime.presence import Online
from littlechat.realtime.unread_signals import News

__all__ = [
    "ERROR",
    "FRAME_BYTES_MAX",
    "Feeds",
    "Hub",
    "Live",
    "News",
    "Online",
    "POLICY",
    "RESTART",
    "ROOMS",
    "Send",
    "Socket",
    "WriteNow",
    "frames",
    "room_topic",
    "user_topic",
]
