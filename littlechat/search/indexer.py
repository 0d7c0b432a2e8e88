"""Indexes new and changed messages for the search, in the background, so that no post waits for it.

How far a room is indexed is stored after the rows themselves: a crash in between makes some
messages be indexed again, which does no harm, and none is left out. A lease keeps two processes
from sweeping at once, which would only be wasted work: nothing else relies on it.
"""

import asyncio
import contextlib
import heapq
import logging
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any

from littlechat.core import (
    Cursor,
    Message,
    Room,
    new_id,
)
from littlechat.messages import BULK_NUMBERS, Messages
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Unavailable,
    now,
)
from littlechat.rooms import RoomStore
from littlechat.search.index import TERMS_AT_ONCE, SearchIndex
from littlechat.search.room_reader import Progress, RoomReader
from littlechat.search.schema import SEARCH_ROOMS, SEARCH_STATE
from littlechat.search.segments import ROWS_MAX, Row

FLUSH_SECONDS = 0.5
"""How long a message waits for others, to be indexed with them."""

FLUSH_REST = 5.0
"""How long the next flush waits, as a multiple of what the last one took: posting comes first."""

SWEEP_SECONDS = 30.0
"""How often all rooms are compared with the index, for messages whose event was lost."""

RETRY_SECONDS = 2.0
"""When what could not be indexed is tried again."""

DEEP_SWEEPS = 20
"""Every so many sweeps, changed messages are looked for as well: no list of rooms shows those."""

DEEP_REST = 4.0
"""How many times longer such a sweep pauses: it takes a fifth of the time at most."""

LOOKED_UP = 50
"""How many rooms' progress is read in one call."""

LEASE_SECONDS = 120.0
LEASE = "sweeper"
"""The document by which one process at a time sweeps."""

REST = 1.0
"""How long a sweep pauses after each reading, as a multiple of what that took."""

log = logging.getLogger(__name__)


