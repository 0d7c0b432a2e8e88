"""Who may not come back into a room."""

import asyncio

import pytest

from littlechat.core.errors import Refused
from littlechat.platform.database import Database, Missing
from littlechat.rooms.bans import Bans
from tests.factories import make_rooms
from tests.tabs import ADA, BEN, CLEO


async def test_a_ban_holds_in_its_room_until_it_is_lifted(db: Database) -> None:
    bans = Bans(db)
    for _ in range(2):
        await bans.add("garden", BEN.id, "Ben", ADA)
    assert await bans.is_banned("garden", BEN.id)
    assert not await bans.is_banned("attic", BEN.id)
    assert not await bans.is_banned("garden", CLEO.id)
    assert [(ban.user_name, ban.by_name) for ban in await bans.list_bans("garden")] == [
        ("Ben", "Ada")
    ]
    with pytest.raises(Missing):
        await bans.lift("attic", "Ben")
    await bans.lift("garden", "Ben")
    assert await bans.list_bans("garden") == []


async def test_who_is_banned_comes_in_by_no_way(db: Database) -> None:
    rooms = make_rooms(db)
    room = (await rooms.store.create(ADA, "Garden", "", "public")).id
    link = await rooms.members.invite(room, ADA)
    await rooms.members.join(room, BEN)
    await rooms.members.ban(room, "Ben", ADA)
    for way in (rooms.members.join(room, BEN), rooms.members.accept(link.token, BEN)):
        with pytest.raises(Refused, match="banned from Garden"):
            await way
        assert await rooms.memberships.find(room, BEN) is None
    await rooms.bans.lift(room, "Ben")
    await rooms.members.join(room, BEN)
    assert await rooms.memberships.find(room, BEN)


async def test_who_made_the_room_cannot_be_banned_nor_who_is_not_in_it(db: Database) -> None:
    rooms = make_rooms(db)
    room = (await rooms.store.create(ADA, "Garden", "", "public")).id
    with pytest.raises(Refused):
        await rooms.members.ban(room, "Ada", ADA)
    with pytest.raises(Missing):
        await rooms.members.ban(room, "Ben", ADA)
    assert await rooms.bans.list_bans(room) == []


async def test_a_ban_wins_over_entries_at_the_same_time(db: Database) -> None:
    rooms = make_rooms(db)
    room = (await rooms.store.create(ADA, "Garden", "", "public")).id
    for _ in range(8):
        await rooms.members.join(room, BEN)
        acts = [rooms.members.join(room, BEN) for _ in range(4)] + [
            rooms.members.ban(room, "Ben", ADA)
        ]
        await asyncio.gather(*acts, return_exceptions=True)
        assert await rooms.memberships.find(room, BEN) is None
        await rooms.bans.lift(room, "Ben")
