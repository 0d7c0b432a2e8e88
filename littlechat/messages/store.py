"""The store of messages: gives each its place, keeps changes numbered, pages and catches up.

Posts are numbered `seq` by inserting under the unique index (room, seq), so that no reader ever
passes a number that is not there yet. Changes to posts are numbered `n` the same way, in
`changes.py`. Both together make the `Cursor`.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from littlechat.core import (
    Cursor,
    Draft,
    Invalid,
    Message,
    Page,
    User,
)
from littlechat.messages.changes import Changes
from littlechat.messages.documents import (
    Decide,
    from_document,
    thread_of,
    to_document,
)
from littlechat.messages.heads import FindHint, Heads, delete_series
from littlechat.messages.queries import Queries
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Missing,
    Unavailable,
)

PAGE_MAX = 100
PAGE_DEFAULT = 50

BATCH_MAX = 100
"""Posts stored in one write; 3,700 a second this way where single inserts made 540."""

CATCH_UP_MAX = 500
"""Missed posts, or missed changes, that are replayed; with more, the page reloads its list."""

ROOMS_KEPT = 200
"""Rooms whose newest page is kept."""

NUMBERING_TRIES = 100
"""Each failed try means that another process got a number, so a room's progress is never lost."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What happened after a cursor: new posts, and older ones that changed, each by seq.

    `changed` holds the seqs that the changes point at, those of new posts too.
    """

    messages: list[Message]
    changed: frozenset[int]
    cursor: Cursor


@dataclass(slots=True)
class _Waiting:
    document: Document
    stored: "asyncio.Future[Message]"


class Messages:
    """The store. Sends to one room that come together are written together (group commit)."""

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
        self._changes = Changes(db, self._heads)
        self._alone = alone
        self._on_batch = on_batch
        self._queues: dict[str, deque[_Waiting]] = {}
        self._commits: dict[str, asyncio.Task[None]] = {}
        self._newest: OrderedDict[str, tuple[Cursor, int, Page]] = OrderedDict()

    def use_hints(self, find_hint: FindHint) -> None:
        """Begin the search for a room's head where `find_hint` says, which saves reads."""
        self._heads.find_hint = find_hint

    async def add(self, room_id: str, author: User, draft: Draft) -> Message:
        """Store a post durably and return it.

        A second send with the same `client_id` returns the first post (G4). Raises `Invalid` if
        that one is in another room, `Unavailable` if the database did not say that it stored it.
        """
        stored = asyncio.get_running_loop().create_future()
        document = to_document(room_id, author, draft)
        self._queues.setdefault(room_id, deque()).append(_Waiting(document, stored))
        if room_id not in self._commits:
            self._commits[room_id] = asyncio.create_task(self._commit(room_id), name="commit")
        message: Message = await stored
        if message.room_id != room_id:
            raise Invalid(client_id="This message was already sent to another room.")
        return message

    async def _commit(self, room_id: str) -> None:
        queue = self._queues[room_id]
        try:
            while queue:
                batch = [queue.popleft() for _ in range(min(len(queue), BATCH_MAX))]
                await self._store(room_id, batch)
        finally:
            del self._commits[room_id], self._queues[room_id]

    async def _store(self, room_id: str, batch: list[_Waiting]) -> None:
        try:
            for _ in range(NUMBERING_TRIES + len(batch)):
                batch = await self._store_some(room_id, batch)
                if not batch:
                    return
            raise Unavailable(f"no number to be had after {NUMBERING_TRIES} tries")
        except Exception as error:  # noqa: BLE001 - nobody may be left without an answer
            self._heads.forget(room_id)
            for waiting in batch:
                if not waiting.stored.done():
                    waiting.stored.set_exception(error)

    async def _store_some(self, room_id: str, batch: list[_Waiting]) -> list[_Waiting]:
        last = (await self._heads.known(room_id)).seq
        for offset, waiting in enumerate(batch, start=1):
            waiting.document["seq"] = last + offset
        try:
            await self._db[MESSAGES].insert_many([waiting.document for waiting in batch])
        except Duplicate as clash:
            done = clash.position
        else:
            done = len(batch)
        for waiting in batch[:done]:
            _answer(waiting, from_document(waiting.document))
        self._heads.see(room_id, seq=last + done)
        if done:
            self._on_batch(done)
        return await self._after_clash(room_id, batch[done:])

    async def _after_clash(self, room_id: str, left: list[_Waiting]) -> list[_Waiting]:
        """Return what is still to be stored: the first of `left` met a unique index."""
        if not left:
            return []
        first = left[0]
        earlier = await self._db[MESSAGES].find_one(
            {"author": first.document["author"], "client_id": first.document["client_id"]}
        )
        if earlier is None:
            # Another process took the number.
            await self._heads.refresh_seq(room_id)
            return left
        _answer(first, from_document(earlier))
        return left[1:]

    async def head(self, room_id: str, *, certain: bool = False) -> Cursor:
        """Return the room's cursor as it is now; what is read afterwards is at least as new.

        A process that is alone made every number itself and knows them without reading, for a
        moment at a time; with `certain` the store is read all the same.
        """
        if self._alone and not certain and (end := self._heads.find_exact(room_id)):
            return end
        await self._heads.known(room_id)
        seq, change = await asyncio.gather(
            self._heads.refresh_seq(room_id), self._heads.refresh_change(room_id)
        )
        if certain:
            # Open pages hear at the next beat of a change whose maker crashed.
            forgotten = await self._changes.list_forgotten(room_id)
            change = max(change, await self._changes.number_forgotten(forgotten))
        self._heads.trust(room_id)
        return Cursor(seq, change)

    async def bound(self, room_id: str, seq: int) -> int:
        """Return `seq`, or the last post's number if that is lower; seldom reads."""
        known = (await self._heads.known(room_id)).seq
        return seq if seq <= known else min(seq, await self._heads.refresh_seq(room_id))

    async def get(self, room_id: str, seq: int) -> Message:
        """Return one message; raise `Missing`."""
        document = await self._db[MESSAGES].find_one({"room": room_id, "seq": seq})
        if document is None:
            raise Missing
        return from_document(document)

    async def newest(self, room_id: str, head: Cursor, limit: int = PAGE_DEFAULT) -> Page:
        """Return the last `limit` messages up to `head`, which `head` told.

        Kept until the room's head moves: nothing of a page can change without a number.
        """
        kept = self._newest.get(room_id)
        if kept is None or kept[:2] != (head, limit):
            page = replace(await self.before(room_id, head.seq + 1, limit), newer=False)
            kept = self._newest[room_id] = (head, limit, page)
            if len(self._newest) > ROOMS_KEPT:
                self._newest.popitem(last=False)
        return kept[2]

    async def before(self, room_id: str, seq: int, limit: int = PAGE_DEFAULT) -> Page:
        """Return the `limit` messages just before `seq`."""
        low = max(1, seq - _bounded(limit))
        messages = await self._between(room_id, low, seq)
        return Page(messages, older=low > 1, newer=True)

    async def after(self, room_id: str, seq: int, limit: int = PAGE_DEFAULT) -> Page:
        """Return the `limit` messages just after `seq`."""
        high = seq + 1 + _bounded(limit)
        last = await self._heads.refresh_seq(room_id)
        messages = await self._between(room_id, seq + 1, high)
        return Page(messages, older=seq > 0, newer=last >= high)

    async def around(self, room_id: str, seq: int, limit: int = PAGE_DEFAULT) -> Page:
        """Return about `limit` messages with `seq` in their middle."""
        half = _bounded(limit) // 2
        low, high = max(1, seq - half), seq + half + 1
        last = await self._heads.refresh_seq(room_id)
        messages = await self._between(room_id, low, high)
        return Page(messages, older=low > 1, newer=last >= high)

    async def _between(self, room_id: str, low: int, high: int) -> list[Message]:
        """Return the messages with low <= seq < high: a range, since a room has no holes."""
        documents = await self._db[MESSAGES].find(
            {"room": room_id, "seq": {"$gte": low, "$lt": high}}, sort=[("seq", 1)]
        )
        return list(map(from_document, documents))

    async def since(self, room_id: str, cursor: Cursor) -> Missed | None:
        """Return what a page at `cursor` has not seen; None if it is too far behind, or ahead.

        Changes are read before the posts they point at, so that each post is at least as new as the
        cursor returned says.
        """
        await self._changes.number_forgotten(await self._changes.list_forgotten(room_id))
        changes = await self._db[CHANGES].find(
            {"room": room_id, "n": _next(cursor.change, CATCH_UP_MAX + 1)}, sort=[("n", 1)]
        )
        posts = await self._db[MESSAGES].find(
            {"room": room_id, "seq": _next(cursor.seq, CATCH_UP_MAX + 1)}, sort=[("seq", 1)]
        )
        if max(len(changes), len(posts)) > CATCH_UP_MAX:
            return None
        # A cursor comes from outside: one ahead of the store is not this room's, and must teach
        # nothing about its numbers.
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
        return Missed([*older, *map(from_document, posts)], changed, reached)

    async def list_some(self, room_id: str, seqs: Iterable[int]) -> list[Message]:
        """Return the messages that have these seqs, in their order."""
        wanted = sorted(set(seqs))
        if not wanted:
            return []
        documents = await self._db[MESSAGES].find(
            {"room": room_id, "seq": {"$in": wanted}}, sort=[("seq", 1)]
        )
        return list(map(from_document, documents))

    async def find_sent(self, author_id: str, client_id: str) -> Message | None:
        """Return the message that the author sent under this id, or None."""
        document = await self._db[MESSAGES].find_one({"author": author_id, "client_id": client_id})
        return from_document(document) if document else None

    async def list_replies(self, room_id: str, root: int) -> list[Message]:
        """Return all replies to a message, removed ones too, in their order."""
        documents = await self._db[MESSAGES].find({"thread_of": thread_of(room_id, root)})
        return sorted(map(from_document, documents), key=lambda message: message.seq)

    async def count_replies(self, room_id: str, root: int) -> int:
        """Return how many replies a message has, removed ones too."""
        return await self._db[MESSAGES].count({"thread_of": thread_of(room_id, root)})

    async def change(self, room_id: str, seq: int, decide: Decide) -> tuple[Message, int]:
        """Change a message as `decide` says; return it and its change's number, 0 if it stays.

        `decide` is asked again if another changed it meanwhile. Raises `Missing` for a removed or
        an absent message, and what `decide` raises.
        """
        n = await self._changes.make(room_id, seq, decide)
        # Read again after numbering: of two changes at once, the one numbered last must show both.
        return await self.get(room_id, seq), n

    async def delete_room(self, room_id: str) -> None:
        """Delete everything said in a room that is no more; may be broken off and begun again."""
        head = await self.head(room_id)
        await delete_series(self._db[MESSAGES], room_id, "seq", head.seq)
        await delete_series(self._db[CHANGES], room_id, "n", head.change)
        self._heads.forget(room_id)
        self._newest.pop(room_id, None)


def _answer(waiting: _Waiting, message: Message) -> None:
    if not waiting.stored.done():
        waiting.stored.set_result(message)


def _next(number: int, count: int) -> Document:
    # Closed at both ends: the embedded database reads all of an open range, whatever the limit.
    return {"$gt": number, "$lte": number + count}


def _bounded(limit: int) -> int:
    return max(1, min(limit, PAGE_MAX))
