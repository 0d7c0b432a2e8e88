"""Leaving a room and being removed from it close the pages of that person on every process."""

from littlechat.core.rooms import Room
from littlechat.realtime.hub import POLICY
from littlechat.web.services import Services
from tests.tabs import ADA, BEN, Tab, abandon


async def test_leaving_and_removal_close_the_person_s_pages_everywhere(
    here: Services, there: Services, room: Room, far: Tab
) -> None:
    ada = await Tab(there, ADA).enter(room.id)
    await here.actions.members.leave(room.id, BEN)
    assert await far.until_closed() == POLICY
    assert far.socket.close_reason == "left"
    await here.actions.members.join(room.id, BEN)
    back = await Tab(there, BEN).enter(room.id)
    await here.actions.members.remove(room.id, "Ben", ADA)
    assert await back.until_closed() == POLICY
    assert back.socket.close_reason == "taken out"
    assert ada.socket.close_code is None
    await ada.close()


async def test_who_goes_away_while_leaving_has_left_and_the_pages_are_closed(
    here: Services, room: Room, far: Tab
) -> None:
    await abandon(here.actions.members.leave(room.id, BEN))
    assert await far.until_closed() == POLICY
    assert await here.rooms.memberships.find(room.id, BEN) is None


async def test_who_goes_away_while_removing_another_has_removed_them(
    here: Services, room: Room, far: Tab
) -> None:
    await abandon(here.actions.members.remove(room.id, "Ben", ADA))
    assert await far.until_closed() == POLICY
