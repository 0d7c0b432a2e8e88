"""The numbered changes; what catch-up makes of them is tested in `test_store`."""

import asyncio

import pytest

from littlechat.core.messages import Draft, Message
from littlechat.messages.changes import Changes
from littlechat.messages.heads import Heads
from littlechat.messages.mutations import edited, emptied
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


async def test_a_mutation_is_applied_again_to_what_another_process_left(
    db: Database, changes: Changes
) -> None:
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


async def test_a_mutation_that_changes_nothing_takes_no_number(
    db: Database, changes: Changes
) -> None:
    assert await changes.make(ROOM, 1, lambda message: None) == 0
    assert await db[CHANGES].count({"room": ROOM}) == 0


async def test_a_removed_message_cannot_be_changed(changes: Changes) -> None:
    await changes.make(ROOM, 1, emptied(ADA))
    for seq in (1, 2):
        with pytest.raises(Missing):
            await changes.make(ROOM, seq, edited("again", ADA))


async def test_an_unnumbered_change_is_numbered_later(db: Database, changes: Changes) -> None:
    await db[MESSAGES].update({"room": ROOM, "seq": 1}, {"$set": {"unnumbered": True}})
    unnumbered = await changes.list_unnumbered(ROOM)
    assert await changes.number(unnumbered) == 1
    assert await changes.list_unnumbered(ROOM) == []
    assert await changes.number([]) == 0