class Indexer:
    """Keeps the index up to date from one process."""

    def __init__(
        self, db: Database, index: SearchIndex, messages: Messages, rooms: RoomStore
    ) -> None:
        self._db, self._index = db, index
        self._messages, self._rooms = messages, rooms
        self._name = new_id()
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._sweeping: set[str] = set()
        self._sweeps = 0

    async def on_message(self, message: Message) -> None:
        """Index the message's room soon: it was posted or changed there."""
        self._dirty.add(message.room_id)
        self._wake.set()

    def open(self) -> None:
        """Start the background tasks."""
        self._tasks = [
            asyncio.create_task(self._flush_often(), name="indexer"),
            asyncio.create_task(self._sweep_often(), name="indexer sweep"),
        ]

    async def close(self) -> None:
        """Stop the background tasks; the next start goes on from what is stored."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # New messages

    async def _flush_often(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            # What could not be indexed is tried again without waiting for another message.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), RETRY_SECONDS if self._dirty else None)
            self._wake.clear()
            await asyncio.sleep(FLUSH_SECONDS)
            started = loop.time()
            await _logged(self._flush())
            await asyncio.sleep(FLUSH_REST * (loop.time() - started))

    async def _flush(self) -> None:
        """Index the rooms in which a message was posted or changed."""
        rooms = self._dirty - self._sweeping
        self._dirty -= rooms
        try:
            await self.catch_up(rooms)
        except BaseException:
            self._dirty |= rooms
            raise

    async def catch_up(self, room_ids: Sequence[str] | set[str]) -> int:
        """Index what is new in these rooms; return how many messages that was."""
        return await self._index_all([one for id_ in room_ids if (one := await self._begin(id_))])

    async def _index_all(self, readers: list[RoomReader]) -> int:
        done = 0
        while readers:
            rows = [row for reader in readers for row in await reader.read()]
            await self._add(rows, readers)
            done += len(rows)
            readers = [reader for reader in readers if reader.has_more]
            if len(rows) > BULK_NUMBERS:
                await self._index.merge_some()
        if done:
            while await self._index.merge_some():
                pass
        return done

    async def _begin(self, room_id: str) -> RoomReader | None:
        room = await self._rooms.find(room_id)
        if room is None:
            return None
        stored = await self._db[SEARCH_ROOMS].find_one({"_id": room_id})
        if stored and stored["made"] == room.created:
            return self._resume(stored)
        if stored:
            await self._forget(room_id, room.created)
        return RoomReader(
            self._db, self._messages, Progress(room_id, room.created, Cursor()), False
        )

    def _resume(self, stored: Document) -> RoomReader:
        cursor = Cursor(int(stored["seq"]), int(stored["change"]))
        progress = Progress(str(stored["_id"]), stored["made"], cursor)
        return RoomReader(self._db, self._messages, progress, True)

    async def _add(self, rows: Sequence[Row], readers: Sequence[RoomReader]) -> None:
        if rows:
            await self._index.append(rows)
            await self._index.note_changes(row for row in rows if row.version)
        for reader in readers:
            await reader.store()

    # Messages whose event was lost

    async def _sweep_often(self) -> None:
        while True:
            await _logged(self._sweep_alone())
            await asyncio.sleep(SWEEP_SECONDS)

    async def _sweep_alone(self) -> None:
        if await self._lease():
            await self.sweep(deep=self._sweeps % DEEP_SWEEPS == 0)
            self._sweeps += 1

    async def _lease(self) -> bool:
        """Take or renew the lease; return whether this process has it."""
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
        """Index whatever is not, oldest first; return how many messages that was.

        With `deep`, changed messages as well, and rows that are to be removed are. `rest` is the
        pause after each reading, as a multiple of what it took.
        """
        moment = now()
        rooms = await self._rooms.list_all()
        stored = {one["_id"]: one for one in await self._db[SEARCH_ROOMS].find({})}
        for gone in stored.keys() - {room.id for room in rooms}:
            await self._forget(gone, moment)
        behind = [room.id for room in rooms if _is_behind(room, stored.get(room.id))]
        self._sweeping = set(behind)
        try:
            done = await self._index_by_time(behind, rest)
        finally:
            self._sweeping.clear()
        if deep:
            indexed = set(behind)
            others = [room for room in rooms if room.id not in indexed]
            done += await self._index_changes(others, rest * DEEP_REST)
            await self._index.scrub()
        await self._index.delete_retired()
        return done

    async def _forget(self, room_id: str, until: datetime) -> None:
        await self._index.note_deleted_room(room_id, until)
        await self._db[SEARCH_ROOMS].delete({"_id": room_id})

    async def _index_by_time(self, room_ids: Sequence[str], rest: float) -> int:
        """Index rooms side by side in the order of time: segments then overlap little in time."""
        loop = asyncio.get_running_loop()
        readers = [reader for one in room_ids if (reader := await self._begin(one))]
        heap = [(reader.reached, number) for number, reader in enumerate(readers)]
        heapq.heapify(heap)
        rows: list[Row] = []
        done = 0
        while heap:
            number = heapq.heappop(heap)[1]
            started = loop.time()
            rows += await readers[number].read()
            if readers[number].has_more:
                heapq.heappush(heap, (readers[number].reached, number))
            if rows and (not heap or _is_enough(rows)):
                await self._add(rows, readers)
                done, rows = done + len(rows), []
                await self._lease()
            await asyncio.sleep(rest * (loop.time() - started))
        return done

    async def _index_changes(self, rooms: Sequence[Room], rest: float) -> int:
        """Index what changed in these rooms, or is new though their `last_seq` does not show it."""
        loop = asyncio.get_running_loop()
        renewed, done = loop.time(), 0
        for start in range(0, len(rooms), LOOKED_UP):
            # Read again for every few rooms: what is indexed meanwhile must not be indexed again.
            some = rooms[start : start + LOOKED_UP]
            ids = [room.id for room in some]
            found = await self._db[SEARCH_ROOMS].find({"_id": {"$in": ids}})
            stored = {one["_id"]: one for one in found}
            for room in some:
                began = loop.time()
                if not _is_behind(room, stored.get(room.id)):
                    done += await self._index_all([self._resume(stored[room.id])])
                await asyncio.sleep(rest * (loop.time() - began))
            if loop.time() > renewed + LEASE_SECONDS / 4:
                await self._lease()
                renewed = loop.time()
        return done


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` and log its failure: the index is then behind until the next try."""
    try:
        await work
    except Unavailable as error:
        log.warning("not indexed for now", extra={"error": str(error)})
    except Exception:
        log.exception("indexing failed")


def _is_enough(rows: Sequence[Row]) -> bool:
    """Whether rows fill a segment, by their number or by what they take of memory."""
    most = ROWS_MAX - 2 * BULK_NUMBERS
    return len(rows) > most or sum(len(row.terms) for row in rows) > TERMS_AT_ONCE


def _is_behind(room: Room, stored: Document | None) -> bool:
    if stored is None or stored["made"] != room.created:
        return True
    return bool(room.last_seq > stored["seq"])
