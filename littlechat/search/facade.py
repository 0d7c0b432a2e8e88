"""The one object by which other packages reach the search."""

from littlechat.messages import Messages
from littlechat.platform import Database
from littlechat.rooms import RoomStore
from littlechat.search.finder import Finder
from littlechat.search.indexer import Indexer
from littlechat.search.postings import SearchIndex


class Search:
    """The search index, what keeps it, and what asks it."""

    def __init__(self, db: Database, messages: Messages, rooms: RoomStore) -> None:
        self.index = SearchIndex(db)
        self.indexer = Indexer(db, self.index, messages, rooms)
        self.finder = Finder(self.index, messages)
