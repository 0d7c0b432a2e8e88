"""Joining and leaving rooms, and removing members."""

from collections.abc import Coroutine
from typing import Any

from littlechat.core import Refused, Room, User
from littlechat.platform import BackgroundTasks
from littlechat.realtime import Realtime
from littlechat.rooms import Rooms


class MemberActions:
    """What changes who is in a room. Callers have checked who acts and in which room."""

    def __init__(self, rooms: Rooms, realtime: Realtime, tasks: BackgroundTasks) -> None:
        self._members, self._tasks = rooms.members, tasks
        self._announcements = realtime.announcements

    async def join(self, room_id: str, user: User) -> None:
        """Join a public room; raise `Missing`, or `Refused` for somebody banned."""
        await self._tasks.run_to_completion(self._join(self._members.join(room_id, user), user))

    async def accept(self, token: str, user: User) -> Room:
        """Join a room by invitation; raise `Missing`, or `Refused` for somebody banned."""
        joining = self._join(self._members.accept(token, user), user)
        return await self._tasks.run_to_completion(joining)

    async def _join(self, work: Coroutine[Any, Any, Room], user: User) -> Room:
        try:
            room = await work
        except Refused:
            # Banned while joining: other processes may have cached the membership meanwhile.
            self._announcements.refresh(user.id)
            raise
        self._announcements.announce_rooms()
        return room

    async def leave(self, room_id: str, user: User) -> None:
        """Leave a room; raise `Missing` or `Refused`."""
        await self._tasks.run_to_completion(self._leave(room_id, user))

    async def _leave(self, room_id: str, user: User) -> None:
        await self._members.leave(room_id, user)
        self._announcements.revoke(user=user.id, room=room_id, reason="left")
        self._announcements.announce_rooms()

    async def remove(self, room_id: str, name: str) -> None:
        """Remove another member from a room; raise `Missing` or `Refused`."""
        await self._tasks.run_to_completion(self._remove(room_id, name))

    async def _remove(self, room_id: str, name: str) -> None:
        member = await self._members.remove(room_id, name)
        self._announcements.revoke(user=member.user_id, room=room_id, reason="taken out")
        self._announcements.announce_rooms()
