"""What a reply shows of the message it answers: read from that message whenever the reply is read.

The reply itself only says whom it answers. So an edit is one change, however many replies show the
message, and a text that was removed is gone from all of them at once.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from littlechat.core import Message
from littlechat.messages.documents import from_document
from littlechat.messages.schema import MESSAGES
from littlechat.platform import Database
from littlechat.text import quote_of

TURN_SECONDS = 0.005
"""How long first lines are looked for before others have a turn."""

Place = tuple[str, int | None]


class Quotes:
    """Gives replies what they show of others."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def fill(self, messages: Sequence[Message]) -> list[Message]:
        """Return messages with what those that they quote say now."""
        quoting = [one for one in messages if one.quote and not one.removed]
        if not quoting:
            return list(messages)
        roots: dict[Place, Message] = {(one.room_id, one.seq): one for one in messages}
        await self._read({(one.room_id, one.thread) for one in quoting} - roots.keys(), roots)
        filled: list[Message] = []
        began = time.monotonic()
        for one in messages:
            root = roots.get((one.room_id, one.thread)) if one.quote else None
            filled.append(replace(one, quote=quote_of(root)) if root else one)
            if time.monotonic() > began + TURN_SECONDS:
                await asyncio.sleep(0)
                began = time.monotonic()
        return filled

    async def _read(self, places: Iterable[Place], roots: dict[Place, Message]) -> None:
        by_room: dict[str, list[int]] = {}
        for room_id, seq in places:
            if seq is not None:
                by_room.setdefault(room_id, []).append(seq)
        for room_id, seqs in by_room.items():
            where = {"room": room_id, "seq": {"$in": sorted(seqs)}}
            for document in await self._db[MESSAGES].find(where):
                root = from_document(document)
                roots[room_id, root.seq] = root
