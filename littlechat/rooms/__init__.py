"""Rooms, memberships, direct conversations, invitations, bans, and read positions.

Owns `rooms`, `memberships`, `invitations` and `bans`. Publishes nothing. Whether somebody may see a
room is decided here only (`access`), and must be asked by every handler that shows or changes one.
"""

from littlechat.rooms.access import Access
from littlechat.rooms.facade import Rooms
from littlechat.rooms.invitations import INVITATION_DAYS, INVITATION_DAYS_MAX
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.read_positions import ReadPositions
from littlechat.rooms.room_list import RoomListEntry
from littlechat.rooms.schema import COLLECTIONS
from littlechat.rooms.store import RoomStore, Tombstone
from littlechat.rooms.switcher import QUERY_MAX, SHOWN_MAX, Place, rank

__all__ = [
    "COLLECTIONS",
    "INVITATION_DAYS",
    "INVITATION_DAYS_MAX",
    "QUERY_MAX",
    "SHOWN_MAX",
    "Access",
    "Memberships",
    "Place",
    "ReadPositions",
    "RoomListEntry",
    "RoomStore",
    "Rooms",
    "Tombstone",
    "rank",
]
