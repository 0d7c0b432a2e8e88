"""The numbered changes of each room: edits, removals and everything else that changes a message.

A change only points at a message; readers fetch the message as it is by then. To change one, it is
updated and marked as unnumbered, then the change gets its number, then the mark is removed. After a
crash in between, the next catch-up finds the mark and numbers the change. Were the number given
first, a reader could pass it and still get the old message.
"""

from littlechat.messages.documents import from_document
from littlechat.messages.heads import Heads
from littlechat.messages.mutations import Mutation
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Missing,
    Unavailable,
    now,
)

TRIES = 100
"""Each failed try means that another change was made, so the room makes progress anyway."""


class Changes:
    """The changes of all rooms."""

    def __init__(self, db: Database, heads: Heads) -> None:
        self._db, self._heads = db, heads

    async def make(
        self, room_id: str, seq: int, mutation: Mutation, *, of_removed: bool = False
    ) -> int:
        """Apply `mutation` to a message; return the change's number, 0 if it changed nothing.

        Raises `Missing` for an absent message and, unless `of_removed`, for a removed one, and what
        `mutation` raises.
        """
        marked = await self._mark(room_id, seq, mutation, of_removed)
        if marked is None:
            return 0
        self._heads.mark_inexact(room_id)
        return await self._number(marked)

    async def _mark(
        self, room_id: str, seq: int, mutation: Mutation, of_removed: bool
    ) -> Document | None:
        # Optimistic locking by version. The embedded database scans all messages for a
        # findAndModify, and for an update by more fields than an index has.
        for _ in range(TRIES):
            document = await self._db[MESSAGES].find_one({"room": room_id, "seq": seq})
            if document is None or (document.get("removed") and not of_removed):
                raise Missing
            values = mutation(from_document(document))
            if values is None:
                return None
            version = document["version"]
            values = {**values, "unnumbered": True, "version": version + 1}
            if await self._db[MESSAGES].update(
                {"_id": document["_id"], "version": version}, {"$set": values}
            ):
                return {**document, **values}
        raise Unavailable(f"the message kept changing, {TRIES} times")

    async def _number(self, document: Document) -> int:
        room_id = str(document["room"])
        n = (await self._heads.known(room_id)).change
        for _ in range(TRIES):
            try:
                await self._db[CHANGES].insert(
                    {"room": room_id, "n": n + 1, "seq": document["seq"], "at": now()}
                )
            except Duplicate:
                n = await self._heads.refresh_change(room_id)
                continue
            self._heads.note(room_id, change=n + 1)
            await self._db[MESSAGES].update(
                {"_id": document["_id"], "version": document["version"]},
                {"$unset": {"unnumbered": ""}},
            )
            return n + 1
        raise Unavailable(f"no free number after {TRIES} tries")

    async def list_unnumbered(self, room_id: str) -> list[Document]:
        """Return the messages whose change has no number yet: it is being made, or was aborted."""
        return await self._db[MESSAGES].find({"room": room_id, "unnumbered": True})

    async def number(self, unnumbered: list[Document]) -> int:
        """Number what `list_unnumbered` returned; return the last number given, 0 for none."""
        last = 0
        for document in unnumbered:
            last = await self._number(document)
        return last
