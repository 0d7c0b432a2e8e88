"""Direct conversations in the store: one for each set of people, whatever happens on the way."""

import asyncio
from dataclasses import replace

import pytest

from littlechat.core.errors import Refused
from littlechat.core.messages import Position
from littlechat.core.people import User
from littlechat.platform.database import Database, Missing, now
from littlechat.rooms.direct_messages import DirectMessages
from littlechat.rooms.facade import Rooms
from littlechat.rooms.schema import MEMBERSHIPS, ROOMS
from tests.tabs import somebody

ADA, BEN, CLEO, DAN = map(somebody, ("Ada", "Ben", "Cleo", "Dan"))


@pytest.fixture
def directs(db: Database) -> DirectMessages:
    """The store."""
    return DirectMessages(db)


async def titles(rooms: Rooms, user: User, search: str = "") -> list[str]:
    joined, _ = await rooms.store.list_visible(user, search)
    return [room.title(user.name) for room in joined]


async def test_the_same_people_have_the_same_conversation_whoever_opens_it(
    directs: DirectMessages, rooms: Rooms
) -> None:
    first = await directs.open(ADA, [BEN, CLEO])
    assert await directs.open(CLEO, [ADA, BEN, ADA]) == first
    assert await directs.open(ADA, [BEN]) != first
    room = await rooms.store.get(first)
    assert (room.people, room.members, room.visibility) == (("Ada", "Ben", "Cleo"), 3, "direct")
    assert room.title("Ada") == "Ben, Cleo"
    assert set(await directs.list_people(first)) == {ADA.id, BEN.id, CLEO.id}


async def test_opened_by_several_processes_at_once_it_is_one(db: Database, rooms: Rooms) -> None:
    opened = await asyncio.gather(
        *(DirectMessages(db).open(ADA, [BEN]) for _ in range(5)),
        *(DirectMessages(db).open(BEN, [ADA]) for _ in range(5)),
    )
    assert len(set(opened)) == 1
    assert await db[ROOMS].count({}) == 1
    assert [one.user_name for one in await rooms.memberships.list_of(opened[0])] == ["Ada", "Ben"]


async def test_a_crash_in_between_is_put_right_by_opening_again(
    db: Database, directs: DirectMessages, rooms: Rooms
) -> None:
    room = await directs.open(ADA, [BEN, CLEO])
    await db[MEMBERSHIPS].delete({"room": room, "user": CLEO.id})
    await db[MEMBERSHIPS].delete({"room": room, "user": ADA.id})
    assert await directs.open(BEN, [ADA, CLEO]) == room
    assert len(await rooms.memberships.list_of(room)) == 3


async def test_one_may_write_to_oneself(directs: DirectMessages, rooms: Rooms) -> None:
    room = await directs.open(ADA, [ADA])
    assert await directs.open(ADA, []) == room
    assert await titles(rooms, ADA) == ["Ada (you)"]


async def test_it_shows_to_the_others_once_somebody_has_spoken(
    directs: DirectMessages, rooms: Rooms
) -> None:
    room = await directs.open(ADA, [BEN])
    assert (await titles(rooms, ADA), await titles(rooms, BEN)) == (["Ben"], [])
    await rooms.store.touch(room, Position(1), now())
    assert await titles(rooms, BEN) == ["Ada"]


async def test_hidden_it_comes_back_with_the_next_message_or_by_a_search(
    directs: DirectMessages, rooms: Rooms
) -> None:
    room = await directs.open(ADA, [BEN])
    await rooms.store.touch(room, Position(3), now())
    await directs.hide(room, BEN, 3)
    assert (await titles(rooms, ADA), await titles(rooms, BEN)) == (["Ben"], [])
    assert await titles(rooms, BEN, "ad") == ["Ada"]
    assert await titles(rooms, BEN, "be") == []
    await rooms.store.touch(room, Position(4), now())
    assert await titles(rooms, BEN) == ["Ada"]


async def test_opening_brings_back_what_one_hid(directs: DirectMessages, rooms: Rooms) -> None:
    room = await directs.open(ADA, [BEN])
    await directs.hide(room, ADA, 0)
    assert await titles(rooms, ADA) == []
    await directs.open(ADA, [BEN])
    assert await titles(rooms, ADA) == ["Ben"]


async def test_only_its_people_hide_a_conversation_and_only_a_conversation(
    directs: DirectMessages, rooms: Rooms
) -> None:
    direct = await directs.open(ADA, [BEN])
    room = await rooms.store.create(ADA, "Garden", "", "private")
    for user, room_id in ((DAN, direct), (ADA, room.id), (ADA, "nosuchroom")):
        with pytest.raises(Missing):
            await directs.hide(room_id, user, 0)
    assert await directs.list_people(room.id) == ()


async def test_nobody_comes_leaves_or_is_invited(directs: DirectMessages, rooms: Rooms) -> None:
    room_id = await directs.open(ADA, [BEN])
    for user in (DAN, replace(BEN, id=DAN.id)):
        with pytest.raises(Missing):
            await rooms.store.get_visible(room_id, user)
        with pytest.raises(Missing):
            await rooms.members.join(room_id, user)
    joined, others = await rooms.store.list_visible(DAN)
    assert not [room for room in (*joined, *others) if room.id == room_id]
    with pytest.raises(Refused):
        await rooms.members.leave(room_id, BEN)
    with pytest.raises(Refused):
        await rooms.members.remove(room_id, "Ben")
    with pytest.raises(Refused):
        await rooms.members.invite(room_id, BEN)
    assert len(await rooms.memberships.list_of(room_id)) == 2
