"""Follows the rooms and brings what is said into the search index, off the path of a post.

How far each room is indexed is stored, behind what the index holds: after a crash some messages are
indexed again, which does no harm, and none is left out. Two processes may do the same work; a lease
keeps them from it, but nothing relies on that.
"""

import asyncio
import contextlib
import heapq
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from littlechat.core import (
    Cursor,
    Message,
    Room,
    new_id,
)
from littlechat.messages import BULK, Messages, Stored
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Unavailable,
    now,
)
from littlechat.rooms import RoomStore
from littlechat.search.postings import SearchIndex
from littlechat.search.schema import SEARCH_ROOMS, SEARCH_STATE
from littlechat.search.segments import ROWS_MAX, Row
from littlechat.search.terms import terms

FLUSH_SECONDS = 0.5
"""How long a message may wait for others, to be indexed with them."""

FLUSH_REST = 5.0
"""How long the next flush waits, by how long the last one took: posting comes first."""

SWEEP_SECONDS = 30.0
"""How often rooms are looked through for what this process was not told of."""

RETRY_SECONDS = 2.0

DEEP_SWEEPS = 20
"""Every so many sweeps also look for changes, of which a list of rooms has no hint."""

DEEP_REST = 4.0
"""How much longer each room's reading is rested from then: it takes a fifth of the time at most."""

LOOKED_UP = 50
"""Rooms whose progress is read in one call."""

LEASE_SECONDS = 120.0
LEASE = "sweeper"

REST = 1.0
"""How long old messages wait after each reading, by how long it took: people come first."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a room is indexed, and when that room was made, since ids come back."""

    room_id: str
    made: datetime
    cursor: Cursor


