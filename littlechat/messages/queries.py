"""Reading messages other than by pages of a room: by whom they concern, by key, and in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from littlechat.core import Cursor, Message
from littlechat.messages.documents import from_document
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.platform import (
    Database,
    Document,
    packed_id,
    unpacked_id,
)

BULK = 1_000
"""Numbers that are read in one call."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as the database holds it: made a value only when asked, which costs time."""

    document: Document

    @property
    def key(self) -> bytes:
        """The 12 bytes by which the message is found again."""
        return packed_id(self.document)

    def message(self) -> Message:
        """Return the message."""
        return from_document(self.document)


@dataclass(frozen=True, slots=True)
class Bulk:
    """What came in a room after a cursor: new messages and changed ones, and how far that is."""

    changed: Sequence[Stored]
    posted: Sequence[Stored]
    cursor: Cursor
    goes_on: bool
    """Whether there may be more."""


class Queries:
    """Reads for the inbox and for search, of rooms that the caller has found to be visible."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list_addressed(
        self, concerns: Iterable[str], since: datetime, until: datetime
    ) -> list[Message]:
        """Return the messages that concern one of `concerns`, posted since and before moments."""
        documents = await self._db[MESSAGES].find(
            {
                "concerns": {"$in": list(concerns)},
                "concerned_at": {"$gte": since, "$lt": until},
            }
        )
        return list(map(from_document, documents))

    async def list_by_key(self, keys: Iterable[bytes]) -> list[Message]:
        """Return the messages of these keys, as they are now, in no order."""
        documents = await self._db[MESSAGES].find({"_id": {"$in": list(map(unpacked_id, keys))}})
        return list(map(from_document, documents))

    async def read_after(self, room_id: str, cursor: Cursor) -> Bulk:
        """Return the next messages of a room, and those that changed, after a cursor."""
        # Changes before the posts: what is read of a post is then at least as new as they.
        changes = await self._db[CHANGES].find({"room": room_id, "n": _next(cursor.change)})
        posts = await self._db[MESSAGES].find({"room": room_id, "seq": _next(cursor.seq)})
        seqs = sorted({int(one["seq"]) for one in changes if one["seq"] <= cursor.seq})
        where = {"room": room_id, "seq": {"$in": seqs}}
        changed = await self._db[MESSAGES].find(where) if seqs else []
        reached = Cursor(
            max([int(one["seq"]) for one in posts], default=cursor.seq),
            max([int(one["n"]) for one in changes], default=cursor.change),
        )
        goes_on = max(len(posts), len(changes)) == BULK
        return Bulk(list(map(Stored, changed)), list(map(Stored, posts)), reached, goes_on)


def _next(number: int) -> Document:
    return {"$gt": number, "$lte": number + BULK}
