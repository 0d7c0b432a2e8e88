"""Coming into a room, leaving it, and being removed."""

import asyncio

import pytest

from littlechat.core.errors import Refused
from littlechat.platform.database import (
    Database,
    Missing,
)
from littlechat.rooms.facade import Rooms
from littlechat.rooms.schema import ROOMS
from tests.rooms.membership import enter, membership
from tests.tabs import ADA, BEN, CLEO, DAN


async def test_joining_twice_is_once_and_the_members_are_counted(rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Garden", "", "public")
    await asyncio.gather(
        *(rooms.members.join(room.id, BEN) for _ in range(4)), rooms.members.join(room.id, CLEO)
    )
    assert [m.user_name for m in await rooms.memberships.list_of(room.id)] == ["Ada", "Ben", "Cleo"]
    assert (await rooms.store.get(room.id)).members == 3
    assert not (await membership(rooms, room, BEN)).may_manage
    await rooms.members.leave(room.id, BEN)
    assert (await rooms.store.get(room.id)).members == 2
    assert await rooms.memberships.find(room.id, BEN) is None


async def test_a_count_that_a_crash_left_wrong_is_put_right_by_the_next_to_come(
    db: Database, rooms: Rooms
) -> None:
    room = await rooms.store.create(ADA, "Garden", "", "public")
    await db[ROOMS].update({"_id": room.id}, {"$set": {"members": 77}})
    await rooms.members.join(room.id, BEN)
    assert (await rooms.store.get(room.id)).members == 2


async def test_leaving_a_room_that_one_is_not_in_is_missing(rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Garden", "", "public")
    for room_id in (room.id, "nowhere"):
        with pytest.raises(Missing):
            await rooms.members.leave(room_id, DAN)


async def test_who_made_a_room_and_leaves_is_followed_by_the_longest_there(
    db: Database, rooms: Rooms
) -> None:
    room = await rooms.store.create(ADA, "Garden", "", "private")
    await enter(db, rooms, room, CLEO, BEN)
    await rooms.members.leave(room.id, ADA)
    assert (await membership(rooms, room, CLEO)).may_manage
    assert not (await membership(rooms, room, BEN)).may_manage


async def test_the_last_one_in_a_private_room_cannot_leave_it_orphaned(
    db: Database, rooms: Rooms
) -> None:
    room = await rooms.store.create(ADA, "Secret", "", "private")
    await enter(db, rooms, room, BEN)
    await rooms.members.leave(room.id, ADA)
    with pytest.raises(Refused):
        await rooms.members.leave(room.id, BEN)
    assert (await rooms.store.get(room.id)).members == 1


async def test_the_last_one_may_leave_a_public_room_and_another_come(rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Garden", "", "public")
    await rooms.members.leave(room.id, ADA)
    assert (await rooms.store.get(room.id)).members == 0
    await rooms.members.join(room.id, BEN)
    assert (await rooms.store.get(room.id)).members == 1


async def test_a_member_can_be_removed_but_not_who_manages(db: Database, rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Garden", "", "public")
    await enter(db, rooms, room, BEN)
    with pytest.raises(Refused):
        await rooms.members.remove(room.id, "Ada")
    with pytest.raises(Missing):
        await rooms.members.remove(room.id, "Dan")
    removed = await rooms.members.remove(room.id, "Ben")
    assert (removed.user_id, (await rooms.store.get(room.id)).members) == (BEN.id, 1)
    assert await rooms.memberships.find(room.id, BEN) is None
