"""Rooms, who belongs to them, direct conversations, bans, and what each person has read.

Owns `rooms`, `memberships`, `invitations`, `bans`. It alone answers whether somebody may see a room
(`access`). Publishes nothing.
"""

from littlechat.rooms.access import Access
from littlechat.rooms.facade import Rooms
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.room_list import RoomListEntry
from littlechat.rooms.schema import COLLECTIONS
from littlechat.rooms.store import RoomStore, Tombstone
from littlechat.rooms.switcher import QUERY_MAX, SHOWN_MAX, Place, rank
from littlechat.rooms.unread import Unread

__all__ = [
    "COLLECTIONS",
    "QUERY_MAX",
    "SHOWN_MAX",
    "Access",
    "Memberships",
    "Place",
    "RoomListEntry",
    "RoomStore",
    "Rooms",
    "Tombstone",
    "Unread",
    "rank",
]
