"""Joining and leaving rooms, and removing members."""

from collections.abc import Coroutine
from typing import Any

from littlechat.actions.credentials import Credentials
from littlechat.core import EndedRight, Refused, Room, User
from littlechat.platform import BackgroundTasks, Missing
from littlechat.realtime import Realtime
from littlechat.rooms import Rooms


class MemberActions:
    """What changes who is in a room. Callers have checked who acts and in which room."""

    def __init__(
        self, rooms: Rooms, credentials: Credentials, realtime: Realtime, tasks: BackgroundTasks
    ) -> None:
        self._members, self._credentials, self._tasks = rooms.members, credentials, tasks
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
        except (Refused, Missing):
            # Banned while joining, or the invitation ended: other processes may have cached the
            # membership meanwhile.
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
        await self._credentials.end(EndedRight("left", user.id, user.name, room_id), user)
        self._announcements.announce_rooms()

    async def remove(self, room_id: str, name: str, by: User) -> None:
        """Remove another member from a room; raise `Missing` or `Refused`."""
        await self._tasks.run_to_completion(self._remove(room_id, name, by))

    async def _remove(self, room_id: str, name: str, by: User) -> None:
        member = await self._members.remove(room_id, name)
        self._announcements.revoke(user=member.user_id, room=room_id, reason="taken out")
        ended = EndedRight("removed", member.user_id, member.user_name, room_id)
        await self._credentials.end(ended, by)
        self._announcements.announce_rooms()
