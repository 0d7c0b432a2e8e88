"""Threads: which messages are replies to which.

A reply is a message of its room like any other. Here it is attached to the root of its thread, and
the root's count of replies is kept. That follows a post in the background, and cannot make it fail.
"""

import contextlib
from dataclasses import dataclass, replace

from littlechat.actions.messages import MessageActions
from littlechat.core import (
    Draft,
    Invalid,
    Message,
    User,
)
from littlechat.messages import Messages, replies_counted
from littlechat.platform import BackgroundTasks, Missing
from littlechat.text import quote_of

REPLIES_SHOWN = 100
"""How many replies a page of a thread shows; a link leads to the older ones."""

GONE = "The message you answer is no longer here. Your text is kept: send it to the room instead."


@dataclass(frozen=True, slots=True)
class Thread:
    """A message and a page of the replies to it, oldest first; `older` says if there are more."""

    root: Message
    replies: list[Message]
    older: bool = False


class Threads:
    """The threads of every room."""

    def __init__(self, messages: Messages, actions: MessageActions, tasks: BackgroundTasks) -> None:
        self._messages, self._actions, self._tasks = messages, actions, tasks
        self._recounting: dict[tuple[str, int], bool] = {}
        actions.subscribe_to_posts(self._count_reply)
        actions.subscribe_to_changes(self._on_changed)

    async def address(self, room_id: str, author: User, draft: Draft) -> Draft:
        """Return a draft as a reply to the root of its thread: it quotes the root and addresses its
        author.

        Raises `Invalid` if the root has been removed.
        """
        if draft.thread is None:
            return draft
        root = await self._find_root(room_id, draft.thread)
        if root is None or root.removed:
            # Sent before the root was removed, and again since the response was lost: `say` returns
            # the message that was stored.
            if await self._messages.find_sent(author.id, draft.client_id):
                return draft
            raise Invalid(thread=GONE)
        addressed = [root.author_id] if root.author_id != author.id else []
        return replace(
            draft,
            thread=root.seq,
            quote=quote_of(root) if draft.shown else None,
            addressed_to=tuple(dict.fromkeys((*draft.addressed_to, *addressed))),
        )

    async def post(self, room_id: str, author: User, draft: Draft) -> Message:
        """Post a message that may be a reply; raise `Invalid` or `Unavailable`."""
        return await self._actions.say(room_id, author, await self.address(room_id, author, draft))

    async def get(self, room_id: str, seq: int, before: int | None = None) -> Thread:
        """Return the thread that a message began or belongs to; raise `Missing`."""
        root = await self._find_root(room_id, seq)
        if root is None:
            raise Missing
        replies = await self._messages.list_replies(room_id, root.seq)
        self._repair(root, replies)
        earlier = [reply for reply in replies if before is None or reply.seq < before]
        shown = earlier[-REPLIES_SHOWN:]
        return Thread(root, shown, older=len(shown) < len(earlier))

    async def _find_root(self, room_id: str, seq: int) -> Message | None:
        with contextlib.suppress(Missing):
            message = await self._messages.get(room_id, seq)
            if message.thread is None:
                return message
            return await self._messages.get(room_id, message.thread)
        return None

    def _repair(self, root: Message, replies: list[Message]) -> None:
        """Finish in the background what a process that died did not do for this thread."""
        if sum(not reply.removed for reply in replies) != root.replies:
            self._tasks.spawn(self._recount(root.room_id, root.seq))

    async def _count_reply(self, reply: Message) -> None:
        """Count a new reply in its root."""
        if reply.thread is not None:
            await self._recount(reply.room_id, reply.thread)

    async def _recount(self, room_id: str, root: int) -> None:
        """Let the root of a thread tell how many replies there are, once for all who ask now."""
        key = (room_id, root)
        is_running = key in self._recounting
        self._recounting[key] = True
        if is_running:
            return
        try:
            while self._recounting[key]:
                self._recounting[key] = False
                await self._count(room_id, root)
        finally:
            del self._recounting[key]

    async def _count(self, room_id: str, root: int) -> None:
        # Until a count finds the root as it is. Another process may have counted before a reply or
        # a removal that we saw, and written after us: it counts again after its write, too, so that
        # whoever wrote last saw all there is.
        seen = None
        with contextlib.suppress(Missing):
            while seen != (replies := await self._messages.count_replies(room_id, root)):
                seen = replies
                await self._actions.change(room_id, root, replies_counted(replies), of_removed=True)

    async def _on_changed(self, message: Message) -> None:
        if message.removed and message.thread is not None:
            await self._recount(message.room_id, message.thread)
