"""Invitations: the way into a private room, as long as who made it is there."""

from datetime import timedelta

import pytest

from littlechat.platform.database import (
    Database,
    Missing,
    now,
)
from littlechat.rooms.facade import Rooms
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
        await rooms.invitations.revoke(room.id, hers.token, ben)
    with pytest.raises(Missing):
        await rooms.invitations.revoke(attic.id, hers.token, cleo)
    await rooms.invitations.revoke(room.id, his.token, ben)
    await rooms.invitations.revoke(room.id, his_too.token, ada)
    assert [one.token for one in await rooms.invitations.list_of(room.id)] == [hers.token]
    with pytest.raises(Missing):
        await rooms.members.accept(his.token, DAN)


@pytest.mark.parametrize("way", ["leaves", "is removed"])
async def test_who_goes_takes_their_invitations_along(db: Database, rooms: Rooms, way: str) -> None:
    room = await rooms.store.create(ADA, "Secret", "", "private")
    await enter(db, rooms, room, BEN)
    hers, his = await rooms.members.invite(room.id, ADA), await rooms.members.invite(room.id, BEN)
    if way == "leaves":
        await rooms.members.leave(room.id, BEN)
    else:
        await rooms.members.remove(room.id, "Ben")
    with pytest.raises(Missing):
        await rooms.members.accept(his.token, BEN)
    assert await rooms.invitations.list_of(room.id) == [hers]


async def test_invitations_are_listed_from_the_newest(db: Database, rooms: Rooms) -> None:
    room = await rooms.store.create(ADA, "Secret", "", "private")
    made = [await rooms.members.invite(room.id, ADA) for _ in range(3)]
    for minutes, one in zip((2, 9, 4), made, strict=True):
        created = now() - timedelta(minutes=minutes)
        await db[INVITATIONS].update({"_id": one.token}, {"$set": {"created": created}})
    listed = [one.token for one in await rooms.invitations.list_of(room.id)]
    assert listed == [made[0].token, made[2].token, made[1].token]
