"""Every write that others must see: check, store, render once, publish, each shielded as one."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from littlechat.accounts import Accounts
from littlechat.core import (
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
from littlechat.files import Uploads
from littlechat.messages import (
    Decide,
    Messages,
    edited,
    emptied,
)
from littlechat.platform import (
    Bus,
    Missing,
    Unavailable,
    Work,
    now,
)
from littlechat.realtime import (
    Live,
    News,
    Online,
    room_topic,
)
from littlechat.rendering import Renderer
from littlechat.rooms import Access, Directs, Rooms
from littlechat.text import HERE, addressing

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
        uploads: Uploads,
        render: Renderer,
        bus: Bus,
        live: Live,
        work: Work,
        access: Access,
        news: News,
        directs: Directs,
        online: Online,
    ) -> None:
        self._accounts, self._rooms, self._messages = accounts, rooms, messages
        self._directs, self._uploads = directs, uploads
        self._render, self._bus, self._live = render, bus, live
        self._work, self._access, self._news, self._online = work, access, news, online
        self._heralds: list[Herald] = [uploads.confirm]
        self._change_heralds: list[Herald] = []
        self._touched: dict[str, tuple[int, datetime, str]] = {}

    def tell(self, herald: "Herald") -> None:
        """Let `herald` hear of every message that is posted through this process."""
        self._heralds.append(herald)

    def tell_of_changes(self, herald: "Herald") -> None:
        """Let `herald` hear of every message that is changed through this process."""
        self._change_heralds.append(herald)

    async def say(self, room_id: str, author: User, draft: Draft) -> Message:
        """Post a message and return it; raise `Invalid` or `Unavailable`."""
        text = clean_body(draft.body, may_be_blank=bool(draft.files))
        client_id = clean_client_id(draft.client_id)
        members = await self._members_for(room_id, text)
        named = addressing.find(room_id, text, author, members, self._online.names)
        concerns = tuple(dict.fromkeys((*draft.concerns, *named.concerns)))
        draft = replace(
            draft, body=text, client_id=client_id, mentions=named.mentions, concerns=concerns
        )
        return await self._work.shielded(self._say(room_id, author, draft))

    async def _say(self, room_id: str, author: User, draft: Draft) -> Message:
        concerns = await self._list_concerned(room_id, author, draft.concerns)
        message = await self._messages.add(room_id, author, replace(draft, concerns=concerns))
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
        self._call(message)
        self._work.later(*(herald(message) for herald in self._heralds))
        return message

    async def _list_concerned(
        self, room_id: str, author: User, named: Iterable[str]
    ) -> tuple[str, ...]:
        # What is said to somebody directly concerns them as if it named them.
        people = await self._directs.list_people(room_id)
        others = (user_id for user_id in people if user_id != author.id)
        return tuple(dict.fromkeys((*named, *others)))

    async def edit(self, room_id: str, seq: int, author: User, body: str) -> Message:
        """Replace the text of one's own message; raise `Invalid` or `Missing`."""
        text = clean_body(body, may_be_blank=True)  # As long as it has files.
        members = await self._members_for(room_id, text)
        others = await self._list_concerned(room_id, author, ())

        def address(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
            # A correction calls nobody who has come since.
            was_here = HERE in message.mentions
            here = addressing.called_by_here(message) if was_here else self._online.names
            named = addressing.find(room_id, text, author, members, here)
            return named.mentions, tuple(dict.fromkeys((*named.concerns, *others)))

        decide = edited(text, author, address)
        message = await self.change(room_id, seq, decide)
        self._call(message)
        return message

    async def _members_for(self, room_id: str, text: str) -> list[Membership]:
        """Return whom a text may address."""
        return await self._access.list_members(room_id) if "@" in text else []

    def _call(self, message: Message) -> None:
        if message.concerns:
            self._work.later(self._news.call(message))

    async def remove(self, room_id: str, seq: int, by: Membership, user: User) -> Message:
        """Remove one's own message, or anybody's as keeper or administrator; raise `Missing`."""
        decide = emptied(None if by.may_manage or user.is_admin else user)
        return await self._work.shielded(self._remove(room_id, seq, decide))

    async def _remove(self, room_id: str, seq: int, decide: Decide) -> Message:
        await self._uploads.doubt(room_id, seq)
        try:
            return await self._change(room_id, seq, decide)
        finally:
            self._work.later(self._uploads.settle(room_id, seq))

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
            self._work.later(*(herald(message) for herald in self._change_heralds))
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
        self._live.revoke(user=user.id, room=room_id, reason="left")
        self._live.announce_rooms()

    async def remove_member(self, room_id: str, name: str) -> None:
        """Take another's right to a room; raise `Missing` or `Refused`."""
        await self._work.shielded(self._remove_member(room_id, name))

    async def _remove_member(self, room_id: str, name: str) -> None:
        member = await self._rooms.remove_member(room_id, name)
        self._live.revoke(user=member.user_id, room=room_id, reason="taken out")
        self._live.announce_rooms()

    async def describe_room(self, room: Room, name: str, description: str) -> None:
        """Rename and re-describe; raise `Invalid`, `Refused`, or `Duplicate` for a name taken."""
        if room.id == LOBBY:
            raise Refused("The Lobby keeps its name.")
        if room.is_direct:
            raise Refused("A direct conversation is called by its people.")
        await self._work.shielded(self._announced(self._rooms.describe(room.id, name, description)))

    async def delete_room(self, room: Room, confirmation: str) -> None:
        """Delete a room and all that was said there; raise `Refused` unless it is named."""
        if room.id == LOBBY:
            raise Refused("The Lobby cannot be deleted.")
        if room.is_direct:
            raise Refused("A direct conversation cannot be deleted. Hide it instead.")
        if " ".join(confirmation.split()) != room.name:
            raise Refused(f"Type the room’s name, {room.name}, to delete it.")
        await self._work.shielded(self._delete_room(room.id))

    async def _delete_room(self, room_id: str) -> None:
        await self._rooms.delete(room_id)
        self._live.revoke(room=room_id, reason="deleted")
        self._live.announce_rooms()
        # Nobody can reach what was said any more; clearing a long room away takes its time. What is
        # broken off, or comes in late, `remains` finds.
        self._work.later(self._messages.delete_room(room_id))
        self._work.later(self._uploads.delete_room(room_id, now()))

    async def open_direct(self, opener: User, others: Iterable[User]) -> str:
        """Return the id of the one direct conversation of these people, made if there is none.

        It shows in the others' lists from the first message on.
        """
        return await self._work.shielded(self._open_direct(opener, others))

    async def _open_direct(self, opener: User, others: Iterable[User]) -> str:
        room_id = await self._directs.open(opener, others)
        self._live.announce_rooms([opener.id])
        return room_id

    async def hide_direct(self, room_id: str, user: User) -> None:
        """Take a direct conversation off one's lists until somebody speaks; raise `Missing`."""
        await self._work.shielded(self._hide_direct(room_id, user))

    async def _hide_direct(self, room_id: str, user: User) -> None:
        head = await self._messages.head(room_id)
        await self._directs.hide(room_id, user, head.seq)
        self._live.announce_rooms([user.id])

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
        latest = (message.seq, message.at, message.author_name)
        self._touched[message.room_id] = max(self._touched.get(message.room_id, latest), latest)

    async def _touch_soon(self, room_id: str) -> None:
        try:
            await asyncio.sleep(TOUCH_SECONDS)
        finally:
            seq, at, author = self._touched.pop(room_id)
        try:
            await self._rooms.touch(room_id, seq, at)
            await self._news.spoken(room_id, seq, author)
            if people := await self._directs.list_people(room_id):
                self._live.announce_direct(people, room_id)
        except Unavailable:
            return  # A hint for lists; the next message brings it.

    async def _announced(self, work: Coroutine[Any, Any, Result]) -> Result:
        result = await work
        self._live.announce_rooms()
        return result
