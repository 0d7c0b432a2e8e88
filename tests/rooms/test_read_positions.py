"""Read positions move forward by reading, and back by choice."""

import asyncio

import pytest

from littlechat.core.messages import Position
from littlechat.core.people import User
from littlechat.core.rooms import Room
from littlechat.platform.database import Database
from littlechat.rooms.facade import Rooms
from littlechat.rooms.schema import MEMBERSHIPS
from tests.factories import make_rooms
from tests.tabs import ADA, BEN, CLEO


@pytest.fixture
def rooms(db: Database) -> Rooms:
    return make_rooms(db)


@pytest.fixture
async def garden(rooms: Rooms) -> Room:
    """A room of Ada's that Ben is in."""
    room = await rooms.store.create(ADA, "Garden", "", "public")
    await rooms.members.join(room.id, BEN)
    return room


async def position(rooms: Rooms, room: Room, user: User) -> int:
    found = await rooms.memberships.find(room.id, user)
    assert found
    return found.read_seq


async def test_positions_move_forward_and_are_put_back(rooms: Rooms, garden: Room) -> None:
    for seq, expected in ((3, 3), (2, 3), (5, 5)):
        await rooms.read_positions.advance(garden.id, BEN.id, Position(seq))
        assert await position(rooms, garden, BEN) == expected
    await rooms.read_positions.put_back(garden.id, BEN.id, Position(1))
    assert await position(rooms, garden, BEN) == 1
    assert await position(rooms, garden, ADA) == 0
    (listed,) = (await rooms.store.list_visible(BEN))[0]
    assert listed.read_seq == 1


async def test_positions_of_at_once_leave_the_furthest(rooms: Rooms, garden: Room) -> None:
    await asyncio.gather(
        *(rooms.read_positions.advance(garden.id, BEN.id, Position(n)) for n in (4, 9, 2, 7))
    )
    assert await position(rooms, garden, BEN) == 9


async def test_who_is_no_member_has_no_position(rooms: Rooms, garden: Room, db: Database) -> None:
    await rooms.read_positions.advance(garden.id, CLEO.id, Position(3))
    await rooms.read_positions.put_back(garden.id, CLEO.id, Position(3))
    assert await db[MEMBERSHIPS].count({"user": CLEO.id}) == 0
