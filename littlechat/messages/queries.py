"""Reading messages across rooms: for the inbox by addressee, for search by key and in batches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from littlechat.core import Cursor, Message
from littlechat.messages.documents import from_document
from littlechat.messages.quotes import Quotes
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.platform import (
    Database,
    Document,
    packed_id,
    unpacked_id,
)

BULK_NUMBERS = 1_000
"""Numbers of messages, and of changes, that `read_after` reads in one call."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A stored message, converted only on demand, because the conversion takes time."""

    document: Document

    @property
    def key(self) -> bytes:
        """The 12 bytes of its id, for `list_by_key`."""
        return packed_id(self.document)

    @property
    def length(self) -> int:
        """The number of characters of its text, and some for the rest."""
        return len(self.document["body"]) + 50

    def message(self) -> Message:
        """Convert it to a `Message`."""
        return from_document(self.document)


@dataclass(frozen=True, slots=True)
class MessageBatch:
    """New and changed messages of a room after a cursor, and the cursor that they lead to."""

    changed: Sequence[StoredMessage]
    posted: Sequence[StoredMessage]
    cursor: Cursor
    has_more: bool
    """Whether there may be more after `cursor`."""


class Queries:
    """Queries without access checks: callers filter by the rooms that the person may read."""

    def __init__(self, db: Database) -> None:
        self._db, self._quotes = db, Quotes(db)

    async def list_addressed(
        self, addressees: Iterable[str], since: datetime, until: datetime
    ) -> list[Message]:
        """Return the messages with since <= at < until that are addressed to one of `addressees`.

        These are entries of `Message.addressed_to`. The messages come in no order.
        """
        documents = await self._db[MESSAGES].find(
            {
                "concerns": {"$in": list(addressees)},
                "concerned_at": {"$gte": since, "$lt": until},
            }
        )
        return await self._quotes.fill(list(map(from_document, documents)))

    async def list_by_key(self, keys: Iterable[bytes]) -> list[Message]:
        """Return the messages with these keys, in no order; unknown keys are skipped."""
        documents = await self._db[MESSAGES].find({"_id": {"$in": list(map(unpacked_id, keys))}})
        return list(map(from_document, documents))

    async def read_after(self, room_id: str, cursor: Cursor) -> MessageBatch:
        """Return the next `BULK_NUMBERS` messages and changes of a room after a cursor."""
        # Changes are read first, so that the messages are at least as new as the changes say.
        changes = await self._db[CHANGES].find({"room": room_id, "n": _next(cursor.change)})
        posts = await self._db[MESSAGES].find({"room": room_id, "seq": _next(cursor.seq)})
        seqs = sorted({int(one["seq"]) for one in changes if one["seq"] <= cursor.seq})
        where = {"room": room_id, "seq": {"$in": seqs}}
        changed = await self._db[MESSAGES].find(where) if seqs else []
        reached = Cursor(
            max([int(one["seq"]) for one in posts], default=cursor.seq),
            max([int(one["n"]) for one in changes], default=cursor.change),
        )
        has_more = max(len(posts), len(changes)) == BULK_NUMBERS
        return MessageBatch(
            list(map(StoredMessage, changed)), list(map(StoredMessage, posts)), reached, has_more
        )


def _next(number: int) -> Document:
    return {"$gt": number, "$lte": number + BULK_NUMBERS}
