"""Every write that others must see: check, store, render once, publish, each shielded as one."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from littlechat.accounts import Accounts
from littlechat.bus import Bus
from littlechat.db import Missing, Unavailable
from littlechat.feed import room_topic
from littlechat.live import Live
from littlechat.messages import Messages
from littlechat.models import (
    LOBBY,
    Draft,
    Membership,
    Message,
    Refused,
    Room,
    Session,
    User,
    clean_body,
    clean_client_id,
    clean_visibility,
)
from littlechat.posts import Decide, edited, emptied
from littlechat.render import Renderer
from littlechat.rooms import Rooms
from littlechat.work import Work

TOUCH_SECONDS = 1.0
"""How much the lists of rooms may lag behind: one write a room and second, not one a message."""

Result = TypeVar("Result")

Herald = Callable[[Message], Coroutine[Any, Any, None]]
"""Tells of a post beyond its room. Called once, in the process that stored it, after that."""


class Actions:
    """The verbs. Their callers have found out who acts and in which room."""

    def __init__(
        self,
        accounts: Accounts,
        rooms: Rooms,
        messages: Messages,
        render: Renderer,
        bus: Bus,
        live: Live,
        work: Work,
    ) -> None:
        self._accounts, self._rooms, self._messages = accounts, rooms, messages
        self._render, self._bus, self._live = render, bus, live
        self._work = work
        self._heralds: list[Herald] = []
        self._touched: dict[str, tuple[int, datetime]] = {}

    def tell(self, herald: "Herald") -> None:
        """Let `herald` hear of every message that is posted through this process."""
        self._heralds.append(herald)

    async def say(self, room_id: str, author: User, draft: Draft) -> Message:
        """Post a message and return it; raise `Invalid` or `Unavailable`."""
        text, client_id = clean_body(draft.body), clean_client_id(draft.client_id)
        draft = replace(draft, body=text, client_id=client_id)
        return await self._work.shielded(self._say(room_id, author, draft))

    async def _say(self, room_id: str, author: User, draft: Draft) -> Message:
        message = await self._messages.add(room_id, author, draft)
        self._bus.publish(
            room_topic(room_id),
            {
                "kind": "posted",
                "seq": message.seq,
                "author": message.author_name,
                "html": str(self._render.message(message)),
            },
        )
        self._touch(message)
        for herald in self._heralds:
            self._work.later(herald(message))
        return message

    async def edit(self, room_id: str, seq: int, author: User, body: str) -> Message:
        """Replace the text of one's own message; raise `Invalid` or `Missing`."""
        return await self.change(room_id, seq, edited(clean_body(body), author))

    async def remove(self, room_id: str, seq: int, by: Membership, user: User) -> Message:
        """Remove one's own message, or anybody's as keeper or administrator; raise `Missing`."""
        anybodys = by.may_manage or user.is_admin
        return await self.change(room_id, seq, emptied(None if anybodys else user))

    async def change(self, room_id: str, seq: int, decide: Decide) -> Message:
        """Change a message as `decide` says and let everybody see it; raise what that raises.

        This is the one way in which anything about a posted message changes.
        """
        return await self._work.shielded(self._change(room_id, seq, decide))

    async def _change(self, room_id: str, seq: int, decide: Decide) -> Message:
        message, n = await self._messages.change(room_id, seq, decide)
        if n:
            self._bus.publish(
                room_topic(message.room_id),
                {"kind": "changed", "n": n, "html": str(self._render.message(message))},
            )
        return message

    async def create_room(
        self, creator: User, name: str, description: str, visibility: str
    ) -> Room:
        """Make a room; raise `Invalid`, or `Duplicate` for a name taken."""
        kind = clean_visibility(visibility)
        return await self._work.shielded(
            self._announced(self._rooms.create(creator, name, description, kind))
        )

    async def join(self, room_id: str, user: User) -> None:
        """Enter a public room; raise `Missing`, or `Refused` for who is banned."""
        entering = self._entered(self._rooms.join(room_id, user), user)
        await self._work.shielded(self._announced(entering))

    async def accept(self, token: str, user: User) -> Room:
        """Enter a room by invitation; raise `Missing`, or `Refused` for who is banned."""
        entering = self._entered(self._rooms.accept(token, user), user)
        return await self._work.shielded(self._announced(entering))

    async def _entered(self, work: Coroutine[Any, Any, Room], user: User) -> Room:
        try:
            return await work
        except Refused:
            # Banned while entering: who saw them in for a moment must forget it.
            self._live.refresh(user.id)
            raise

    async def leave(self, room_id: str, user: User) -> None:
        """Leave a room; raise `Missing` or `Refused`."""
        await self._work.shielded(self._leave(room_id, user))

    async def _leave(self, room_id: str, user: User) -> None:
        await self._rooms.leave(room_id, user)
        self._live.revoke(user=user.id, room=room_id)
        self._live.announce_rooms()

    async def remove_member(self, room_id: str, name: str) -> None:
        """Take another's right to a room; raise `Missing` or `Refused`."""
        await self._work.shielded(self._remove_member(room_id, name))

    async def _remove_member(self, room_id: str, name: str) -> None:
        member = await self._rooms.remove_member(room_id, name)
        self._live.revoke(user=member.user_id, room=room_id)
        self._live.announce_rooms()

    async def describe_room(self, room: Room, name: str, description: str) -> None:
        """Rename and re-describe; raise `Invalid`, `Refused`, or `Duplicate` for a name taken."""
        if room.id == LOBBY:
            raise Refused("The Lobby keeps its name.")
        await self._work.shielded(self._announced(self._rooms.describe(room.id, name, description)))

    async def delete_room(self, room: Room, confirmation: str) -> None:
        """Delete a room and all that was said there; raise `Refused` unless it is named."""
        if room.id == LOBBY:
            raise Refused("The Lobby cannot be deleted.")
        if " ".join(confirmation.split()) != room.name:
            raise Refused(f"Type the room’s name, {room.name}, to delete it.")
        await self._work.shielded(self._delete_room(room.id))

    async def _delete_room(self, room_id: str) -> None:
        await self._rooms.delete(room_id)
        self._live.revoke(room=room_id)
        self._live.announce_rooms()
        # Nobody can reach what was said any more; clearing a long room away takes its time.
        self._work.later(self._messages.delete_room(room_id))

    async def end_session(self, user: User, session_id: str) -> None:
        """End one session of a person and close its sockets; raise `Missing`."""
        await self._work.shielded(self._end_session(user, session_id))

    async def _end_session(self, user: User, session_id: str) -> None:
        await self._accounts.end_session(user, session_id)
        self._live.revoke(sessions=[session_id])

    async def end_other_sessions(self, session: Session) -> None:
        """End every session of the person but this one."""
        await self._work.shielded(self._end_other_sessions(session))

    async def _end_other_sessions(self, session: Session) -> None:
        ended = await self._accounts.end_other_sessions(session.user, session.id)
        self._live.revoke(sessions=ended)

    async def change_password(self, session: Session, current: str, new: str) -> None:
        """Replace a password and end the other sessions; raise `WrongLogin` or `Invalid`."""
        await self._work.shielded(self._change_password(session, current, new))

    async def _change_password(self, session: Session, current: str, new: str) -> None:
        await self._accounts.change_password(session.user, current, new)
        await self._end_other_sessions(session)

    async def log_out(self, session: Session) -> None:
        """End this session; already ended is as good."""
        try:
            await self.end_session(session.user, session.id)
        except Missing:
            return

    def _touch(self, message: Message) -> None:
        if message.room_id not in self._touched:
            self._work.later(self._touch_soon(message.room_id))
        latest = (message.seq, message.at)
        self._touched[message.room_id] = max(self._touched.get(message.room_id, latest), latest)

    async def _touch_soon(self, room_id: str) -> None:
        try:
            await asyncio.sleep(TOUCH_SECONDS)
        finally:
            seq, at = self._touched.pop(room_id)
        try:
            await self._rooms.touch(room_id, seq, at)
        except Unavailable:
            return  # A hint for lists; the next message brings it.

    async def _announced(self, work: Coroutine[Any, Any, Result]) -> Result:
        result = await work
        self._live.announce_rooms()
        return result
