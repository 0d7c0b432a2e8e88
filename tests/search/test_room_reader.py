"""How far a room is indexed is stored after the index, so that nothing is left out."""

from collections.abc import Sequence

import pytest

from littlechat.messages.store import Messages
from littlechat.platform.database import Database, Unavailable, now
from littlechat.search import room_reader
from littlechat.search.finder import Finder
from littlechat.search.index import SearchIndex
from littlechat.search.query import parse
from littlechat.search.segments import Row
from tests.search.test_finder import ROOMS, World, make_indexer, make_three_rooms
from tests.tabs import ROOM


@pytest.fixture
async def world(db: Database) -> World:
    await make_three_rooms(db)
    return World(db)


async def found(db: Database, typed: str) -> int:
    search = Finder(SearchIndex(db), Messages(db))
    return len((await search.find(parse(typed, now()), ROOMS, limit=100)).messages)


async def test_crash_between_index_and_progress_indexes_again_and_shows_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await world.say(ROOM, f"tree {number}")

    async def die(*_: object) -> None:
        raise Unavailable("killed")

    with monkeypatch.context() as patched:
        patched.setattr(room_reader.RoomReader, "store", die)
        with pytest.raises(Unavailable):
            await world.index()
    assert await found(world.db, "tree") == 4
    again = make_indexer(world.db, SearchIndex(world.db))
    assert await again.catch_up([ROOM]) == 4
    assert await found(world.db, "tree") == 4
    assert await again.catch_up([ROOM]) == 0


async def test_long_messages_are_indexed_a_few_at_a_time_and_none_is_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_reader, "CHARS_AT_ONCE", 150)
    for number in range(7):
        await world.say(ROOM, f"tree {number}")
    appended: list[int] = []
    append = SearchIndex.append

    async def note(index: SearchIndex, rows: Sequence[Row]) -> None:
        appended.append(len(rows))
        await append(index, rows)
        if len(appended) == 2:
            raise Unavailable("killed")

    with monkeypatch.context() as patched:
        patched.setattr(SearchIndex, "append", note)
        with pytest.raises(Unavailable):
            await world.index()
    assert max(appended) <= 3
    await make_indexer(world.db, SearchIndex(world.db)).catch_up([ROOM])
    assert await found(world.db, "tree") == 7
