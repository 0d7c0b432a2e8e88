"""Memberships: who is in a room, and what is kept with it."""

from littlechat.platform.database import (
    Database,
)
from littlechat.rooms.facade import Rooms
from tests.rooms.membership import enter, membership
from tests.tabs import ADA, BEN, CLEO, DAN


async def test_only_members_are_found_among_people(db: Database, rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Garden", "", "public")
    await enter(db, rooms, room, BEN)
    assert await rooms.memberships.list_among(room.id, [ADA.id, BEN.id, DAN.id]) == {ADA.id, BEN.id}
    assert await rooms.memberships.list_among("nowhere", [ADA.id]) == set()


async def test_a_level_is_kept_with_the_membership_and_no_other(rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Garden", "", "public")
    await rooms.members.join(room.id, BEN)
    await rooms.memberships.set_level(room.id, BEN.id, "everything")
    assert (await membership(rooms, room, BEN)).level == "everything"
    assert (await membership(rooms, room, ADA)).level is None
    await rooms.memberships.set_level(room.id, BEN.id, None)
    assert (await membership(rooms, room, BEN)).level is None
    await rooms.memberships.set_level(room.id, CLEO.id, "nothing")
    assert await rooms.memberships.find(room.id, CLEO) is None
