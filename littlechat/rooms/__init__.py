"""rooms."""

from littlechat.rooms.access import Access
from littlechat.rooms.facade import Rooms
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.room_list import RoomListEntry
from littlechat.rooms.schema import COLLECTIONS
from littlechat.rooms.store import RoomStore, Tombstone
from littlechat.rooms.switcher import QUERY_MAX, SHOWN_MAX, Place, begin, rank, spaced, words
from littlechat.rooms.unread import Unread

__all__ = [
    "Access",
    "COLLECTIONS",
    "Memberships",
    "Place",
    "QUERY_MAX",
    "RoomListEntry",
    "RoomStore",
    "Rooms",
    "SHOWN_MAX",
    "Tombstone",
    "Unread",
    "begin",
    "rank",
    "spaced",
    "words",
]
