"""The audit log: what administrators and room managers did. Entries are never changed or deleted.

Each entry is numbered by inserting it, as messages are, so that a missing one would be noticed.
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

PAGE_LINES = 50
"""Entries on a page."""

AHEAD = 64
"""By how many entries the stored head may lag behind, because of other processes or a crash."""

DETAIL_MAX = 300
HEAD_ID = "audit"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry: who did what to whom. `act` is a few words in the past tense."""

    number: int
    at: datetime
    actor: str
    act: str
    subject: str
    detail: str


class AuditLog:
    """The store of the audit log."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def note(self, actor: User | str, act: str, subject: str, detail: str = "") -> None:
        """Append an entry; `actor` is the name of a program if no user acted."""
        document: Document = {
            "at": now(),
            "actor": actor.name if isinstance(actor, User) else actor,
            "actor_id": actor.id if isinstance(actor, User) else "",
            "act": act,
            "subject": subject,
            "detail": detail[:DETAIL_MAX],
        }
        number = await self._head() + 1
        while not await self._insert(number, document):
            number += 1
        last = {"$max": {"last": number}}
        if not await self._db[SETTINGS].update({"_id": HEAD_ID}, last):
            try:
                await self._db[SETTINGS].insert({"_id": HEAD_ID, "last": number})
            except Duplicate:
                await self._db[SETTINGS].update({"_id": HEAD_ID}, last)

    async def _insert(self, number: int, document: Document) -> bool:
        try:
            await self._db[AUDIT].insert({"_id": number, **document})
        except Duplicate:
            return False
        return True

    async def page(self, before: int | None = None) -> tuple[list[AuditEntry], int | None]:
        """Return a page of entries, the newest first, and `before` of the next page or None."""
        top = min(before, 2**53) if before is not None else await self._head() + AHEAD
        bottom = max(1, top - PAGE_LINES - (AHEAD if before is None else 0))
        documents = await self._db[AUDIT].find({"_id": {"$gte": bottom, "$lt": top}})
        lines = sorted(map(_line, documents), key=lambda one: one.number, reverse=True)[:PAGE_LINES]
        return lines, lines[-1].number if lines and lines[-1].number > 1 else None

    async def _head(self) -> int:
        document = await self._db[SETTINGS].find_one({"_id": HEAD_ID})
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
