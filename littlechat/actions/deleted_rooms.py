"""What is left of deleted rooms: cleared at once as far as it can be, the rest by whoever runs.

Deleting a room leaves a tombstone, and what was said there is cleared in the background. A process
may die on the way, and a send that began before may come in after: so a tombstone counts as cleared
only once nothing can come any more. What waits for webhooks and what the search index still holds
goes with their own sweeps.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from littlechat.files import Files
from littlechat.messages import Messages
from littlechat.platform import BackgroundTasks, now
from littlechat.rooms import Rooms, Tombstone

SETTLED = timedelta(hours=1)
"""After this long no request lives that began before the room was deleted, the slowest upload's
neither: what such requests stored is there to be found."""

Clear = Callable[[str], Coroutine[Any, Any, None]]
"""Forgets one package's part of a deleted room, by its id; more than once does no harm."""

OnCleared = Callable[[str, datetime], Coroutine[Any, Any, None]]
"""Does the last that is to be done for a deleted room, by its id, at a moment."""


class DeletedRooms:
    """Clears what belonged to deleted rooms. Two processes may do the same work without harm."""

    def __init__(
        self, rooms: Rooms, messages: Messages, files: Files, tasks: BackgroundTasks
    ) -> None:
        self._rooms, self._messages, self._files, self._tasks = rooms, messages, files, tasks
        self._at_once: list[Clear] = []
        self._last: list[OnCleared] = []

    def subscribe(self, clear: Clear) -> None:
        """Let `clear` forget its part before anybody is told that the room is gone."""
        self._at_once.append(clear)

    def subscribe_to_the_end(self, on_cleared: OnCleared) -> None:
        """Let `on_cleared` know before a deleted room counts as cleared."""
        self._last.append(on_cleared)

    async def delete(self, room_id: str) -> None:
        """Delete a room so that nobody can reach it, and clear the rest in the background."""
        await self._rooms.delete(room_id)
        await self._clear_at_once(room_id)
        # Clearing a long room away takes its time. What is broken off, or comes in late, `sweep`
        # finds.
        self._tasks.spawn(self._messages.delete_room(room_id))
        self._tasks.spawn(self._files.delete_room(room_id, now()))

    async def _clear_at_once(self, room_id: str) -> None:
        for clear in self._at_once:
            await clear(room_id)

    async def sweep(self, at: datetime) -> int:
        """Clear what is left; return of how many rooms that was the last time."""
        done = 0
        # The longest not looked after first: one that fails must not keep the others back.
        for tombstone in await self._rooms.store.list_tombstones():
            if await self._rooms.store.take_tombstone(tombstone, at):
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
        for on_cleared in self._last:
            await on_cleared(room_id, at)
        await self._rooms.store.note_cleared(room_id)
        return True
