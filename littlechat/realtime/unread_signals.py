"""Signals beyond a room: it has a new message, a message is addressed to somebody, it was read.

They go to the pages of the people they are for, on all processes, and update the `Access` cache of
each process. They are ephemeral: a page that is loaded later reads the same from the store.
"""

from littlechat.core import Message, Position, User, everyone_in
from littlechat.messages import Messages
from littlechat.platform import BackgroundTasks, Unavailable
from littlechat.realtime.announcements import Announcements
from littlechat.rendering import Renderer
from littlechat.rooms import Access, ReadPositions, RoomListEntry


class UnreadSignals:
    """Sends the signals, and moves read positions."""

    def __init__(
        self,
        access: Access,
        messages: Messages,
        read_positions: ReadPositions,
        render: Renderer,
        announcements: Announcements,
        tasks: BackgroundTasks,
    ) -> None:
        self._access, self._messages, self._read_positions = access, messages, read_positions
        self._render, self._announcements, self._tasks = render, announcements, tasks

    async def announce_message(self, room_id: str, end: Position, author: str) -> None:
        """Send a room's members the position of its last message and the name of its author."""
        members = await self._access.list_members(room_id)
        note = {"room": room_id, "end": end.seq, "unlisted": end.unlisted}
        frame = self._render.frames.unread_signal(**note, author=author)
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
        note = {"room": room_id, "call": seq, "unlisted": message.unlisted}
        self._announcements.send_to_people(
            users, f"call:{room_id}:{seq}", self._render.frames.unread_signal(**note), note
        )

    async def mark_read(self, user: User, room_id: str, seq: int) -> None:
        """Store that somebody has read a room up to `seq`, and update their other pages."""
        read = await self._messages.position(room_id, seq)
        await self._tasks.run_to_completion(self._mark_read(user, room_id, read))

    async def _mark_read(self, user: User, room_id: str, read: Position) -> None:
        await self._read_positions.advance(room_id, user.id, read)
        self._send(user, room_id, "read", read)

    async def mark_unread(self, user: User, room_id: str, seq: int) -> None:
        """Store that somebody has not read a room from `seq` on, and update their other pages."""
        before = await self._messages.position(room_id, max(seq, 1) - 1)
        await self._tasks.run_to_completion(self._mark_unread(user, room_id, before))

    async def _mark_unread(self, user: User, room_id: str, before: Position) -> None:
        await self._read_positions.put_back(room_id, user.id, before)
        self._send(user, room_id, "unread", before)

    async def mark_all_read(self, user: User) -> None:
        """Store that somebody has read everything in the rooms they are in."""
        joined, _ = await self._access.list_rooms(user)
        await self._tasks.run_to_completion(
            self._mark_all_read(user, [room for room in joined if room.is_behind])
        )

    async def _mark_all_read(self, user: User, rooms: list[RoomListEntry]) -> None:
        for room in rooms:
            await self._mark_read(user, room.id, room.end)

    def _send(self, user: User, room_id: str, what: str, at: Position) -> None:
        note = {"room": room_id, what: at.seq, "unlisted": at.unlisted}
        self._announcements.send_to_people(
            [user.id], f"read:{room_id}", self._render.frames.unread_signal(**note), note
        )
