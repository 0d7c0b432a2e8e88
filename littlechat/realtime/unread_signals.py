"""News beyond a room: that it was spoken in, that a message concerns somebody, that it was read.

It goes to the pages of the people it is for, on all processes, and to what `access` remembers. It
is passing: what is stored tells the same to every page that is loaded later.
"""

from littlechat.core import Message, User, everyone_in
from littlechat.messages import Messages
from littlechat.platform import BackgroundTasks, Unavailable
from littlechat.realtime.announcements import Announcements
from littlechat.rendering import Renderer
from littlechat.rooms import Access, RoomListEntry, Unread


class UnreadSignals:
    """Tells people, and moves their read positions."""

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

    async def spoken(self, room_id: str, seq: int, author: str) -> None:
        """Tell a room's members how far it is; `author` is who spoke last."""
        members = await self._access.list_members(room_id)
        frame = self._render.heard_frame(room=room_id, end=seq, author=author)
        note = {"room": room_id, "end": seq}
        self._announcements.send_to_people(
            [one.user_id for one in members], f"end:{room_id}", frame, note
        )

    async def call(self, message: Message) -> None:
        """Tell those whom a message concerns, as far as they are in its room."""
        room_id, seq = message.room_id, message.seq
        try:
            members = await self._access.list_members(room_id)
        except Unavailable:
            return  # Their pages have it from the store when they are loaded next.
        everybody = everyone_in(room_id) in message.addressed_to
        users = [
            one.user_id
            for one in members
            if (everybody or one.user_id in message.addressed_to)
            and one.user_id != message.author_id
        ]
        frame = self._render.heard_frame(room=room_id, call=seq)
        self._announcements.send_to_people(
            users, f"call:{room_id}:{seq}", frame, {"room": room_id, "call": seq}
        )

    async def read(self, user: User, room_id: str, seq: int) -> None:
        """Note that somebody has read a room up to `seq`; their other pages drop the count."""
        seq = await self._messages.bound(room_id, seq)
        await self._tasks.run_to_completion(self._read(user, room_id, seq))

    async def _read(self, user: User, room_id: str, seq: int) -> None:
        await self._unread_positions.advance(room_id, user.id, seq)
        self._tell(user, room_id, "read", seq)

    async def unread(self, user: User, room_id: str, seq: int) -> None:
        """Let somebody count as not having read a room from `seq` on."""
        before = await self._messages.bound(room_id, max(seq, 1) - 1)
        await self._tasks.run_to_completion(self._unread(user, room_id, before))

    async def _unread(self, user: User, room_id: str, before: int) -> None:
        await self._unread_positions.put_back(room_id, user.id, before)
        self._tell(user, room_id, "unread", before)

    async def read_all(self, user: User) -> None:
        """Note that somebody has read all there is in the rooms they are in."""
        joined, _ = await self._access.list_rooms(user)
        await self._tasks.run_to_completion(
            self._read_all(user, [room for room in joined if room.unread])
        )

    async def _read_all(self, user: User, rooms: list[RoomListEntry]) -> None:
        for room in rooms:
            await self._read(user, room.id, room.last_seq)

    def _tell(self, user: User, room_id: str, what: str, seq: int) -> None:
        frame = self._render.heard_frame(room=room_id, **{what: seq})
        self._announcements.send_to_people(
            [user.id], f"read:{room_id}", frame, {"room": room_id, what: seq}
        )
