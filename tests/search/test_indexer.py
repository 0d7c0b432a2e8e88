"""The follower: everything is indexed once it was told of or swept, through crashes and twins."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from littlechat.core.messages import Draft
from littlechat.core.names import new_id
from littlechat.messages import queries
from littlechat.messages.mutations import edited
from littlechat.messages.store import Messages
from littlechat.platform.database import Database, Unavailable, now
from littlechat.rooms.schema import ROOMS as ROOMS_COLLECTION
from littlechat.search import indexer as module
from littlechat.search.finder import Finder
from littlechat.search.index import SearchIndex
from littlechat.search.query import parse
from littlechat.search.schema import SEARCH_ROOMS, SEARCH_SEGMENTS, SEARCH_STATE
from littlechat.search.segments import Row
from littlechat.web.services import Services
from tests.factories import WAIT_SECONDS, make_rooms
from tests.search.test_finder import ROOMS, World, a_room, make_indexer, make_three_rooms
from tests.tabs import ADA, ROOM


@pytest.fixture
async def world(db: Database) -> World:
    await make_three_rooms(db)
    return World(db)


async def found(db: Database, typed: str) -> int:
    search = Finder(SearchIndex(db), Messages(db))
    return len((await search.find(parse(typed, now()), ROOMS, limit=100)).messages)


async def test_sweep_indexes_what_was_there_before_the_index(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "BULK_NUMBERS", 3)
    for number in range(20):
        await world.say(ROOMS[number % 2], f"tree {number}")
    await world.say("cellar", "tree 20")
    assert await world.indexer.sweep(rest=0) == 21
    assert await found(world.db, "tree") == 21
    assert await world.indexer.sweep(rest=0) == 0
    assert len((await world.search_index.manifest()).entries) == 1


async def test_crash_before_the_index_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.say(ROOM, "tree")

    async def die(self: SearchIndex, rows: Sequence[Row]) -> None:
        raise Unavailable("killed")

    with monkeypatch.context() as patched:
        patched.setattr(SearchIndex, "append", die)
        with pytest.raises(Unavailable):
            await world.index()
    assert await found(world.db, "tree") == 0
    await world.index()
    assert await found(world.db, "tree") == 1


async def test_two_processes_do_no_harm_to_each_other(world: World) -> None:
    other = World(world.db)
    for number in range(30):
        message = await world.say(ROOM, f"tree {number}")
        if number % 3 == 0:
            await world.messages.change(ROOM, message.seq, edited(f"tree and {number}", ADA))
        if number % 5 == 0:
            await asyncio.gather(world.index(), other.index(), other.indexer.sweep(rest=0))
    await asyncio.gather(world.index(), other.index())
    assert await found(world.db, "tree") == 30
    assert await found(world.db, "and") == 10


async def test_deleted_room_leaves_the_index(world: World) -> None:
    await world.say(ROOM, "secret")
    await world.say("attic", "other")
    await world.index()
    await world.db[ROOMS_COLLECTION].delete({"_id": ROOM})
    await world.indexer.sweep(rest=0)
    await world.search_index.delete_retired(seconds=0)
    assert await world.db[SEARCH_ROOMS].find_one({"_id": ROOM}) is None
    assert "secret" not in str(await world.db[SEARCH_SEGMENTS].find({}))
    assert "other" in str(await world.db[SEARCH_SEGMENTS].find({}))


async def test_a_deep_sweep_reads_little_of_each_quiet_room_and_rests_between_them(
    world: World, database_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        room = f"room{number}"
        await world.db[ROOMS_COLLECTION].insert(a_room(room, now()))
        await world.say(room, "tree")
    await world.indexer.sweep(rest=0)
    took: list[float] = []
    db = Database(database_uri, took.append)
    rests: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        rests.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    await make_indexer(db, SearchIndex(db)).sweep(deep=False)
    shallow = len(took)
    took.clear()
    rests.clear()
    await make_indexer(db, SearchIndex(db)).sweep(deep=True)
    db.close()
    rooms = 40 + len(ROOMS)
    assert len(took) - shallow <= 2 * rooms + 3
    assert len([one for one in rests if one > 0]) == rooms
    assert sum(rests) > 2 * sum(took)


async def test_a_deep_sweep_finds_changes_whose_event_was_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOKED_UP", 2)
    for room in ROOMS:
        await world.say(room, "tree")
    await world.indexer.sweep(rest=0)
    for room in ROOMS:
        await world.messages.change(room, 1, edited("bush", ADA))
    await world.say(ROOMS[1], "bush too")
    assert await world.indexer.sweep(deep=False, rest=0) == 0
    assert await found(world.db, "bush") == 0
    assert await world.indexer.sweep(rest=0) == 4
    assert (await found(world.db, "bush"), await found(world.db, "tree")) == (4, 0)
    assert await world.indexer.sweep(rest=0) == 0


async def test_sweeping_is_done_by_one_process_at_a_time(world: World) -> None:
    other = make_indexer(world.db, world.search_index)
    assert await world.indexer._lease()
    assert await world.indexer._lease()
    assert not await other._lease()
    past = {"$set": {"until": now() - timedelta(seconds=1)}}
    await world.db[SEARCH_STATE].update({"_id": module.LEASE}, past)
    assert await other._lease()
    assert not await world.indexer._lease()


async def test_what_is_said_and_changed_is_found_soon(
    db: Database, here: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.01)
    await make_three_rooms(db)
    here.search.indexer.open()
    try:
        message = await here.actions.messages.say(ROOM, ADA, Draft("tree", new_id()))
        await until_found(here, "tree", 1)
        await here.actions.messages.edit(ROOM, message.seq, ADA, "bush")
        await until_found(here, "bush", 1)
        await until_found(here, "tree", 0)
    finally:
        await here.search.indexer.close()


async def until_found(served: Services, typed: str, count: int) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while len((await served.search.finder.find(parse(typed, now()), ROOMS)).messages) != count:
            await asyncio.sleep(0.02)


async def test_indexer_goes_on_after_a_failure(
    db: Database, here: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.01)
    await make_three_rooms(db)
    tries = 0
    append = SearchIndex.append

    async def fail_once(self: SearchIndex, rows: Sequence[Row]) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Unavailable("for a moment")
        await append(self, rows)

    monkeypatch.setattr(SearchIndex, "append", fail_once)
    here.search.indexer.open()
    try:
        await here.actions.messages.say(ROOM, ADA, Draft("tree", new_id()))
        async with asyncio.timeout(WAIT_SECONDS):
            while not tries:
                await asyncio.sleep(0.01)
        await here.actions.messages.say(ROOM, ADA, Draft("tree too", new_id()))
        await until_found(here, "tree", 2)
    finally:
        await here.search.indexer.close()


async def test_what_was_said_in_a_room_that_was_deleted_leaves_the_index(world: World) -> None:
    await world.say(ROOM, "secret")
    await world.say("attic", "other")
    await world.index()
    await make_rooms(world.db).store.delete(ROOM)
    await world.indexer.sweep(rest=0)
    # Heard of late: it must not begin anew.
    await world.indexer.catch_up([ROOM])
    await world.search_index.delete_retired(seconds=0)
    assert await world.db[SEARCH_ROOMS].find_one({"_id": ROOM}) is None
    assert "secret" not in str(await world.db[SEARCH_SEGMENTS].find({}))
    assert "other" in str(await world.db[SEARCH_SEGMENTS].find({}))
    assert await world.indexer.sweep(rest=0) == 0
