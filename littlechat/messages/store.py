"""The store of messages: adding and changing them, reading pages, and catching up from a cursor.

Every room has two series of numbers: `seq` for its messages (`numbering.py`) and `n` for the
changes to them (`changes.py`). A `Cursor` is a position in both.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from cachetools import LRUCache

from littlechat.core import (
    Cursor,
    Draft,
    Invalid,
    Message,
    Page,
    Position,
    User,
)
from littlechat.messages.changes import Changes
from littlechat.messages.documents import (
    Replies,
    from_document,
    position_of,
    thread_of,
    to_document,
)
from littlechat.messages.heads import FindHint, Heads, delete_series
from littlechat.messages.mutations import Mutation
from littlechat.messages.numbering import Numbering
from littlechat.messages.queries import Queries
from littlechat.messages.quotes import Quotes
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.platform import Database, Document, Missing

PAGE_MAX = 100
PAGE_DEFAULT = 50
"""Messages on a page of history."""

CATCH_UP_MAX = 500
"""New messages, or changes, that catch-up sends; if there are more, the page reloads its list."""

NEWEST_PAGES_MAX = 200
"""Rooms whose newest page is cached."""


@dataclass(frozen=True, slots=True)
class Missed:
    """The messages that are new or changed since a cursor, in the order of their seqs.

    `changed` are the seqs of the changed ones, which may be new as well. `cursor` is the position
    that a page has reached with them.
    """

    messages: list[Message]
    changed: frozenset[int]
    cursor: Cursor


class Messages:
    """The store. It holds at most one task for each room with sends under way.

    `on_batch` is called with the number of messages in each write. With `alone`, no other process
    writes to the database, so that heads need not be read each time.
    """

    def __init__(
        self,
        db: Database,
        on_batch: Callable[[int], None] = lambda size: None,
        *,
        alone: bool = False,
    ) -> None:
        self._db = db
        self.queries = Queries(db)
        self._heads = Heads(db)
        self._quotes = Quotes(db)
        self._changes = Changes(db, self._heads)
        self._alone = alone
        self._numbering = Numbering(db, self._heads, on_batch)
        self._newest: LRUCache[str, tuple[Cursor, int, Page]] = LRUCache(NEWEST_PAGES_MAX)

    def use_hints(self, find_hint: FindHint) -> None:
        """Let `find_hint` give the number from which to search for a room's head."""
        self._heads.find_hint = find_hint

    async def add(self, room_id: str, author: User, draft: Draft) -> Message:
        """Store a message durably and return it.

        A second send with the same `client_id` returns the first message. Raises `Invalid` if that
        one is in another room, and `Unavailable` if it is unknown whether the message was stored.
        """
        document = to_document(room_id, author, draft)
        message = await self._numbering.store(room_id, document)
        if message.room_id != room_id:
            raise Invalid(client_id="This message was already sent to another room.")
        return (await self._quotes.fill([message]))[0]

    async def head(self, room_id: str, *, certain: bool = False) -> Cursor:
        """Return the room's current cursor; what is read afterwards is at least as new.

        A process that is alone remembers the numbers it has given and reads them only now and
        then. With `certain` it always reads, and numbers changes that a crash left unnumbered.
        """
        if self._alone and not certain and (head := self._heads.find_exact(room_id)):
            return head
        await self._heads.known(room_id)
        seq, change = await asyncio.gather(
            self._heads.refresh_seq(room_id), self._heads.refresh_change(room_id)
        )
        if certain:
            # Feeds ask for a certain head periodically, so that open pages get such changes too.
            unnumbered = await self._changes.list_unnumbered(room_id)
            change = max(change, await self._changes.number(unnumbered))
        self._heads.mark_exact(room_id)
        return Cursor(seq, change)

    async def position(self, room_id: str, seq: int) -> Position:
        """Return the place of a post, of the last one if the number is higher.

        Of the last one it seldom reads, of others one.
        """
        if seq > (await self._heads.known(room_id)).seq:
            await self._heads.refresh_seq(room_id)
        end = await self._heads.known_position(room_id)
        if seq >= end.seq:
            return end
        document = await self._db[MESSAGES].find_one({"room": room_id, "seq": seq})
        return position_of(document) if document else Position(seq)

    async def end(self, room_id: str) -> Position:
        """Return where a room's posts end, as far as is known; `head` has just told, as a rule."""
        return await self._heads.known_position(room_id)

    async def get(self, room_id: str, seq: int) -> Message:
        """Return one message; raise `Missing`."""
        document = await self._db[MESSAGES].find_one({"room": room_id, "seq": seq})
        if document is None:
            raise Missing
        return (await self._quotes.fill([from_document(document)]))[0]

    async def newest(self, room_id: str, head: Cursor, limit: int = PAGE_DEFAULT) -> Page:
        """Return the last `limit` messages up to `head`, a cursor that `head()` returned.

        Cached until the room's head moves, since every change to a message gets a number.
        """
        cached = self._newest.get(room_id)
        if cached is None or cached[:2] != (head, limit):
            page = replace(await self.before(room_id, head.seq + 1, limit), newer=False)
            cached = self._newest[room_id] = (head, limit, page)
        return cached[2]

    async def before(self, room_id: str, seq: int, limit: int = PAGE_DEFAULT) -> Page:
        """Return the `limit` messages before `seq`."""
        low = max(1, seq - _bounded(limit))
        messages = await self._between(room_id, low, seq)
        return Page(messages, older=low > 1, newer=True)

    async def after(self, room_id: str, seq: int, limit: int = PAGE_DEFAULT) -> Page:
        """Return the `limit` messages after `seq`."""
        high = seq + 1 + _bounded(limit)
        last = await self._heads.refresh_seq(room_id)
        messages = await self._between(room_id, seq + 1, high)
        return Page(messages, older=seq > 0, newer=last >= high)

    async def around(self, room_id: str, seq: int, limit: int = PAGE_DEFAULT) -> Page:
        """Return about `limit` messages with `seq` in the middle."""
        half = _bounded(limit) // 2
        low, high = max(1, seq - half), seq + half + 1
        last = await self._heads.refresh_seq(room_id)
        messages = await self._between(room_id, low, high)
        return Page(messages, older=low > 1, newer=last >= high)

    async def _between(self, room_id: str, low: int, high: int) -> list[Message]:
        """Return the messages with low <= seq < high, all of which exist up to the room's head."""
        documents = await self._db[MESSAGES].find(
            {"room": room_id, "seq": {"$gte": low, "$lt": high}}, sort=[("seq", 1)]
        )
        return await self._quotes.fill(list(map(from_document, documents)))

    async def since(self, room_id: str, cursor: Cursor) -> Missed | None:
        """Return what a page at `cursor` has missed; None if it is too far behind, or ahead.

        Changes are read before the messages they point at, so that each message is at least as new
        as the returned cursor.
        """
        await self._changes.number(await self._changes.list_unnumbered(room_id))
        changes = await self._db[CHANGES].find(
            {"room": room_id, "n": _next(cursor.change, CATCH_UP_MAX + 1)}, sort=[("n", 1)]
        )
        posts = await self._db[MESSAGES].find(
            {"room": room_id, "seq": _next(cursor.seq, CATCH_UP_MAX + 1)}, sort=[("seq", 1)]
        )
        if max(len(changes), len(posts)) > CATCH_UP_MAX:
            return None
        # Clients send cursors. One ahead of the store is forged or from before a restored backup,
        # and must not change what the heads hold.
        if not posts and cursor.seq > await self._heads.refresh_seq(room_id):
            return None
        if not changes and cursor.change > await self._heads.refresh_change(room_id):
            return None
        reached = Cursor(
            seq=int(posts[-1]["seq"]) if posts else cursor.seq,
            change=int(changes[-1]["n"]) if changes else cursor.change,
        )
        changed = frozenset(int(change["seq"]) for change in changes)
        older = await self.list_some(room_id, {seq for seq in changed if seq <= cursor.seq})
        newer = await self._quotes.fill(list(map(from_document, posts)))
        return Missed([*older, *newer], changed, reached)

    async def list_some(self, room_id: str, seqs: Iterable[int]) -> list[Message]:
        """Return the messages with these seqs, in the order of their seqs."""
        wanted = sorted(set(seqs))
        if not wanted:
            return []
        documents = await self._db[MESSAGES].find(
            {"room": room_id, "seq": {"$in": wanted}}, sort=[("seq", 1)]
        )
        return await self._quotes.fill(list(map(from_document, documents)))

    async def find_sent(self, author_id: str, client_id: str) -> Message | None:
        """Return the message that the author sent with this `client_id`, or None."""
        document = await self._db[MESSAGES].find_one({"author": author_id, "client_id": client_id})
        return from_document(document) if document else None

    async def list_replies(self, room_id: str, root: int) -> list[Message]:
        """Return all replies in the thread of the message `root`, also removed ones, by seq."""
        documents = await self._db[MESSAGES].find({"thread_of": thread_of(room_id, root)})
        replies = sorted(map(from_document, documents), key=lambda message: message.seq)
        return await self._quotes.fill(replies)

    async def count_replies(self, room_id: str, root: int) -> Replies:
        """Return how many replies a message has and when the last came, without removed ones."""
        there = {"thread_of": thread_of(room_id, root), "removed": {"$ne": True}}
        count = await self._db[MESSAGES].count(there)
        last = await self._db[MESSAGES].find(there, sort=[("seq", -1)], limit=1)
        return Replies(count, last[0]["at"]) if last else Replies()

    async def change(
        self, room_id: str, seq: int, mutation: Mutation, *, of_removed: bool = False
    ) -> tuple[Message, int]:
        """Apply `mutation` to a message; return the message and its change's number.

        The number is 0 if the mutation changed nothing. Raises `Missing` for an absent
        message, for a removed one unless `of_removed`, and what `mutation` raises.
        """
        n = await self._changes.make(room_id, seq, mutation, of_removed=of_removed)
        # Read after numbering: of two simultaneous changes, the one numbered last must show both.
        return await self.get(room_id, seq), n

    async def delete_room(self, room_id: str) -> None:
        """Delete all messages and changes of a deleted room; after a failure, call it again."""
        head = await self.head(room_id)
        await delete_series(self._db[MESSAGES], room_id, "seq", head.seq)
        await delete_series(self._db[CHANGES], room_id, "n", head.change)
        self._heads.forget(room_id)
        self._newest.pop(room_id, None)


def _next(number: int, count: int) -> Document:
    # Bounded at both ends: of an open range the embedded database reads everything.
    return {"$gt": number, "$lte": number + count}


def _bounded(limit: int) -> int:
    return max(1, min(limit, PAGE_MAX))
