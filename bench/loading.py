"""Puts messages straight into the database, as littlechat would have stored them."""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import MongoClient, WriteConcern

from littlechat.messages.store import Messages
from littlechat.platform.database import Database
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.store import RoomStore
from littlechat.search.facade import Search

BATCH = 1_000
START = datetime(2026, 1, 1, tzinfo=UTC)


async def load(uri: str, room: str, author: str, count: int) -> float:
    """Store messages 1 to `count` of a room; return how many seconds it took."""
    began = time.monotonic()
    await asyncio.to_thread(_load, uri, room, author, count)
    seconds = time.monotonic() - began
    print(f"  loaded {count:,} messages in {seconds:.0f} s", file=sys.stderr, flush=True)
    return seconds


def _load(uri: str, room: str, author: str, count: int) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(uri)
    database = client.get_default_database("littlechat")
    # Each batch need not be on the disk before the next.
    messages = database.get_collection("messages", write_concern=WriteConcern(1, j=False))
    user = database["users"].find_one({"name": author})
    assert user is not None
    fixed = {"room": room, "author": user["_id"], "author_name": author, "version": 0}
    for start in range(1, count + 1, BATCH):
        messages.insert_many(
            [
                {
                    **fixed,
                    "client_id": f"loaded-{seq}",
                    "body": f"Message {seq} of a long conversation, with *some* words in it.",
                    "at": START + timedelta(seconds=seq),
                    "seq": seq,
                }
                for seq in range(start, min(start + BATCH, count + 1))
            ]
        )
    last = {"last_seq": count, "last_at": START + timedelta(seconds=count)}
    database["rooms"].update_one({"_id": room}, {"$set": last})
    client.close()


async def index(uri: str) -> int:
    """Let search catch up with what was loaded; return how many messages that was."""
    database, done = Database(uri), 0
    messages = Messages(database)
    rooms = RoomStore(database, Memberships(database))
    indexer = Search(database, messages, rooms).indexer
    while some := await indexer.sweep(rest=0):
        done += some
    database.close()
    return done
