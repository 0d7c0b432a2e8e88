"""What administrators and keepers of rooms did to others: written once, never changed, read back.

Each line is numbered by its insertion, as posts are, so that none can go missing unseen.
"""

from dataclasses import dataclass
from datetime import datetime

from littlechat.accounts.schema import AUDIT, SETTINGS
from littlechat.core import User
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    now,
)

LINES = 50
"""Lines on a page."""

AHEAD = 64
"""How far the known end may lag behind: by acts under way in other processes, or a crash."""

DETAIL_MAX = 300
END = "audit"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to whom. `act` is a few words in the past tense."""

    number: int
    at: datetime
    actor: str
    act: str
    subject: str
    detail: str


class AuditLog:
    """The store of the log."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def note(self, actor: User | str, act: str, subject: str, detail: str = "") -> None:
        """Append a line; `actor` is the name of a program where nobody acted."""
        document: Document = {
            "at": now(),
            "actor": actor.name if isinstance(actor, User) else actor,
            "actor_id": actor.id if isinstance(actor, User) else "",
            "act": act,
            "subject": subject,
            "detail": detail[:DETAIL_MAX],
        }
        number = await self._end() + 1
        while not await self._stands(number, document):
            number += 1
        last = {"$max": {"last": number}}
        if not await self._db[SETTINGS].update({"_id": END}, last):
            try:
                await self._db[SETTINGS].insert({"_id": END, "last": number})
            except Duplicate:
                await self._db[SETTINGS].update({"_id": END}, last)

    async def _stands(self, number: int, document: Document) -> bool:
        try:
            await self._db[AUDIT].insert({"_id": number, **document})
        except Duplicate:
            return False
        return True

    async def page(self, before: int | None = None) -> tuple[list[AuditEntry], int | None]:
        """Return a page of lines, the newest first, and before which number the next one ends."""
        top = min(before, 2**53) if before is not None else await self._end() + AHEAD
        bottom = max(1, top - LINES - (AHEAD if before is None else 0))
        documents = await self._db[AUDIT].find({"_id": {"$gte": bottom, "$lt": top}})
        lines = sorted(map(_line, documents), key=lambda one: one.number, reverse=True)[:LINES]
        return lines, lines[-1].number if lines and lines[-1].number > 1 else None

    async def _end(self) -> int:
        document = await self._db[SETTINGS].find_one({"_id": END})
        return int(document["last"]) if document else 0


def _line(document: Document) -> AuditEntry:
    return AuditEntry(
        number=int(document["_id"]),
        at=document["at"],
        actor=str(document["actor"]),
        act=str(document["act"]),
        subject=str(document["subject"]),
        detail=str(document["detail"]),
    )
