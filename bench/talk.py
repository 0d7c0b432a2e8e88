"""Puts a team's talk straight into the database: many rooms, words as common as in a language."""

import asyncio
import itertools
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import MongoClient, WriteConcern

BATCH = 1_000
START = datetime(2025, 1, 1, tzinfo=UTC)
VOCABULARY = 20_000
WORDS = 12
STARTS, MIDDLES = "b c d f g h k l m n p r s t br st tr".split(), "a e i o u ai ea".split()


def vocabulary() -> list[str]:
    """Return words, the commonest first: word n is said 1/n as often as the first (Zipf's law)."""
    chance = random.Random(1)
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        parts = chance.randint(1, 3)
        word = "".join(chance.choice(STARTS) + chance.choice(MIDDLES) for _ in range(parts))
        words[word + chance.choice(["", "n", "r", "s", "ck", "ng"])] = None
    return list(words)


async def load(uri: str, rooms: list[str], author: str, count: int) -> float:
    """Store `count` messages spread over rooms as unevenly as words; return the seconds it took."""
    began = time.monotonic()
    await asyncio.to_thread(_load, uri, rooms, author, count)
    seconds = time.monotonic() - began
    print(f"  loaded {count:,} messages in {seconds:.0f} s", file=sys.stderr, flush=True)
    return seconds


def _load(uri: str, rooms: list[str], author: str, count: int) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(uri)
    database = client.get_default_database("littlechat")
    messages = database.get_collection("messages", write_concern=WriteConcern(1, j=False))
    user = database["users"].find_one({"name": author})
    assert user is not None
    chance = random.Random(2)
    words, weights = vocabulary(), _zipf(VOCABULARY)
    places = chance.choices(rooms, cum_weights=_zipf(len(rooms)), k=count)
    last = dict.fromkeys(rooms, 0)
    for start in range(0, count, BATCH):
        batch = []
        for number in range(start, min(start + BATCH, count)):
            room = places[number]
            last[room] += 1
            batch.append(
                {
                    "room": room,
                    "seq": last[room],
                    "author": user["_id"],
                    "author_name": author,
                    "client_id": f"loaded-{number}",
                    "body": " ".join(chance.choices(words, cum_weights=weights, k=WORDS)),
                    "at": START + timedelta(seconds=20 * number),
                    "version": 0,
                }
            )
        messages.insert_many(batch)
    for room, seq in last.items():
        database["rooms"].update_one({"_id": room}, {"$set": {"last_seq": seq, "last_at": START}})
    client.close()


def _zipf(count: int) -> list[float]:
    return list(itertools.accumulate(1 / rank for rank in range(1, count + 1)))
