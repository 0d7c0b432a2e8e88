"""The heads of each room: the last numbers of its two series, messages and changes.

A process remembers the highest numbers it has seen. They may be behind the store, never ahead of
it: the next message would then leave a hole in the numbers.
"""

import time
from collections.abc import Awaitable, Callable

from littlechat.core import Cursor, Position
from littlechat.messages.documents import position_of
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.platform import Collection, Database, Document

LEAP_NUMBERS = 128
"""Numbers that are read in one query to find the last one of a series."""

DELETE_SLICE_NUMBERS = 1_000
"""Numbers that are deleted in one write, which has to end within the database's time limit."""

EXACT_SECONDS = 20.0
"""For how long a process that is alone relies on its own count, in case another one writes after
all. Rooms with open pages are compared with the store every 15 s besides."""


FindHint = Callable[[str], Awaitable[Position]]
"""Returns, for a room's id, a position not after its last message's; 0 is always right."""


async def _no_hint(room_id: str) -> Position:
    return Position()


class Heads:
    """The highest numbers seen in each room, as cursors."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[str, Cursor] = {}
        self._unlisted: dict[str, int] = {}
        self._exact_until: dict[str, float] = {}
        self.find_hint: FindHint = _no_hint

    async def known(self, room_id: str) -> Cursor:
        """Return the remembered head of a room, which starts at the hint."""
        if room_id not in self._seen:
            self.note_message(room_id, await self.find_hint(room_id))
        return self._seen[room_id]

    async def known_position(self, room_id: str) -> Position:
        """Return what is known of where a room's posts end."""
        seen = await self.known(room_id)
        return Position(seen.seq, self._unlisted.get(room_id, 0))

    async def refresh_seq(self, room_id: str) -> int:
        """Return the last message's number, from the database."""
        known = (await self.known(room_id)).seq
        last = await _highest(self._db[MESSAGES], room_id, "seq", known)
        if last:
            self.note_message(room_id, position_of(last))
        return self._seen[room_id].seq

    async def refresh_change(self, room_id: str) -> int:
        """Return the last change's number, from the database."""
        known = (await self.known(room_id)).change
        last = await _highest(self._db[CHANGES], room_id, "n", known)
        return self.note(room_id, change=int(last["n"]) if last else 0).change

    def note(self, room_id: str, *, seq: int = 0, change: int = 0) -> Cursor:
        """Remember numbers that are stored; return the remembered head."""
        seen = self._seen.get(room_id, Cursor())
        self._seen[room_id] = Cursor(max(seen.seq, seq), max(seen.change, change))
        return self._seen[room_id]

    def note_message(self, room_id: str, end: Position) -> None:
        """Note a post that the store holds, or a place that its posts have passed."""
        known = Position(self.note(room_id).seq, self._unlisted.get(room_id, 0))
        self.note(room_id, seq=end.seq)
        # Of two processes of which one does not count yet, what is known must not shrink.
        if unlisted := known.furthest(end).unlisted:
            self._unlisted[room_id] = unlisted

    def find_exact(self, room_id: str) -> Cursor | None:
        """Return the remembered head if it is exact, provided that no other process writes."""
        if self._exact_until.get(room_id, 0.0) <= time.monotonic():
            return None
        return self._seen.get(room_id)

    def mark_exact(self, room_id: str) -> None:
        """Consider the remembered head exact, for `EXACT_SECONDS`, since it was just read."""
        self._exact_until[room_id] = time.monotonic() + EXACT_SECONDS

    def mark_inexact(self, room_id: str) -> None:
        """Consider the remembered head possibly behind."""
        self._exact_until.pop(room_id, None)

    def forget(self, room_id: str) -> None:
        """Forget what is remembered of a room."""
        self.mark_inexact(room_id)
        self._seen.pop(room_id, None)
        self._unlisted.pop(room_id, None)


async def _highest(
    collection: Collection, room_id: str, series: str, known: int
) -> Document | None:
    """Return the last document of a room's series, given a `known` number that is not above it.

    None for an empty series.
    """
    # Usually it is within the first range. If not, search for it by single numbers, doubling the
    # steps and then halving them: of an open range the embedded database would read everything,
    # and after a restart that is the whole series.
    found = await collection.find(
        {"room": room_id, series: {"$gte": known, "$lte": known + LEAP_NUMBERS}},
        sort=[(series, -1)],
        limit=1,
    )
    if not found or int(found[0][series]) < known + LEAP_NUMBERS:
        return found[0] if found else None
    leap = LEAP_NUMBERS
    while await collection.find_one({"room": room_id, series: known + leap}):
        known, leap = known + leap, leap * 2
    while (leap := leap // 2) >= LEAP_NUMBERS:
        if await collection.find_one({"room": room_id, series: known + leap}):
            known += leap
    found = await collection.find(
        {"room": room_id, series: {"$gte": known}}, sort=[(series, -1)], limit=1
    )
    return found[0] if found else None


async def delete_series(collection: Collection, room_id: str, series: str, last: int) -> None:
    """Delete a room's whole series in slices; it completes an earlier deletion that failed.

    `last` is its last number, or a lower one if the deletion had begun.
    """
    # From the end, so that what is left after a failure still starts at 1 and its end can be found
    # again. Without a 1 the series is gone: no query for "any number" is needed, for which the
    # embedded database would read everything.
    begins = await collection.find_one({"room": room_id, series: 1})
    top = last // DELETE_SLICE_NUMBERS * DELETE_SLICE_NUMBERS if begins else -1
    for low in range(top, -1, -DELETE_SLICE_NUMBERS):
        await _delete_slice(collection, room_id, series, low)
    # Messages stored during the deletion may have any number. There are few, so read them all.
    while found := await collection.find_one({"room": room_id}):
        low = int(found[series]) // DELETE_SLICE_NUMBERS * DELETE_SLICE_NUMBERS
        await _delete_slice(collection, room_id, series, low)


async def _delete_slice(collection: Collection, room_id: str, series: str, low: int) -> None:
    part = {"$gte": low, "$lt": low + DELETE_SLICE_NUMBERS}
    await collection.delete({"room": room_id, series: part})
