"""search."""

from littlechat.search.facade import Search
from littlechat.search.finder import Found, Place
from littlechat.search.schema import COLLECTIONS
from littlechat.search.terms import QUERY_MAX, Query, excerpt, known_as, parse, source

__all__ = [
    "COLLECTIONS",
    "Found",
    "Place",
    "QUERY_MAX",
    "Query",
    "Search",
    "excerpt",
    "known_as",
    "parse",
    "source",
]
