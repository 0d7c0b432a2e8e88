"""The queue of messages to be sent to webhooks: one document for each message and bot.

A process takes a delivery by moving its `due` time, only if that is still what it read: so one of
several gets it. If the process dies, the delivery is due again after the lease: it may be sent
twice, and is never lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from littlechat.bots.schema import DELIVERIES
from littlechat.core import LONG_AGO
from littlechat.platform import Database, Document, Duplicate

QUEUE_MAX = 100
"""How many deliveries may wait for one bot."""

LEASE = timedelta(seconds=60)
"""How long a process has for one try, which takes 10 seconds at most."""

PAUSES = (5, 20, 60, 180)
"""Seconds before each further try; after the last a delivery is given up."""

KEPT = timedelta(days=1)
"""How long a delivery is kept. One that is done stays, so that a message posted twice is delivered
once; one that still waits by then, since no process ran, is too old to be sent."""

NEVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one bot. `due` is when to try next, `tries` how often it was tried."""

    id: str
    bot_id: str
    room_id: str
    seq: int
    due: datetime
    tries: int


class Deliveries:
    """The store. Callers pass the time."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, bot_id: str, room_id: str, seq: int, at: datetime) -> bool:
        """Queue a message for a bot, once; return False if too many wait already.

        One too many is stored as done, so that `catch_up` does not take it for one never queued.
        """
        waiting = {"bot": bot_id, "due": {"$gte": LONG_AGO, "$lt": NEVER}}
        full = await self._db[DELIVERIES].count(waiting) >= QUEUE_MAX
        document: Document = {
            "_id": f"{bot_id}:{seq}",
            "bot": bot_id,
            "room": room_id,
            "seq": seq,
            "tries": 0,
            "expires": at + KEPT,
        }
        if not full:
            document["due"] = at
        try:
            await self._db[DELIVERIES].insert(document)
        except Duplicate:
            return True
        return not full

    async def list_known(self, bot_id: str, seqs: Sequence[int]) -> set[int]:
        """Return those of a room's messages that are queued for a bot, or done."""
        ids = [f"{bot_id}:{seq}" for seq in seqs]
        found = await self._db[DELIVERIES].find({"_id": {"$in": ids}}) if ids else []
        return {int(document["seq"]) for document in found}

    async def list_until(self, at: datetime) -> list[Delivery]:
        """Return the deliveries that are due by `at`, the longest due first."""
        documents = await self._db[DELIVERIES].find({"due": {"$gte": LONG_AGO, "$lte": at}})
        return sorted(map(_delivery, documents), key=lambda one: (one.due, one.seq))

    async def take(self, delivery: Delivery, at: datetime) -> bool:
        """Take a delivery for one try; return False if another process took it first."""
        as_read = {"_id": delivery.id, "due": delivery.due}
        change = {"$set": {"due": at + LEASE}, "$inc": {"tries": 1}}
        return await self._db[DELIVERIES].update(as_read, change)

    async def finish(self, delivery: Delivery) -> None:
        """Store that a delivery is done, whether it succeeded or was given up."""
        await self._db[DELIVERIES].update({"_id": delivery.id}, {"$unset": {"due": ""}})

    async def put_off(self, delivery: Delivery, at: datetime, least: int = 0) -> bool:
        """Set when a delivery that failed is tried again, or give it up.

        Returns whether it is tried again. `least` is how many seconds its receiver asked for.
        """
        if delivery.tries >= len(PAUSES):
            await self.finish(delivery)
            return False
        pause = max(PAUSES[delivery.tries], min(least, PAUSES[-1]))
        due = at + timedelta(seconds=pause)
        await self._db[DELIVERIES].update({"_id": delivery.id}, {"$set": {"due": due}})
        return True

    async def drop(self, bot_id: str) -> None:
        """Delete all deliveries that wait for a bot."""
        waiting = {"bot": bot_id, "due": {"$gte": LONG_AGO, "$lt": NEVER}}
        await self._db[DELIVERIES].delete(waiting)

    async def sweep(self, at: datetime) -> int:
        """Delete the deliveries that have expired at `at`; return how many."""
        return await self._db[DELIVERIES].delete({"expires": {"$gte": LONG_AGO, "$lte": at}})


def _delivery(document: Document) -> Delivery:
    return Delivery(
        id=str(document["_id"]),
        bot_id=str(document["bot"]),
        room_id=str(document["room"]),
        seq=int(document["seq"]),
        due=document["due"],
        tries=int(document["tries"]),
    )
