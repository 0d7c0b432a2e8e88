"""A room's second series: the numbered changes to its posts, edits, removals and all the others.

A change only points at a post, whose present state is what readers get. It is marked in the post
first, numbered second, unmarked third: a crash in between leaves the mark, by which the next
catch-up numbers it. Numbering first would let a reader pass the number while the post is still as
it was.
"""

from littlechat.messages.documents import Decide, from_document
from littlechat.messages.heads import Heads
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
"""Each failed try means that another got ahead, so a room's progress is never lost."""


class Changes:
    """The series of every room."""

    def __init__(self, db: Database, heads: Heads) -> None:
        self._db, self._heads = db, heads

    async def make(self, room_id: str, seq: int, decide: Decide) -> int:
        """Change a post as `decide` says; return the change's number, 0 if it stays as it is.

        Raises `Missing` for an absent or a removed post.
        """
        marked = await self._mark(room_id, seq, decide)
        if marked is None:
            return 0
        self._heads.doubt(room_id)
        return await self._number(marked)

    async def _mark(self, room_id: str, seq: int, decide: Decide) -> Document | None:
        # Read, judged here, and written under the version read. The embedded database scans all
        # messages for a findAndModify, and for a filter that asks for more than an index holds.
        for _ in range(TRIES):
            document = await self._db[MESSAGES].find_one({"room": room_id, "seq": seq})
            if document is None or document.get("removed"):
                raise Missing
            values = decide(from_document(document))
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
            self._heads.see(room_id, change=n + 1)
            await self._db[MESSAGES].update(
                {"_id": document["_id"], "version": document["version"]},
                {"$unset": {"unnumbered": ""}},
            )
            return n + 1
        raise Unavailable(f"no number to be had after {TRIES} tries")

    async def list_forgotten(self, room_id: str) -> list[Document]:
        """Return the posts whose change has no number yet: its maker is at it, or crashed."""
        return await self._db[MESSAGES].find({"room": room_id, "unnumbered": True})

    async def number_forgotten(self, forgotten: list[Document]) -> int:
        """Number what `list_forgotten` found; return the last number given, 0 if none was."""
        last = 0
        for document in forgotten:
            last = await self._number(document)
        return last
