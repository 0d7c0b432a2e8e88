"""The store of what webhooks are still to be told: one document a message and bot, and when.

Of several processes one takes each delivery, by changing `due` as it read it. One that dies on the
way leaves it due again after a while: a delivery may come twice, and is never lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from littlechat.bots.schema import DELIVERIES
from littlechat.core import LONG_AGO
from littlechat.platform import Database, Document, Duplicate

QUEUE_MAX = 100
"""Deliveries that may wait for one bot."""

LEASE = timedelta(seconds=60)
"""For one try, which takes 10 seconds at the most: after that its process is taken for dead."""

PAUSES = (5, 20, 60, 180)
"""Seconds before each further try; after the last of them it is given up."""

KEPT = timedelta(days=1)
"""What is over stays so long, so that a post sent twice is delivered once; what is not over by
then, since nothing ran, is no news any more."""

NEVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one bot, which was tried `tries` times."""

    id: str
    bot_id: str
    room_id: str
    seq: int
    due: datetime
    tries: int


class Deliveries:
    """The store; what the time is, its callers say."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, bot_id: str, room_id: str, seq: int, at: datetime) -> bool:
        """Let a message wait for a bot; return False if too many wait already. Twice is once.

        One too many is noted as over: who looks for what was never queued must not find it.
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
        """Return those of a room's messages that wait for a bot, or are over."""
        ids = [f"{bot_id}:{seq}" for seq in seqs]
        found = await self._db[DELIVERIES].find({"_id": {"$in": ids}}) if ids else []
        return {int(document["seq"]) for document in found}

    async def list_until(self, at: datetime) -> list[Delivery]:
        """Return the deliveries that are due by `at`, the longest due first."""
        documents = await self._db[DELIVERIES].find({"due": {"$gte": LONG_AGO, "$lte": at}})
        return sorted(map(_delivery, documents), key=lambda one: (one.due, one.seq))

    async def take(self, delivery: Delivery, at: datetime) -> bool:
        """Take a delivery for a try; return False if another process was faster."""
        as_read = {"_id": delivery.id, "due": delivery.due}
        change = {"$set": {"due": at + LEASE}, "$inc": {"tries": 1}}
        return await self._db[DELIVERIES].update(as_read, change)

    async def finish(self, delivery: Delivery) -> None:
        """Be done with a delivery, for good or ill."""
        await self._db[DELIVERIES].update({"_id": delivery.id}, {"$unset": {"due": ""}})

    async def put_off(self, delivery: Delivery, at: datetime, least: int = 0) -> bool:
        """Let a delivery that was just tried in vain be tried again later, or give it up.

        Returns whether it will be. `least` is how many seconds its receiver asked for.
        """
        if delivery.tries >= len(PAUSES):
            await self.finish(delivery)
            return False
        pause = max(PAUSES[delivery.tries], min(least, PAUSES[-1]))
        due = at + timedelta(seconds=pause)
        await self._db[DELIVERIES].update({"_id": delivery.id}, {"$set": {"due": due}})
        return True

    async def drop(self, bot_id: str) -> None:
        """Drop all that waits for a bot."""
        waiting = {"bot": bot_id, "due": {"$gte": LONG_AGO, "$lt": NEVER}}
        await self._db[DELIVERIES].delete(waiting)

    async def sweep(self, at: datetime) -> int:
        """Delete what was kept long enough; return how many."""
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
