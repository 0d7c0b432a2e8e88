"""Where each room's two series end, posts and changes: what this process has seen of it.

What is known may be behind the store, never ahead: a number that nobody gave would become a hole.
"""

import time
from collections.abc import Awaitable, Callable

from littlechat.core import Cursor
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.platform import Collection, Database

LEAP = 128
"""Numbers that are read at once to find the end of a series."""

DELETE_SLICE = 1_000
"""What is deleted in one write, so that none of a long room's takes longer than is allowed."""

EXACT_SECONDS = 20.0
"""How long a process that is alone trusts its own count, should it not be alone after all: rooms
with open pages are compared with the store every 15 s."""


FindHint = Callable[[str], Awaitable[int]]
"""Tells of a room, by its id, a number that its last post has or has passed; 0 is always true."""


async def _no_hint(room_id: str) -> int:
    return 0


class Heads:
    """The highest numbers seen in each room."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[str, Cursor] = {}
        self._exact_until: dict[str, float] = {}
        self.find_hint: FindHint = _no_hint

    async def known(self, room_id: str) -> Cursor:
        """Return what is known of a room's ends, at first the hint that lists go by."""
        if room_id not in self._seen:
            self.see(room_id, seq=await self.find_hint(room_id))
        return self._seen[room_id]

    async def refresh_seq(self, room_id: str) -> int:
        """Return the last post's number, from the store."""
        known = (await self.known(room_id)).seq
        return self.see(room_id, seq=await _highest(self._db[MESSAGES], room_id, "seq", known)).seq

    async def refresh_change(self, room_id: str) -> int:
        """Return the last change's number, from the store."""
        known = (await self.known(room_id)).change
        n = await _highest(self._db[CHANGES], room_id, "n", known)
        return self.see(room_id, change=n).change

    def see(self, room_id: str, *, seq: int = 0, change: int = 0) -> Cursor:
        """Note numbers that the store holds; return what is known now."""
        seen = self._seen.get(room_id, Cursor())
        self._seen[room_id] = Cursor(max(seen.seq, seq), max(seen.change, change))
        return self._seen[room_id]

    def find_exact(self, room_id: str) -> Cursor | None:
        """Return the room's ends if they are known for sure, to a process that writes alone."""
        if self._exact_until.get(room_id, 0.0) <= time.monotonic():
            return None
        return self._seen.get(room_id)

    def trust(self, room_id: str) -> None:
        """Count what is known as the ends, just read, for the next moment."""
        self._exact_until[room_id] = time.monotonic() + EXACT_SECONDS

    def doubt(self, room_id: str) -> None:
        """Count what is known as perhaps behind."""
        self._exact_until.pop(room_id, None)

    def forget(self, room_id: str) -> None:
        """Begin anew with the store."""
        self.doubt(room_id)
        self._seen.pop(room_id, None)


async def _highest(collection: Collection, room_id: str, series: str, known: int) -> int:
    """Return the highest number of a room's series, from one that is not above it."""
    # Mostly it is near. If not, leaps to near the end first: the embedded database reads all of an
    # open range, which after a restart is the whole series.
    found = await collection.find(
        {"room": room_id, series: {"$gte": known, "$lte": known + LEAP}},
        sort=[(series, -1)],
        limit=1,
    )
    top = int(found[0][series]) if found else known
    if top < known + LEAP:
        return top
    leap = LEAP
    while await collection.find_one({"room": room_id, series: known + leap}):
        known, leap = known + leap, leap * 2
    while (leap := leap // 2) >= LEAP:
        if await collection.find_one({"room": room_id, series: known + leap}):
            known += leap
    found = await collection.find(
        {"room": room_id, series: {"$gte": known}}, sort=[(series, -1)], limit=1
    )
    return int(found[0][series]) if found else known


async def delete_series(collection: Collection, room_id: str, series: str, last: int) -> None:
    """Delete a room's whole series, a slice at a time; what is left of one broken off goes, too."""
    # From its end: what is left on the way still begins at 1, so that its end is found again, and
    # without a 1 the series is gone. To look for any number, the embedded database reads them all.
    begins = await collection.find_one({"room": room_id, series: 1})
    top = last // DELETE_SLICE * DELETE_SLICE if begins else -1
    for low in range(top, -1, -DELETE_SLICE):
        await _delete_slice(collection, room_id, series, low)
    # What came late may have any number. These are few: looking for them reads them all.
    while found := await collection.find_one({"room": room_id}):
        low = int(found[series]) // DELETE_SLICE * DELETE_SLICE
        await _delete_slice(collection, room_id, series, low)


async def _delete_slice(collection: Collection, room_id: str, series: str, low: int) -> None:
    part = {"$gte": low, "$lt": low + DELETE_SLICE}
    await collection.delete({"room": room_id, series: part})
