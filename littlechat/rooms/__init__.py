"""rooms."""

from littlechat.rooms.access import Access
from littlechat.rooms.direct_messages import Directs
from littlechat.rooms.room_list import Listed
from littlechat.rooms.store import Rooms
from littlechat.rooms.switcher import QUERY_MAX, SHOWN_MAX, Place, begin, rank, spaced, words
from littlechat.rooms.unread import Reading

__all__ = [
    "Access",
    "Directs",
    "Listed",
    "Place",
    "QUERY_MAX",
    "Reading",
    "Rooms",
    "SHOWN_MAX",
    "begin",
    "rank",
    "spaced",
    "words",
]
