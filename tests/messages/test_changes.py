"""The series of changes. What a whole store makes of it is tested in `test_messages`."""

import asyncio

import pytest

from littlechat.core.messages import Draft, Message
from littlechat.messages.changes import Changes
from littlechat.messages.documents import edited, emptied
from littlechat.messages.heads import Heads
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.messages.store import Messages
from littlechat.platform.database import Database, Document, Missing
from tests.tabs import ADA, ROOM


@pytest.fixture
async def changes(db: Database) -> Changes:
    await Messages(db).add(ROOM, ADA, Draft("one", "c1"))
    return Changes(db, Heads(db))


async def test_changes_are_numbered_without_holes(db: Database, changes: Changes) -> None:
    made = [changes.make(ROOM, 1, edited(f"text {n}", ADA)) for n in range(10)]
    assert sorted(await asyncio.gather(*made)) == list(range(1, 11))
    assert [change["n"] for change in await db[CHANGES].find({"room": ROOM}, [("n", 1)])] == list(
        range(1, 11)
    )


async def test_decision_is_made_again_on_what_another_left(db: Database, changes: Changes) -> None:
    seen: list[str] = []

    def append(message: Message) -> Document:
        seen.append(message.body)
        return {"body": message.body + "+"}

    await asyncio.gather(*(changes.make(ROOM, 1, append) for _ in range(5)))
    document = await db[MESSAGES].find_one({"room": ROOM, "seq": 1})
    assert document
    assert document["body"] == "one+++++"
    assert document["version"] == 5
    assert len(seen) >= 5


async def test_nothing_to_change_takes_no_number(db: Database, changes: Changes) -> None:
    assert await changes.make(ROOM, 1, lambda message: None) == 0
    assert await db[CHANGES].count({"room": ROOM}) == 0


async def test_removed_message_does_not_change_any_more(changes: Changes) -> None:
    await changes.make(ROOM, 1, emptied(ADA))
    for seq in (1, 2):
        with pytest.raises(Missing):
            await changes.make(ROOM, seq, edited("again", ADA))


async def test_forgotten_change_is_numbered_later(db: Database, changes: Changes) -> None:
    await db[MESSAGES].update({"room": ROOM, "seq": 1}, {"$set": {"unnumbered": True}})
    forgotten = await changes.list_forgotten(ROOM)
    assert await changes.number_forgotten(forgotten) == 1
    assert await changes.list_forgotten(ROOM) == []
    assert await changes.number_forgotten([]) == 0
