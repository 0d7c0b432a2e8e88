"""Signals beyond a room: it has a new message, a message is addressed to somebody, it was read.

They go to the pages of the people they are for, on all processes, and update the `Access` cache of
each process. They are ephemeral: a page that is loaded later reads the same from the store.
"""

from littlechat.core import Message, User, everyone_in
from littlechat.messages import Messages
from littlechat.platform import BackgroundTasks, Unavailable
from littlechat.realtime.announcements import Announcements
from littlechat.rendering import Renderer
from littlechat.rooms import Access, RoomListEntry, Unread


class UnreadSignals:
    """Sends the signals, and moves read positions."""

    def __init__(
        self,
        access: Access,
        messages: Messages,
        unread: Unread,
        render: Renderer,
        announcements: Announcements,
        tasks: BackgroundTasks,
    ) -> None:
        self._access, self._messages, self._unread_positions = access, messages, unread
        self._render, self._announcements, self._tasks = render, announcements, tasks

    async def announce_message(self, room_id: str, seq: int, author: str) -> None:
        """Send a room's members the seq of its last message and the name of its author."""
        members = await self._access.list_members(room_id)
        frame = self._render.frames.unread_signal(room=room_id, end=seq, author=author)
        note = {"room": room_id, "end": seq}
        self._announcements.send_to_people(
            [one.user_id for one in members], f"end:{room_id}", frame, note
        )

    async def announce_mention(self, message: Message) -> None:
        """Signal a message to those it is addressed to, as far as they are in its room."""
        room_id, seq = message.room_id, message.seq
        try:
            members = await self._access.list_members(room_id)
        except Unavailable:
            return  # A page that is loaded next reads it from the store.
        everybody = everyone_in(room_id) in message.addressed_to
        users = [
            one.user_id
            for one in members
            if (everybody or one.user_id in message.addressed_to)
            and one.user_id != message.author_id
        ]
        frame = self._render.frames.unread_signal(room=room_id, call=seq)
        self._announcements.send_to_people(
            users, f"call:{room_id}:{seq}", frame, {"room": room_id, "call": seq}
        )

    async def mark_read(self, user: User, room_id: str, seq: int) -> None:
        """Store that somebody has read a room up to `seq`, and update their other pages."""
        seq = await self._messages.clamp_seq(room_id, seq)
        await self._tasks.run_to_completion(self._mark_read(user, room_id, seq))

    async def _mark_read(self, user: User, room_id: str, seq: int) -> None:
        await self._unread_positions.advance(room_id, user.id, seq)
        self._send(user, room_id, "read", seq)

    async def mark_unread(self, user: User, room_id: str, seq: int) -> None:
        """Store that somebody has not read a room from `seq` on, and update their other pages."""
        before = await self._messages.clamp_seq(room_id, max(seq, 1) - 1)
        await self._tasks.run_to_completion(self._mark_unread(user, room_id, before))

    async def _mark_unread(self, user: User, room_id: str, before: int) -> None:
        await self._unread_positions.put_back(room_id, user.id, before)
        self._send(user, room_id, "unread", before)

    async def mark_all_read(self, user: User) -> None:
        """Store that somebody has read everything in the rooms they are in."""
        joined, _ = await self._access.list_rooms(user)
        await self._tasks.run_to_completion(
            self._mark_all_read(user, [room for room in joined if room.unread])
        )

    async def _mark_all_read(self, user: User, rooms: list[RoomListEntry]) -> None:
        for room in rooms:
            await self._mark_read(user, room.id, room.last_seq)

    def _send(self, user: User, room_id: str, what: str, seq: int) -> None:
        frame = self._render.frames.unread_signal(room=room_id, **{what: seq})
        self._announcements.send_to_people(
            [user.id], f"read:{room_id}", frame, {"room": room_id, what: seq}
        )
