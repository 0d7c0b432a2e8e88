"""Names of rooms that are taken, since a room has them or one that looks like them."""

import pytest

from littlechat.platform.database import Database, Duplicate
from littlechat.rooms.facade import Rooms
from littlechat.rooms.schema import ROOMS
from tests.tabs import ADA, BEN

TWINS = ["L\u043ebby", "Lob\u200bby", "Lobby\u2800", "Lobby\u3164", "Ｌｏｂｂｙ", "\u202eLobby"]


@pytest.mark.parametrize("twin", TWINS)
async def test_a_twin_of_a_room_s_name_is_taken(rooms: Rooms, twin: str) -> None:
    await rooms.store.open()
    garden = await rooms.store.create(ADA, "Garden", "", "public")
    for kind in ("public", "private"):
        with pytest.raises(Duplicate):
            await rooms.store.create(BEN, twin, "", kind)
    with pytest.raises(Duplicate):
        await rooms.store.describe(garden, twin, "", ADA)


async def test_a_twin_of_a_private_room_s_name_is_taken_for_its_members_alone(rooms: Rooms) -> None:
    await rooms.store.create(ADA, "Takeover", "", "private")
    with pytest.raises(Duplicate):
        await rooms.store.create(ADA, "Tаkeover", "", "public")
    await rooms.store.create(BEN, "Tаkeover", "", "public")


async def test_a_renamed_or_deleted_room_gives_its_look_free(rooms: Rooms) -> None:
    garden = await rooms.store.create(ADA, "Garden", "", "public")
    await rooms.store.describe(garden, "Park", "", ADA)
    other = await rooms.store.create(BEN, "Gаrden", "", "public")
    await rooms.store.delete(other.id)
    await rooms.store.create(BEN, "Garden", "", "public")


async def test_twins_of_an_earlier_version_both_stay(
    db: Database, rooms: Rooms, caplog: pytest.LogCaptureFixture
) -> None:
    await rooms.store.open()
    twin = await rooms.store.create(ADA, "Attic", "", "public")
    values = {"$set": {"name": "L\u043ebby", "key": "l\u043ebby"}, "$unset": {"looks": ""}}
    await db[ROOMS].update({"_id": twin.id}, values)
    await db[ROOMS].update({"_id": "lobby"}, {"$unset": {"looks": ""}})
    for _ in range(2):
        await rooms.store.open()
    assert "a room's name looks like another's" in caplog.text
    kept = await rooms.store.get(twin.id)
    await rooms.store.describe(kept, kept.name, "Still described.", ADA)
    assert (await rooms.store.get(twin.id)).description == "Still described."
    with pytest.raises(Duplicate):
        await rooms.store.create(BEN, "Lоbbу", "", "public")
