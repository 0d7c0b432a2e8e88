"""What a process knows of where a room ends: never ahead of the store, sure only for a moment."""

import pytest

from littlechat.core.messages import Cursor, Draft
from littlechat.core.names import new_id
from littlechat.messages import heads as ends
from littlechat.messages.heads import LEAP, Heads
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.messages.store import Messages
from littlechat.platform.database import (
    Collection,
    Database,
    Filter,
    Unavailable,
)
from tests.tabs import ADA, ROOM


async def say(db: Database, count: int) -> None:
    messages = Messages(db)
    for _ in range(count):
        await messages.add(ROOM, ADA, Draft("text", new_id()))


async def test_an_empty_room_ends_at_nothing(db: Database) -> None:
    assert await Heads(db).known(ROOM) == Cursor(0, 0)
    assert await Heads(db).refresh_seq(ROOM) == 0
    assert await Heads(db).refresh_change(ROOM) == 0


@pytest.mark.parametrize("count", [1, LEAP - 1, LEAP, LEAP + 1, 5 * LEAP + 3])
async def test_the_end_is_found_however_far_it_is(db: Database, count: int) -> None:
    await db[MESSAGES].insert_many(
        [
            {"room": ROOM, "seq": seq, "author": "a", "client_id": str(seq)}
            for seq in range(1, count + 1)
        ]
    )
    assert await Heads(db).refresh_seq(ROOM) == count


async def test_what_is_known_never_goes_back_and_the_hint_is_only_a_beginning(db: Database) -> None:
    await say(db, 4)

    async def hint(room_id: str) -> int:
        return 2

    known = Heads(db)
    known.find_hint = hint
    assert (await known.known(ROOM)).seq == 2
    assert await known.refresh_seq(ROOM) == 4
    assert known.see(ROOM, seq=3) == Cursor(4, 0)
    known.forget(ROOM)
    assert (await known.known(ROOM)).seq == 2


async def test_trust_ends_by_itself_by_doubt_and_by_forgetting(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Heads(db)
    await known.refresh_seq(ROOM)
    assert known.find_exact(ROOM) is None
    for distrust in (known.doubt, known.forget):
        await known.known(ROOM)
        known.trust(ROOM)
        assert known.find_exact(ROOM) == Cursor(0, 0)
        distrust(ROOM)
        assert known.find_exact(ROOM) is None
    monkeypatch.setattr(ends, "EXACT_SECONDS", 0.0)
    known.trust(ROOM)
    assert known.find_exact(ROOM) is None


@pytest.mark.parametrize("last", [0, 3, 9])
async def test_a_series_is_deleted_whatever_is_known_of_its_end(
    db: Database, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    monkeypatch.setattr(ends, "DELETE_SLICE", 2)
    for room, seq in ((ROOM, 1), (ROOM, 2), (ROOM, 3), (ROOM, 4_321), ("other", 1)):
        await db[CHANGES].insert({"room": room, "n": seq, "seq": 1})
    await ends.delete_series(db[CHANGES], ROOM, "n", last)
    assert [one["room"] for one in await db[CHANGES].find({})] == ["other"]


async def test_a_deletion_that_is_broken_off_leaves_the_beginning(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "DELETE_SLICE", 2)
    for seq in range(1, 7):
        await db[CHANGES].insert({"room": ROOM, "n": seq, "seq": 1})
    delete, done = Collection.delete, 0

    async def twice(self: Collection, where: Filter) -> int:
        nonlocal done
        done += 1
        if done > 2:
            raise Unavailable("killed")
        return await delete(self, where)

    monkeypatch.setattr(Collection, "delete", twice)
    with pytest.raises(Unavailable):
        await ends.delete_series(db[CHANGES], ROOM, "n", 6)
    assert sorted(one["n"] for one in await db[CHANGES].find({})) == [1, 2, 3]


@pytest.mark.parametrize(("late", "writes"), [((), 0), ((4_321,), 1)])
async def test_a_series_that_is_gone_is_not_deleted_over_and_over(
    db: Database, monkeypatch: pytest.MonkeyPatch, late: tuple[int, ...], writes: int
) -> None:
    for n in late:
        await db[CHANGES].insert({"room": ROOM, "n": n, "seq": 1})
    delete, done = Collection.delete, []

    async def counted(self: Collection, where: Filter) -> int:
        done.append(where)
        return await delete(self, where)

    monkeypatch.setattr(Collection, "delete", counted)
    await ends.delete_series(db[CHANGES], ROOM, "n", 1_000_000)
    assert len(done) == writes
    assert await db[CHANGES].count({}) == 0
