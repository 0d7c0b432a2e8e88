"""The remembered heads of rooms: never ahead of the store, and exact only for a while."""

import pytest

from littlechat.core.messages import Cursor, Draft, Position
from littlechat.core.names import new_id
from littlechat.messages import heads as heads_module
from littlechat.messages.heads import LEAP_NUMBERS, Heads
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


async def test_an_empty_room_has_its_head_at_zero(db: Database) -> None:
    assert await Heads(db).known(ROOM) == Cursor(0, 0)
    assert await Heads(db).refresh_seq(ROOM) == 0
    assert await Heads(db).refresh_change(ROOM) == 0


@pytest.mark.parametrize(
    "count", [1, *(LEAP_NUMBERS + more for more in (-1, 0, 1)), 5 * LEAP_NUMBERS + 3]
)
async def test_the_last_number_is_found_however_far_it_is(db: Database, count: int) -> None:
    await db[MESSAGES].insert_many(
        [
            {"room": ROOM, "seq": seq, "author": "a", "client_id": str(seq)}
            for seq in range(1, count + 1)
        ]
    )
    assert await Heads(db).refresh_seq(ROOM) == count


async def test_a_known_head_never_goes_back_and_starts_at_the_hint(db: Database) -> None:
    await say(db, 4)

    async def hint(room_id: str) -> Position:
        return Position(2)

    heads = Heads(db)
    heads.find_hint = hint
    assert (await heads.known(ROOM)).seq == 2
    assert await heads.refresh_seq(ROOM) == 4
    assert heads.note(ROOM, seq=3) == Cursor(4, 0)
    heads.forget(ROOM)
    assert (await heads.known(ROOM)).seq == 2


async def test_a_head_is_exact_until_time_passes_or_it_is_marked_inexact_or_forgotten(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = Heads(db)
    await heads.refresh_seq(ROOM)
    assert heads.find_exact(ROOM) is None
    for mark in (heads.mark_inexact, heads.forget):
        await heads.known(ROOM)
        heads.mark_exact(ROOM)
        assert heads.find_exact(ROOM) == Cursor(0, 0)
        mark(ROOM)
        assert heads.find_exact(ROOM) is None
    monkeypatch.setattr(heads_module, "EXACT_SECONDS", 0.0)
    heads.mark_exact(ROOM)
    assert heads.find_exact(ROOM) is None


@pytest.mark.parametrize("last", [0, 3, 9])
async def test_a_series_is_deleted_whatever_last_number_is_given(
    db: Database, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    monkeypatch.setattr(heads_module, "DELETE_SLICE_NUMBERS", 2)
    for room, seq in ((ROOM, 1), (ROOM, 2), (ROOM, 3), (ROOM, 4_321), ("other", 1)):
        await db[CHANGES].insert({"room": room, "n": seq, "seq": 1})
    await heads_module.delete_series(db[CHANGES], ROOM, "n", last)
    assert [one["room"] for one in await db[CHANGES].find({})] == ["other"]


async def test_a_deletion_that_fails_leaves_the_beginning_of_the_series(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads_module, "DELETE_SLICE_NUMBERS", 2)
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
        await heads_module.delete_series(db[CHANGES], ROOM, "n", 6)
    assert sorted(one["n"] for one in await db[CHANGES].find({})) == [1, 2, 3]


@pytest.mark.parametrize(("late", "writes"), [((), 0), ((4_321,), 1)])
async def test_a_deleted_series_is_not_deleted_again(
    db: Database, monkeypatch: pytest.MonkeyPatch, late: tuple[int, ...], writes: int
) -> None:
    for n in late:
        await db[CHANGES].insert({"room": ROOM, "n": n, "seq": 1})
    delete, done = Collection.delete, []

    async def counted(self: Collection, where: Filter) -> int:
        done.append(where)
        return await delete(self, where)

    monkeypatch.setattr(Collection, "delete", counted)
    await heads_module.delete_series(db[CHANGES], ROOM, "n", 1_000_000)
    assert len(done) == writes
    assert await db[CHANGES].count({}) == 0