class Indexer:
    """The follower of one process."""

    def __init__(
        self, db: Database, index: SearchIndex, messages: Messages, rooms: RoomStore
    ) -> None:
        self._db, self._index = db, index
        self._messages, self._rooms = messages, rooms
        self._name = new_id()
        self._dirty: set[str] = set()
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._worked_off: set[str] = set()
        self._sweeps = 0

    async def on_message(self, message: Message) -> None:
        """Index the message's room soon: something was said or changed there."""
        self._dirty.add(message.room_id)
        self._news.set()

    def open(self) -> None:
        """Begin to follow."""
        self._tasks = [
            asyncio.create_task(self._follow(), name="indexer"),
            asyncio.create_task(self._sweep_often(), name="indexer sweep"),
        ]

    async def close(self) -> None:
        """Stop following; the next start goes on from here."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What was just said

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            # What could not be indexed is tried again without waiting for news.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), RETRY_SECONDS if self._dirty else None)
            self._news.clear()
            await asyncio.sleep(FLUSH_SECONDS)
            started = loop.time()
            await _tried(self._flush())
            await asyncio.sleep(FLUSH_REST * (loop.time() - started))

    async def _flush(self) -> None:
        """Index what was said in the rooms that this process heard of."""
        rooms = self._dirty - self._worked_off
        self._dirty -= rooms
        try:
            await self.catch_up(rooms)
        except BaseException:
            self._dirty |= rooms
            raise

    async def catch_up(self, room_ids: Sequence[str] | set[str]) -> int:
        """Index what is new in these rooms; return how many messages that was."""
        return await self._read_out([one for id_ in room_ids if (one := await self._begin(id_))])

    async def _read_out(self, readings: "list[_Reading]") -> int:
        done = 0
        while readings:
            rows = [row for reading in readings for row in await reading.read()]
            await self._add(rows, readings)
            done += len(rows)
            readings = [reading for reading in readings if reading.goes_on]
            if len(rows) > BULK:
                await self._index.merge_some()
        if done:
            while await self._index.merge_some():
                pass
        return done

    async def _begin(self, room_id: str) -> "_Reading | None":
        room = await self._rooms.find(room_id)
        if room is None:
            return None
        stored = await self._db[SEARCH_ROOMS].find_one({"_id": room_id})
        if stored and stored["made"] == room.created:
            return self._resume(stored)
        if stored:
            await self._forget(room_id, room.created)
        return _Reading(self._db, self._messages, Progress(room_id, room.created, Cursor()), False)

    def _resume(self, stored: Document) -> "_Reading":
        cursor = Cursor(int(stored["seq"]), int(stored["change"]))
        progress = Progress(str(stored["_id"]), stored["made"], cursor)
        return _Reading(self._db, self._messages, progress, True)

    async def _add(self, rows: Sequence[Row], readings: "Sequence[_Reading]") -> None:
        if rows:
            await self._index.append(rows)
            await self._index.note_changes(row for row in rows if row.version)
        for reading in readings:
            await reading.store()

    # What nobody told this process of

    async def _sweep_often(self) -> None:
        while True:
            await _tried(self._sweep_alone())
            await asyncio.sleep(SWEEP_SECONDS)

    async def _sweep_alone(self) -> None:
        if await self._lease():
            await self.sweep(deep=self._sweeps % DEEP_SWEEPS == 0)
            self._sweeps += 1

    async def _lease(self) -> bool:
        """Return whether this process may sweep for a while."""
        until = now() + timedelta(seconds=LEASE_SECONDS)
        values = {"by": self._name, "until": until}
        held = await self._db[SEARCH_STATE].find_one({"_id": LEASE})
        if held is None:
            with contextlib.suppress(Duplicate):
                await self._db[SEARCH_STATE].insert({"_id": LEASE, **values})
                return True
            return False
        if held["by"] != self._name and held["until"] > now():
            return False
        return await self._db[SEARCH_STATE].update(
            {"_id": LEASE, "until": held["until"]}, {"$set": values}
        )

    async def sweep(self, deep: bool = True, rest: float = REST) -> int:
        """Index whatever is not, oldest first, and tidy up; return how many messages that was."""
        moment = now()
        rooms = await self._rooms.list_all()
        stored = {one["_id"]: one for one in await self._db[SEARCH_ROOMS].find({})}
        for gone in stored.keys() - {room.id for room in rooms}:
            await self._forget(gone, moment)
        behind = [room.id for room in rooms if _is_behind(room, stored.get(room.id))]
        self._worked_off = set(behind)
        try:
            done = await self._work_off(behind, rest)
        finally:
            self._worked_off.clear()
        if deep:
            done_with = set(behind)
            those = [room for room in rooms if room.id not in done_with]
            done += await self._look_through(those, rest * DEEP_REST)
            await self._index.scrub()
        await self._index.clear_away()
        return done

    async def _forget(self, room_id: str, until: datetime) -> None:
        await self._index.note_end(room_id, until)
        await self._db[SEARCH_ROOMS].delete({"_id": room_id})

    async def _work_off(self, room_ids: Sequence[str], rest: float) -> int:
        """Index rooms side by side, by time, so that each segment is about a time of its own."""
        loop = asyncio.get_running_loop()
        readings = [reading for one in room_ids if (reading := await self._begin(one))]
        heap = [(reading.reached, number) for number, reading in enumerate(readings)]
        heapq.heapify(heap)
        rows: list[Row] = []
        done = 0
        while heap:
            number = heapq.heappop(heap)[1]
            started = loop.time()
            rows += await readings[number].read()
            if readings[number].goes_on:
                heapq.heappush(heap, (readings[number].reached, number))
            if rows and (not heap or len(rows) > ROWS_MAX - 2 * BULK):
                await self._add(rows, readings)
                done, rows = done + len(rows), []
                await self._lease()
            await asyncio.sleep(rest * (loop.time() - started))
        return done

    async def _look_through(self, rooms: Sequence[Room], rest: float) -> int:
        """Index what changed, and what no hint tells of; mostly that is nothing."""
        loop = asyncio.get_running_loop()
        renewed, done = loop.time(), 0
        for start in range(0, len(rooms), LOOKED_UP):
            # Anew for each few: what is indexed meanwhile must not be indexed again.
            some = rooms[start : start + LOOKED_UP]
            ids = [room.id for room in some]
            found = await self._db[SEARCH_ROOMS].find({"_id": {"$in": ids}})
            stored = {one["_id"]: one for one in found}
            for room in some:
                began = loop.time()
                if not _is_behind(room, stored.get(room.id)):
                    done += await self._read_out([self._resume(stored[room.id])])
                await asyncio.sleep(rest * (loop.time() - began))
            if loop.time() > renewed + LEASE_SECONDS / 4:
                await self._lease()
                renewed = loop.time()
        return done


async def _tried(work: Coroutine[Any, Any, None]) -> None:
    """Do `work`; if it fails, the index is behind for a while, and nobody else is troubled."""
    try:
        await work
    except Unavailable as error:
        log.warning("not indexed for now", extra={"error": str(error)})
    except Exception:
        log.exception("indexing failed")


def _is_behind(room: Room, stored: Document | None) -> bool:
    if stored is None or stored["made"] != room.created:
        return True
    return bool(room.last_seq > stored["seq"])


class _Reading:
    """What is still to be indexed of one room, read a part at a time."""

    def __init__(self, db: Database, messages: Messages, progress: Progress, known: bool) -> None:
        self._db, self._messages = db, messages
        self._known = known
        self._stored = self._now = progress
        self.goes_on = True
        self.reached = 0
        """The moment up to which the room was read, to the millisecond."""

    async def read(self) -> list[Row]:
        """Return the next messages, and those that changed since they were indexed."""
        bulk = await self._messages.queries.read_after(self._now.room_id, self._now.cursor)
        self._now = replace(self._now, cursor=bulk.cursor)
        self.goes_on = bulk.goes_on
        rows = await _rows([*bulk.changed, *bulk.posted])
        self.reached = max([row.at for row in rows], default=self.reached)
        return rows

    async def store(self) -> None:
        """Store how far the room is indexed."""
        if self._now == self._stored and self._known:
            return
        cursor = self._now.cursor
        values = {"made": self._now.made, "seq": cursor.seq, "change": cursor.change}
        await self._db[SEARCH_ROOMS].update(
            {"_id": self._now.room_id}, {"$set": values}, upsert=True
        )
        self._stored, self._known = self._now, True


async def _rows(found: Sequence[Stored]) -> list[Row]:
    if len(found) < 50:
        return list(map(_row, found))
    # A thousand at once would hold up everybody for a moment.
    return await asyncio.to_thread(lambda: list(map(_row, found)))


def _row(stored: Stored) -> Row:
    message = stored.message()
    return Row(
        at=round(message.at.timestamp() * 1000),
        room=message.room_id,
        seq=message.seq,
        key=stored.key,
        version=message.version,
        terms=terms(message),
    )
