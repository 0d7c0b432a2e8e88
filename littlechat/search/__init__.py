"""search."""

from littlechat.search.finder import Found, Place, Search
from littlechat.search.indexer import Indexer
from littlechat.search.postings import Postings
from littlechat.search.terms import QUERY_MAX, Query, excerpt, known_as, parse, source

__all__ = [
    "Found",
    "Indexer",
    "Place",
    "Postings",
    "QUERY_MAX",
    "Query",
    "Search",
    "excerpt",
    "known_as",
    "parse",
    "source",
]
