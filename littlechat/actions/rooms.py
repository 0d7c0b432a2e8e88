"""Creating, renaming and deleting rooms, and opening and hiding direct conversations."""

from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from littlechat.actions.deleted_rooms import DeletedRooms
from littlechat.core import (
    LOBBY,
    Refused,
    Room,
    User,
    validate_visibility,
)
from littlechat.messages import Messages
from littlechat.platform import BackgroundTasks
from littlechat.realtime import Realtime
from littlechat.rooms import Rooms

Result = TypeVar("Result")


class RoomActions:
    """What is done to rooms. Callers have checked who acts and that they may."""

    def __init__(
        self,
        rooms: Rooms,
        messages: Messages,
        deleted_rooms: DeletedRooms,
        realtime: Realtime,
        tasks: BackgroundTasks,
    ) -> None:
        self._rooms, self._messages, self._tasks = rooms, messages, tasks
        self._deleted_rooms, self._direct_messages = deleted_rooms, rooms.direct_messages
        self._announcements = realtime.announcements

    async def create(self, creator: User, name: str, description: str, visibility: str) -> Room:
        """Create a room; raise `Invalid`, or `Duplicate` for a name that is taken."""
        kind = validate_visibility(visibility)
        return await self._tasks.run_to_completion(
            self._announced(self._rooms.store.create(creator, name, description, kind))
        )

    async def describe(self, room: Room, name: str, description: str, by: User) -> None:
        """Set name and description; raise `Invalid`, `Refused`, or `Duplicate` for a taken name."""
        if room.id == LOBBY:
            raise Refused("The Lobby keeps its name.")
        if room.is_direct:
            raise Refused("A direct conversation is called by its people.")
        await self._tasks.run_to_completion(
            self._announced(self._rooms.store.describe(room, name, description, by))
        )

    async def delete(self, room: Room, confirmation: str) -> None:
        """Delete a room and its messages; raise `Refused` unless `confirmation` is its name."""
        if room.id == LOBBY:
            raise Refused("The Lobby cannot be deleted.")
        if room.is_direct:
            raise Refused("A direct conversation cannot be deleted. Hide it instead.")
        if " ".join(confirmation.split()) != room.name:
            raise Refused(f"Type the room’s name, {room.name}, to delete it.")
        await self._tasks.run_to_completion(self._delete(room.id))

    async def _delete(self, room_id: str) -> None:
        await self._deleted_rooms.delete(room_id)
        self._announcements.revoke(room=room_id, reason="deleted")
        self._announcements.announce_rooms()

    async def open_direct(self, opener: User, others: Iterable[User]) -> str:
        """Return the id of the direct conversation of these people, created if there is none.

        It is in the others' lists from the first message on.
        """
        return await self._tasks.run_to_completion(self._open_direct(opener, others))

    async def _open_direct(self, opener: User, others: Iterable[User]) -> str:
        room_id = await self._direct_messages.open(opener, others)
        self._announcements.announce_rooms([opener.id])
        return room_id

    async def hide_direct(self, room_id: str, user: User) -> None:
        """Hide a direct conversation from one's lists until the next message; raise `Missing`."""
        await self._tasks.run_to_completion(self._hide_direct(room_id, user))

    async def _hide_direct(self, room_id: str, user: User) -> None:
        head = await self._messages.head(room_id)
        await self._direct_messages.hide(room_id, user, head.seq)
        self._announcements.announce_rooms([user.id])

    async def show_direct(self, room_id: str, user: User) -> None:
        """Put a direct conversation back on one's lists; raise `Missing`."""
        await self._tasks.run_to_completion(self._show_direct(room_id, user))

    async def _show_direct(self, room_id: str, user: User) -> None:
        await self._direct_messages.show(room_id, user)
        self._announcements.announce_rooms([user.id])

    async def _announced(self, work: Coroutine[Any, Any, Result]) -> Result:
        result = await work
        self._announcements.announce_rooms()
        return result
