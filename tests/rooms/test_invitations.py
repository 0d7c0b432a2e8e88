"""Invitations: the way into a private room, as long as who made it is there."""

from datetime import timedelta
from typing import Any

import pytest

from littlechat.core.rights import EndedRight
from littlechat.platform.database import (
    Database,
    Missing,
    now,
)
from littlechat.rooms.facade import Rooms
from littlechat.rooms.invitations import INVITATION_DAYS
from littlechat.rooms.schema import INVITATIONS
from tests.rooms.membership import enter, membership
from tests.tabs import ADA, BEN, CLEO, DAN


async def test_an_invitation_lets_anybody_who_has_it_into_a_private_room(rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Secret", "", "private")
    invitation = await rooms.members.invite(room.id, ADA)
    assert await rooms.members.get_invitation(invitation.token) == (invitation, room)
    for _ in range(2):
        assert (await rooms.members.accept(invitation.token, DAN)).id == room.id
    assert await rooms.memberships.find(room.id, DAN)
    assert (await rooms.store.get(room.id)).members == 2


@pytest.mark.parametrize("token", ["", "x", "\0", "x" * 10_000])
async def test_a_token_that_nobody_made_opens_nothing(rooms: Rooms, token: str) -> None:
    with pytest.raises(Missing):
        await rooms.members.get_invitation(token)
    with pytest.raises(Missing):
        await rooms.members.accept(token, DAN)


async def test_members_revoke_their_own_invitations_and_who_manages_revokes_any(
    db: Database, rooms: Rooms
) -> None:
    room = await rooms.store.create(ADA, "Secret", "", "private")
    attic = await rooms.store.create(CLEO, "Attic", "", "private")
    await enter(db, rooms, room, BEN)
    ada, ben = await membership(rooms, room, ADA), await membership(rooms, room, BEN)
    cleo = await membership(rooms, attic, CLEO)
    hers, his, his_too = [await rooms.members.invite(room.id, by) for by in (ADA, BEN, BEN)]
    with pytest.raises(Missing):
        await rooms.invitations.revoke(room.id, hers.id, ben)
    with pytest.raises(Missing):
        await rooms.invitations.revoke(attic.id, hers.id, cleo)
    await rooms.invitations.revoke(room.id, his.id, ben)
    await rooms.invitations.revoke(room.id, his_too.id, ada)
    assert [one.id for one in await rooms.invitations.list_of(room.id)] == [hers.id]
    with pytest.raises(Missing):
        await rooms.members.accept(his.token, DAN)


async def test_an_invitation_ends_by_itself(db: Database, rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Secret", "", "private")
    made = await rooms.members.invite(room.id, ADA)
    assert made.expires - made.created == timedelta(days=INVITATION_DAYS)
    past = now() - timedelta(seconds=1)
    await db[INVITATIONS].update({"_id": made.id}, {"$set": {"expires": past}})
    with pytest.raises(Missing):
        await rooms.members.accept(made.token, DAN)
    assert await rooms.invitations.list_of(room.id) == []


async def test_a_token_is_stored_nowhere(db: Database, rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Secret", "", "private")
    made = await rooms.members.invite(room.id, ADA)
    assert made.token not in str(await db[INVITATIONS].find({}))
    assert [one.token for one in await rooms.invitations.list_of(room.id)] == [""]


async def test_links_of_an_earlier_version_go_on_until_their_end(
    db: Database, rooms: Rooms
) -> None:
    room = await rooms.store.create(ADA, "Secret", "", "private")
    old = {"_id": "an-old-token", "room": room.id, "by": ADA.id, "by_name": "Ada", "created": now()}
    await db[INVITATIONS].insert(old)
    for _ in range(2):
        await rooms.invitations.open()
    assert "an-old-token" not in str(await db[INVITATIONS].find({}))
    (listed,) = await rooms.invitations.list_of(room.id)
    assert now() < listed.expires <= now() + timedelta(days=INVITATION_DAYS)
    await rooms.members.accept("an-old-token", DAN)


async def test_a_link_that_ends_while_somebody_joins_by_it_lets_nobody_in(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await rooms.store.create(ADA, "Secret", "", "private")
    made = await rooms.members.invite(room.id, ADA)
    add = rooms.memberships.add

    async def add_late(*values: Any) -> None:
        await rooms.invitations.end_made(EndedRight("removed", DAN.id, "Dan", room.id))
        await add(*values)

    monkeypatch.setattr(rooms.memberships, "add", add_late)
    with pytest.raises(Missing):
        await rooms.members.accept(made.token, DAN)
    assert await rooms.memberships.find(room.id, DAN) is None


async def test_invitations_are_listed_from_the_newest(db: Database, rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Secret", "", "private")
    made = [await rooms.members.invite(room.id, ADA) for _ in range(3)]
    for minutes, one in zip((2, 9, 4), made, strict=True):
        created = now() - timedelta(minutes=minutes)
        await db[INVITATIONS].update({"_id": one.id}, {"$set": {"created": created}})
    listed = [one.id for one in await rooms.invitations.list_of(room.id)]
    assert listed == [made[0].id, made[2].id, made[1].id]
