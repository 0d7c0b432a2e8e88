"""Finding messages: the index, the follower that keeps it, and the query.

Owns `search_state`, `search_rooms`, `search_segments`, `search_parts`, all derived from messages.
Hears of posts and changes. The index only proposes: what is shown is read from the messages again.
"""

from littlechat.search.facade import Search
from littlechat.search.finder import Found, Place
from littlechat.search.schema import COLLECTIONS
from littlechat.search.terms import QUERY_MAX, Query, excerpt, known_as, parse, source

__all__ = [
    "COLLECTIONS",
    "QUERY_MAX",
    "Found",
    "Place",
    "Query",
    "Search",
    "excerpt",
    "known_as",
    "parse",
    "source",
]
