"""The store of what people have read, and of what concerns them; it knows no sockets.

Nothing is written for anybody when somebody posts: unread is what came after a read position, and
an inbox is what an index finds.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from littlechat.core import Message, User, everyone_in
from littlechat.messages import Messages
from littlechat.platform import Database, now
from littlechat.rooms.room_list import RoomListEntry
from littlechat.rooms.schema import MEMBERSHIPS

INBOX_PAGE = 30
"""How many messages an inbox shows at once, or a few more if they came in one moment."""

FIRST_WINDOW = timedelta(days=4)
"""How far back an inbox looks at first; then ever further, until it has a page."""

BADGE_DAYS = timedelta(days=30)
"""Beyond this a message that was not read concerns nobody any more, as far as badges go."""

AHEAD = timedelta(days=1)
"""By how much the clocks of processes may differ."""

BEGINNING = timedelta(days=30 * 366)


class Unread:
    """The store. Positions stand in the memberships."""

    def __init__(self, db: Database, messages: Messages) -> None:
        self._db, self._messages = db, messages

    async def advance(self, room_id: str, user_id: str, seq: int) -> None:
        """Note that somebody has read up to `seq`; never moves backwards."""
        await self._db[MEMBERSHIPS].update(
            {"room": room_id, "user": user_id}, {"$max": {"read_seq": seq}}
        )

    async def put_back(self, room_id: str, user_id: str, seq: int) -> None:
        """Note that somebody counts as having read up to `seq` and no further."""
        await self._db[MEMBERSHIPS].update(
            {"room": room_id, "user": user_id}, {"$set": {"read_seq": seq}}
        )

    async def list_unread_mentions(
        self, user: User, rooms: Iterable[RoomListEntry]
    ) -> dict[str, set[int]]:
        """Return, by room, the seqs of the messages that concern somebody and are not read."""
        unread = [room for room in rooms if room.unread]
        if not unread:
            return {}
        until = now() + AHEAD
        found = await self._list_addressed(user, unread, until - BADGE_DAYS, until)
        calls: dict[str, set[int]] = {}
        for message in found:
            calls.setdefault(message.room_id, set()).add(message.seq)
        return calls

    async def list_inbox(
        self, user: User, rooms: Iterable[RoomListEntry], before: datetime | None = None
    ) -> tuple[list[Message], datetime | None]:
        """Return what concerns somebody in the rooms they are in, the newest first.

        A page at a time: the second value is where the next one begins, None if there is none.
        """
        there = list(rooms)
        until = before or now() + AHEAD
        oldest = max(min((room.created for room in there), default=until), until - BEGINNING)
        found: list[Message] = []
        window = FIRST_WINDOW
        # Closed at both ends and ever wider: the embedded database reads all of an open range.
        while len(found) < INBOX_PAGE and until > oldest:
            since = max(until - window, oldest)
            part = await self._list_addressed(user, there, since, until)
            found += sorted(part, key=lambda one: one.at, reverse=True)
            until, window = since, window * 4
        if len(found) <= INBOX_PAGE:
            return found, until if until > oldest else None
        last = found[INBOX_PAGE - 1].at
        page = [message for message in found if message.at >= last]
        return page, last if len(page) < len(found) or until > oldest else None

    async def _list_addressed(
        self, user: User, rooms: list[RoomListEntry], since: datetime, until: datetime
    ) -> list[Message]:
        """Return what concerns somebody within a time, but for what they said themselves."""
        by_id = {room.id: room for room in rooms}
        concerns = [user.id, *map(everyone_in, by_id)]
        found = await self._messages.queries.list_addressed(concerns, since, until)
        return [
            message
            for message in found
            if message.author_id != user.id
            and not message.removed
            and _was_there(by_id.get(message.room_id), user, message)
        ]


def _was_there(room: RoomListEntry | None, user: User, message: Message) -> bool:
    # What was said to everybody was not said to those who came later.
    return room is not None and (
        user.id in message.addressed_to or room.joined is None or message.at >= room.joined
    )
