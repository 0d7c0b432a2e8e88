"""Posting, changing and removing messages: each is checked, stored, rendered once and published."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from littlechat.accounts import Users
from littlechat.core import (
    Draft,
    Membership,
    Message,
    Position,
    User,
    validate_body,
    validate_client_id,
)
from littlechat.files import Files
from littlechat.messages import (
    Messages,
    Mutation,
    edited,
    emptied,
)
from littlechat.platform import BackgroundTasks, Bus, Unavailable
from littlechat.realtime import Realtime, room_topic
from littlechat.rendering import Renderer
from littlechat.rooms import Rooms
from littlechat.text import HERE, addressing, has_sign

TOUCH_SECONDS = 1.0
"""How far lists of rooms may lag behind: a room is written once a second, not with every
message."""

Listener = Callable[[Message], Coroutine[Any, Any, None]]
"""Is called with a message in the background, once, by the process that has stored it."""


class MessageActions:
    """What is done to messages. Callers have checked who acts and in which room."""

    def __init__(
        self,
        users: Users,
        messages: Messages,
        rooms: Rooms,
        files: Files,
        renderer: Renderer,
        bus: Bus,
        realtime: Realtime,
        tasks: BackgroundTasks,
        *,
        moderates_direct: bool = False,
    ) -> None:
        self._users, self._moderates_direct = users, moderates_direct
        self._messages, self._files, self._renderer = messages, files, renderer
        self._store, self._direct_messages = rooms.store, rooms.direct_messages
        self._access, self._bus, self._tasks = rooms.access, bus, tasks
        self._presence, self._unread_signals = realtime.presence, realtime.unread_signals
        self._announcements = realtime.announcements
        self._on_posted: list[Listener] = [files.attachments.confirm]
        self._on_changed: list[Listener] = []
        self._touched: dict[str, tuple[Position, datetime, str]] = {}

    def subscribe_to_posts(self, listener: Listener) -> None:
        """Call `listener` with every message that is posted through this process."""
        self._on_posted.append(listener)

    def subscribe_to_changes(self, listener: Listener) -> None:
        """Call `listener` with every message that is changed through this process."""
        self._on_changed.append(listener)

    async def say(self, room_id: str, author: User, draft: Draft) -> Message:
        """Post a message and return it; raise `Invalid` or `Unavailable`."""
        text = validate_body(draft.body, may_be_blank=bool(draft.files))
        client_id = validate_client_id(draft.client_id)
        members, others = await self._find_named(room_id, text)
        online = self._presence.names
        named = addressing.find(room_id, text, author, members, online, others)
        people = tuple(dict.fromkeys((*draft.addressed_to, *named.addressed_to)))
        draft = replace(
            draft, body=text, client_id=client_id, mentions=named.mentions, addressed_to=people
        )
        return await self._tasks.run_to_completion(self._say(room_id, author, draft))

    async def _say(self, room_id: str, author: User, draft: Draft) -> Message:
        people = await self._list_addressed(room_id, author, draft.addressed_to)
        await self._renderer.prepare_text(draft.body, draft.mentions)
        message = await self._messages.add(room_id, author, replace(draft, addressed_to=people))
        self._bus.publish(
            room_topic(room_id),
            {
                "kind": "posted",
                "seq": message.seq,
                "author": message.author_name,
                "html": str(self._renderer.message(message)),
            },
        )
        self._touch(message)
        self._announce_mention(message)
        self._tasks.spawn(*(listener(message) for listener in self._on_posted))
        return message

    async def _list_addressed(
        self, room_id: str, author: User, named: Iterable[str]
    ) -> tuple[str, ...]:
        # In a direct conversation every message is addressed to the others, as if it named them.
        people = await self._direct_messages.list_people(room_id)
        others = (user_id for user_id in people if user_id != author.id)
        return tuple(dict.fromkeys((*named, *others)))

    async def edit(self, room_id: str, seq: int, author: User, body: str) -> Message:
        """Replace the text of one's own message; raise `Invalid` or `Missing`."""
        # Blank is possible with files; without any, `edited` refuses it.
        text = validate_body(body, may_be_blank=True)
        members, outside = await self._find_named(room_id, text)
        others = await self._list_addressed(room_id, author, ())

        def address(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
            # An edit does not extend `@here` to those who have come online since the post.
            was_here = HERE in message.mentions
            here = addressing.mentioned_by_here(message) if was_here else self._presence.names
            named = addressing.find(room_id, text, author, members, here, outside)
            return named.mentions, tuple(dict.fromkeys((*named.addressed_to, *others)))

        mutation = edited(text, author, address)
        message = await self.change(room_id, seq, mutation)
        self._announce_mention(message)
        return message

    async def _find_named(self, room_id: str, text: str) -> tuple[list[Membership], list[str]]:
        """Return the members whom a text may name, and other names in it that exist."""
        if not has_sign(text):
            return [], []
        members = await self._access.list_members(room_id)
        # Parsing a long text takes up to 50 ms; what it finds is cached for those who ask next.
        others = await asyncio.to_thread(addressing.list_other_names, text, members)
        return members, await self._users.list_names(others)

    async def find_unreached(self, room_id: str, text: str) -> addressing.Unreached:
        """Return the names in a text that would notify nobody if it were posted to a room."""
        members, others = await self._find_named(room_id, text)
        return addressing.find_unreached(text, members, others)

    def _announce_mention(self, message: Message) -> None:
        if message.addressed_to:
            self._tasks.spawn(self._unread_signals.announce_mention(message))

    async def remove(self, room_id: str, seq: int, by: Membership, user: User) -> Message:
        """Remove one's own message, or anybody's as room manager or administrator.

        In a direct conversation an administrator is like anybody, unless the installation says
        otherwise. Raises `Missing`.
        """
        mutation = emptied(None if await self._may_remove_all(by, user) else user)
        return await self._tasks.run_to_completion(self._remove(room_id, seq, mutation))

    async def _may_remove_all(self, by: Membership, user: User) -> bool:
        if by.may_manage or not user.is_admin:
            return by.may_manage
        is_direct = bool(await self._direct_messages.list_people(by.room_id))
        return self._moderates_direct or not is_direct

    async def _remove(self, room_id: str, seq: int, mutation: Mutation) -> Message:
        await self._files.mark_for_sweep(room_id, seq)
        try:
            return await self._change(room_id, seq, mutation)
        finally:
            self._tasks.spawn(self._files.keep_or_delete(room_id, seq))

    async def change(
        self, room_id: str, seq: int, mutation: Mutation, *, of_removed: bool = False
    ) -> Message:
        """Change a message as `mutation` says and publish it; raise what `mutation` raises.

        Every change to a posted message goes through this.
        """
        changing = self._change(room_id, seq, mutation, of_removed=of_removed)
        return await self._tasks.run_to_completion(changing)

    async def _change(
        self, room_id: str, seq: int, mutation: Mutation, *, of_removed: bool = False
    ) -> Message:
        message, n = await self._messages.change(room_id, seq, mutation, of_removed=of_removed)
        if n:
            await self._renderer.prepare([message])
            self._bus.publish(
                room_topic(message.room_id),
                {"kind": "changed", "n": n, "html": str(self._renderer.message(message))},
            )
            self._tasks.spawn(*(listener(message) for listener in self._on_changed))
        return message

    def _touch(self, message: Message) -> None:
        if message.room_id not in self._touched:
            self._tasks.spawn(self._touch_soon(message.room_id))
        latest = (message.position, message.at, message.author_name)
        self._touched[message.room_id] = max(self._touched.get(message.room_id, latest), latest)

    async def _touch_soon(self, room_id: str) -> None:
        try:
            await asyncio.sleep(TOUCH_SECONDS)
        finally:
            end, at, author = self._touched.pop(room_id)
        try:
            await self._store.touch(room_id, end, at)
            await self._unread_signals.announce_message(room_id, end, author)
            if people := await self._direct_messages.list_people(room_id):
                self._announcements.announce_direct_message(people, room_id)
        except Unavailable:
            return  # Lists lag behind until the next message.
