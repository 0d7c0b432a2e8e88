"""Finding messages: the index, the indexer that maintains it, and queries.

Owns `search_state`, `search_rooms`, `search_segments`, `search_parts`, all derived from messages.
Receives every posted and changed message. The index only proposes candidates: what is shown is read
from the messages again.
"""

from littlechat.search.facade import Search
from littlechat.search.matching import excerpt, excerpt_source
from littlechat.search.query import QUERY_MAX, Query, parse
from littlechat.search.results import Found, Place
from littlechat.search.schema import COLLECTIONS
from littlechat.search.words import ids_named

__all__ = [
    "COLLECTIONS",
    "QUERY_MAX",
    "Found",
    "Place",
    "Query",
    "Search",
    "excerpt",
    "excerpt_source",
    "ids_named",
    "parse",
]
