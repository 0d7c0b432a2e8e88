"""Rooms on a real database: who may see them, who is in them, and by which way one comes in."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from littlechat.core.errors import Invalid
from littlechat.core.limits import LOBBY
from littlechat.core.messages import Position
from littlechat.core.rooms import Room, Visibility
from littlechat.platform.database import (
    Database,
    Duplicate,
    Missing,
    now,
)
from littlechat.rooms.facade import Rooms
from littlechat.rooms.schema import ROOMS
from tests.rooms.membership import enter, membership
from tests.tabs import ADA, BEN, CLEO, DAN


def names(listed: tuple[Sequence[Room], Sequence[Room]]) -> tuple[list[str], list[str]]:
    return [room.name for room in listed[0]], [room.name for room in listed[1]]


# Who may see a room


@pytest.mark.parametrize(
    ("visibility", "is_member", "sees", "is_listed"),
    [
        ("public", True, True, True),
        ("public", False, True, True),
        ("private", True, True, True),
        ("private", False, False, False),
    ],
)
async def test_who_sees_which_room(
    db: Database,
    rooms: Rooms,
    visibility: Visibility,
    is_member: bool,
    sees: bool,
    is_listed: bool,
) -> None:
    room = await rooms.store.create(ADA, "Garden", "Green.", visibility)
    if is_member:
        await enter(db, rooms, room, BEN)
    joined, others = await rooms.store.list_visible(BEN)
    assert [one.id for one in joined] == ([room.id] if is_member else [])
    assert [one.id for one in others] == ([room.id] if is_listed and not is_member else [])
    assert names(await rooms.store.list_visible(BEN, "gard")) == names((joined, others))
    assert bool(await rooms.memberships.find(room.id, BEN)) == is_member
    if sees:
        shown, found = await rooms.store.get_visible(room.id, BEN)
        assert (shown.name, bool(found)) == ("Garden", is_member)
    else:
        with pytest.raises(Missing):
            await rooms.store.get_visible(room.id, BEN)
        with pytest.raises(Missing):
            await rooms.members.join(room.id, BEN)


async def test_a_room_that_is_not_there_looks_like_one_that_must_not_be_seen(rooms: Rooms) -> None:
    hidden = await rooms.store.create(ADA, "Secret", "", "private")
    for room_id in (hidden.id, "nowhere", "", "x" * 10_000, "\0"):
        with pytest.raises(Missing) as refusal:
            await rooms.store.get_visible(room_id, DAN)
        assert str(refusal.value) == ""
    with pytest.raises(Missing):
        await rooms.store.get("nowhere")


# Making


async def test_who_makes_a_room_is_in_it_and_manages_it(rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "  The   Garden ", " Green\nthings. ", "public")
    assert (room.id, room.name, room.description) == ("the-garden", "The Garden", "Green things.")
    assert (room.creator_id, room.members, room.last_seq) == (ADA.id, 1, 0)
    assert (await membership(rooms, room, ADA)).may_manage


@pytest.mark.parametrize(
    ("first", "second"),
    [("Garden", "GARDEN"), ("Straße", "STRASSE"), ("The Garden", "the  garden"), ("ﬁre", "Fire")],
)
async def test_a_name_is_taken_however_it_is_cased(rooms: Rooms, first: str, second: str) -> None:
    await rooms.store.create(ADA, first, "", "public")
    for kind in ("public", "private"):
        with pytest.raises(Duplicate):
            await rooms.store.create(BEN, second, "", kind)


async def test_a_name_that_a_private_room_has_is_taken_for_its_members_alone(rooms: Rooms) -> None:
    private = await rooms.store.create(ADA, "Takeover", "", "private")
    attic = await rooms.store.create(BEN, "Attic", "", "private")
    with pytest.raises(Duplicate):
        await rooms.store.create(ADA, "takeover", "", "public")
    # Whoever is not in it cannot tell that there is such a room, by whatever they try.
    await rooms.store.describe(attic, "Takeover", "", BEN)
    public = await rooms.store.create(CLEO, "Takeover", "", "public")
    assert public.id == "takeover"
    with pytest.raises(Duplicate):
        await rooms.store.describe(attic, "Takeover", "", CLEO)
    await rooms.store.describe(private, "Merger", "", ADA)
    assert (await rooms.store.get(private.id)).name == "Merger"


async def test_names_of_an_earlier_version_s_private_rooms_are_given_free(
    db: Database, rooms: Rooms
) -> None:
    room = await rooms.store.create(ADA, "Takeover", "", "private")
    await db[ROOMS].update({"_id": room.id}, {"$set": {"key": "takeover"}})
    for _ in range(2):
        await rooms.store.open()
    await rooms.store.create(BEN, "Takeover", "", "public")
    assert (await rooms.store.get(room.id)).name == "Takeover"


async def test_of_many_who_make_a_room_at_once_one_does(db: Database, rooms: Rooms) -> None:
    tries = (rooms.store.create(ADA, name, "", "public") for name in ("hall", "Hall", "HALL"))
    got = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, Room) for one in got) == 1
    assert sum(isinstance(one, Duplicate) for one in got) == 2
    assert await db[ROOMS].count({}) == 1


async def test_names_that_differ_may_share_the_start_of_their_ids(rooms: Rooms) -> None:
    one = await rooms.store.create(ADA, "C", "", "public")
    other = await rooms.store.create(ADA, "C++", "", "public")
    assert one.id == "c"
    assert other.id.startswith("c-")
    assert await rooms.store.get(other.id) == other


async def test_the_id_of_a_private_room_tells_nothing(rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Layoffs 2027", "", "private")
    assert "layoffs" not in room.id
    assert "2027" not in room.id
    assert len(room.id) == 15


@pytest.mark.parametrize(
    ("name", "description", "field"),
    [
        ("", "", "name"),
        (" \n", "", "name"),
        ("x" * 61, "", "name"),
        ("x", "y" * 301, "description"),
    ],
)
async def test_what_breaks_a_rule_makes_no_room(
    db: Database, rooms: Rooms, name: str, description: str, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await rooms.store.create(ADA, name, description, "public")
    assert set(refusal.value.errors) == {field}
    assert await db[ROOMS].count({}) == 0


async def test_the_lobby_is_made_once(rooms: Rooms) -> None:
    await asyncio.gather(*(rooms.store.open() for _ in range(3)))
    await rooms.store.open()
    lobby = await rooms.store.get(LOBBY)
    assert (lobby.name, lobby.creator_id, lobby.is_private) == ("Lobby", None, False)


# Describing and deleting


async def test_a_room_may_take_a_new_name_and_keeps_its_id(rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Garden", "", "public")
    await rooms.store.create(ADA, "Attic", "", "public")
    await rooms.store.describe(room, "Yard", "Paved.", ADA)
    renamed = await rooms.store.get(room.id)
    assert (renamed.id, renamed.name, renamed.description) == ("garden", "Yard", "Paved.")
    with pytest.raises(Duplicate):
        await rooms.store.describe(room, "ATTIC", "", ADA)
    with pytest.raises(Invalid):
        await rooms.store.describe(room, "", "", ADA)
    await rooms.store.describe(room, "YARD", "", ADA)
    assert (await rooms.store.create(BEN, "Garden", "", "public")).id.startswith("garden-")


async def test_a_deleted_room_is_gone_for_everybody_and_frees_its_name(
    db: Database, rooms: Rooms
) -> None:
    room = await rooms.store.create(ADA, "Garden", "Green.", "public")
    await enter(db, rooms, room, BEN)
    invitation = await rooms.members.invite(room.id, ADA)
    await rooms.delete(room.id)
    for user in (ADA, BEN, DAN):
        assert names(await rooms.store.list_visible(user)) == ([], [])
        assert names(await rooms.store.list_visible(user, "garden")) == ([], [])
        with pytest.raises(Missing):
            await rooms.store.get_visible(room.id, user)
        with pytest.raises(Missing):
            await rooms.members.join(room.id, user)
    with pytest.raises(Missing):
        await rooms.members.accept(invitation.token, DAN)
    assert await rooms.memberships.list_of(room.id) == []
    again = await rooms.store.create(BEN, "Garden", "", "public")
    assert again.id != room.id
    await rooms.delete(again.id)
    assert "Garden" not in str(await db[ROOMS].find({}))


# Lists


async def test_lists_begin_with_the_latest_activity(rooms: Rooms) -> None:
    made = {
        name: await rooms.store.create(ADA if name in "abc" else BEN, name, "", "public")
        for name in "abcxyz"
    }
    for minutes, name in ((5, "a"), (1, "b"), (9, "x"), (2, "z")):
        await rooms.store.touch(made[name].id, Position(1), now() + timedelta(minutes=minutes))
    assert names(await rooms.store.list_visible(ADA)) == (["a", "b", "c"], ["x", "z", "y"])
    assert names(await rooms.store.list_visible(BEN)) == (["x", "z", "y"], ["a", "b", "c"])


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("c", ["C++", "[abc]", "a.c", "back\\slash"]),
        ("C+", ["C++"]),
        ("++", ["C++"]),
        (".", ["a.c"]),
        (".*", []),
        ("^", []),
        ("[ABC]", ["[abc]"]),
        ("(", []),
        ("\\", ["back\\slash"]),
        ("$", ["$$$"]),
        ("a b", ["a b"]),
        ("a\0 b", ["a b"]),
        ("x" * 10_000, []),
        ("STRASSE", ["Straße"]),
    ],
)
async def test_a_search_finds_what_is_typed_and_nothing_by_pattern(
    rooms: Rooms, search: str, found: list[str]
) -> None:
    for name in ("C++", "[abc]", "a.c", "back\\slash", "$$$", "a b", "Straße"):
        await rooms.store.create(ADA, name, "", "public")
    assert sorted(names(await rooms.store.list_visible(ADA, search))[0]) == sorted(found)
    assert sorted(names(await rooms.store.list_visible(BEN, search))[1]) == sorted(found)


async def test_who_searches_searches_every_room_they_are_in_and_no_other(
    db: Database, rooms: Rooms
) -> None:
    garden = await rooms.store.create(ADA, "Garden", "", "public")
    attic = await rooms.store.create(ADA, "Attic", "", "private")
    await rooms.store.create(BEN, "Cellar", "", "public")
    assert {room.id for room in await rooms.store.list_joined(ADA)} == {garden.id, attic.id}
    await rooms.members.join(garden.id, CLEO)
    assert [room.id for room in await rooms.store.list_joined(CLEO)] == [garden.id]
    await rooms.delete(garden.id)
    assert await rooms.store.list_joined(CLEO) == []
    assert await rooms.store.list_joined(DAN) == []
