"""Fills rooms with messages, and reads all of them back."""

import asyncio

from littlechat.core.messages import Draft, Message
from littlechat.core.names import new_id
from littlechat.messages.store import PAGE_MAX, Messages
from littlechat.platform.database import Database
from tests.tabs import ADA, ROOM


async def fill(store: Messages, count: int, room: str = ROOM) -> list[Message]:
    """Post `count` messages, in order."""
    sends = [store.add(room, ADA, Draft(f"text {n}", new_id())) for n in range(1, count + 1)]
    return list(await asyncio.gather(*sends))


async def everything(db: Database, room: str = ROOM) -> list[Message]:
    """Return all that a room holds, as a store that knows nothing yet reads it."""
    store = Messages(db)
    head = await store.head(room)
    shown: list[Message] = []
    seq = 0
    while page := (await store.after(room, seq, PAGE_MAX)).messages:
        shown += page
        seq = page[-1].seq
    assert seq == head.seq
    return shown
