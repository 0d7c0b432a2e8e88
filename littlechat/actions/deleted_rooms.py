"""Deletes rooms, and what belonged to them: in part at once, the rest in the background.

Deleting a room leaves a tombstone, by which any process can finish the cleanup. A process may die
in the middle, and a request that began before the deletion may store something after it: so a
tombstone counts as cleared only after such requests have ended. Queued webhook deliveries and rows
of the search index are removed by sweeps of their own.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from littlechat.files import Files
from littlechat.messages import Messages
from littlechat.platform import BackgroundTasks, now
from littlechat.rooms import Rooms, Tombstone

SETTLED = timedelta(hours=1)
"""After this long, no request runs that began before the room was deleted, not even the slowest
upload: a cleanup finds all that such requests stored."""

Clear = Callable[[str], Coroutine[Any, Any, None]]
"""Deletes what one package stores of a room, by the room's id; may be called repeatedly."""

OnCleared = Callable[[str, datetime], Coroutine[Any, Any, None]]
"""Is called last in the cleanup of a deleted room, with its id and the time."""


class DeletedRooms:
    """Clears what belonged to deleted rooms. Two processes may clear the same room without harm."""

    def __init__(
        self, rooms: Rooms, messages: Messages, files: Files, tasks: BackgroundTasks
    ) -> None:
        self._rooms, self._messages, self._files, self._tasks = rooms, messages, files, tasks
        self._at_once: list[Clear] = []
        self._on_cleared: list[OnCleared] = []

    def subscribe(self, clear: Clear) -> None:
        """Call `clear` before the deletion of a room is published."""
        self._at_once.append(clear)

    def subscribe_to_cleared(self, on_cleared: OnCleared) -> None:
        """Call `on_cleared` before a deleted room counts as cleared."""
        self._on_cleared.append(on_cleared)

    async def delete(self, room_id: str) -> None:
        """Delete a room, so that nobody can reach it, and clear the rest in the background."""
        await self._rooms.delete(room_id)
        await self._clear_at_once(room_id)
        # Long rooms take time. What is interrupted, or is stored late, is found by `sweep`.
        self._tasks.spawn(self._messages.delete_room(room_id))
        self._tasks.spawn(self._files.delete_room(room_id, now()))

    async def _clear_at_once(self, room_id: str) -> None:
        for clear in self._at_once:
            await clear(room_id)

    async def sweep(self, at: datetime) -> int:
        """Clear what is left of deleted rooms at `at`; return how many are cleared for good."""
        done = 0
        # Beginning with the one tried longest ago: one that fails must not keep the others back.
        for tombstone in await self._rooms.store.list_tombstones():
            if await self._rooms.store.lease_tombstone(tombstone, at):
                done += await self._clear(tombstone, at)
        return done

    async def _clear(self, tombstone: Tombstone, at: datetime) -> bool:
        room_id = tombstone.room_id
        await self._rooms.clear(room_id)
        await self._clear_at_once(room_id)
        await self._messages.delete_room(room_id)
        await self._files.delete_room(room_id, at)
        if tombstone.deleted > at - SETTLED:
            return False
        for on_cleared in self._on_cleared:
            await on_cleared(room_id, at)
        await self._rooms.store.mark_cleared(room_id)
        return True
