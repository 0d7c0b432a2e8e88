"""The inbox and the unread mentions: queries by an index; a message writes nothing for readers."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from littlechat.core import Message, User, everyone_in
from littlechat.messages import Messages
from littlechat.platform import now
from littlechat.rooms.room_list import RoomListEntry

INBOX_PAGE_MESSAGES = 30
"""Messages on a page of the inbox; a few more if several have the same time as the last one."""

INBOX_FIRST_WINDOW = timedelta(days=4)
"""How far back the first query for a page looks; each further one looks four times as far."""

BADGE_AGE_MAX = timedelta(days=30)
"""Older unread mentions are not counted in badges."""

CLOCK_SKEW = timedelta(days=1)
"""By how much the clocks of processes may differ at most."""

INBOX_AGE_MAX = timedelta(days=30 * 366)


class Inbox:
    """Finds the messages that are addressed to somebody."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    async def list_unread_mentions(
        self, user: User, rooms: Iterable[RoomListEntry]
    ) -> dict[str, set[int]]:
        """Return, by room id, the seqs of recent messages addressed to `user`.

        Only of `rooms` with unread messages; the seqs may include some that have been read.
        """
        unread = [room for room in rooms if room.is_behind]
        if not unread:
            return {}
        until = now() + CLOCK_SKEW
        found = await self._list_addressed(user, unread, until - BADGE_AGE_MAX, until)
        calls: dict[str, set[int]] = {}
        for message in found:
            calls.setdefault(message.room_id, set()).add(message.seq)
        return calls

    async def list_page(
        self, user: User, rooms: Iterable[RoomListEntry], before: datetime | None = None
    ) -> tuple[list[Message], datetime | None]:
        """Return a page of the messages addressed to `user` in these rooms, the newest first.

        The second value is `before` of the next page, None if there is none.
        """
        there = list(rooms)
        until = before or now() + CLOCK_SKEW
        oldest = max(min((room.created for room in there), default=until), until - INBOX_AGE_MAX)
        found: list[Message] = []
        window = INBOX_FIRST_WINDOW
        # In bounded ranges, ever wider: of an open range the embedded database reads everything.
        while len(found) < INBOX_PAGE_MESSAGES and until > oldest:
            since = max(until - window, oldest)
            part = await self._list_addressed(user, there, since, until)
            found += sorted(part, key=lambda one: one.at, reverse=True)
            until, window = since, window * 4
        if len(found) <= INBOX_PAGE_MESSAGES:
            return found, until if until > oldest else None
        last = found[INBOX_PAGE_MESSAGES - 1].at
        page = [message for message in found if message.at >= last]
        return page, last if len(page) < len(found) or until > oldest else None

    async def _list_addressed(
        self, user: User, rooms: list[RoomListEntry], since: datetime, until: datetime
    ) -> list[Message]:
        """Return the messages within a time that are addressed to `user`, without their own."""
        by_id = {room.id: room for room in rooms}
        addressees = [user.id, *map(everyone_in, by_id)]
        found = await self._messages.queries.list_addressed(addressees, since, until)
        return [
            message
            for message in found
            if message.author_id != user.id
            and not message.removed
            and _was_there(by_id.get(message.room_id), user, message)
        ]


def _was_there(room: RoomListEntry | None, user: User, message: Message) -> bool:
    # A message to everybody in a room is not addressed to those who joined later.
    return room is not None and (
        user.id in message.addressed_to or room.joined is None or message.at >= room.joined
    )
