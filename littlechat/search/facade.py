"""The one object through which other packages use the search."""

from littlechat.messages import Messages
from littlechat.platform import Database, Turns
from littlechat.rooms import RoomStore
from littlechat.search.finder import Finder
from littlechat.search.index import SearchIndex
from littlechat.search.indexer import Indexer

AT_ONCE = 4
"""People who search at the same time, each for one thing."""


class Search:
    """The search index, what maintains it, and what queries it."""

    def __init__(self, db: Database, messages: Messages, rooms: RoomStore) -> None:
        self.index = SearchIndex(db)
        self.indexer = Indexer(db, self.index, messages, rooms)
        self.finder = Finder(self.index, messages)
        self.turns = Turns(AT_ONCE)
