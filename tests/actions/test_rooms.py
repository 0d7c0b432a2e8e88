"""Creating, renaming, hiding and deleting rooms, and what the pages of other processes receive."""

import pytest

from littlechat.core.errors import Refused
from littlechat.core.limits import LOBBY
from littlechat.core.messages import Cursor, Draft
from littlechat.core.rooms import Room
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.platform.database import Duplicate, Missing
from littlechat.realtime.dispatcher import ROOMS
from littlechat.realtime.hub import POLICY
from littlechat.web.services import Services
from tests.tabs import ADA, BEN, DAN, Tab


async def test_everything_that_changes_the_lists_is_announced(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("littlechat.realtime.dispatcher.ROOMS_SECONDS", 0.05)
    tab = Tab(there, DAN)
    there.realtime.hub.join(tab.socket, ROOMS)
    invitation = await here.rooms.members.invite(room.id, ADA)
    for act in (
        lambda: here.actions.rooms.create(DAN, "Attic", "", "private"),
        lambda: here.actions.members.join(room.id, DAN),
        lambda: here.actions.members.leave(room.id, DAN),
        lambda: here.actions.members.accept(invitation.token, DAN),
        lambda: here.actions.rooms.describe(room, "Yard", "", ADA),
        lambda: here.actions.members.remove(room.id, "Dan", ADA),
    ):
        tab.frames.clear()
        await act()
        await tab.until_frame('id="rooms-news"')
    await tab.close()


async def test_deleting_a_room_takes_everything_and_closes_its_pages(
    here: Services, there: Services, room: Room, far: Tab
) -> None:
    await here.actions.messages.say(room.id, ADA, Draft("secret", "c1"))
    await here.actions.messages.edit(room.id, 1, ADA, "secret too")
    invitation = await here.rooms.members.invite(room.id, ADA)
    with pytest.raises(Refused):
        await here.actions.rooms.delete(room, "Gardens")
    await here.actions.rooms.delete(room, " Garden ")
    assert await far.until_closed() == POLICY
    await here.platform.tasks.close()  # Waits for what is under way: a long room takes its time.
    assert await here.platform.database[MESSAGES].count({"room": room.id}) == 0
    assert await here.platform.database[CHANGES].count({"room": room.id}) == 0
    for missing in (
        here.rooms.store.get(room.id),
        here.rooms.members.get_invitation(invitation.token),
        here.rooms.store.get_visible(room.id, ADA),
    ):
        with pytest.raises(Missing):
            await missing
    assert await here.rooms.memberships.find(room.id, ADA) is None


async def test_a_room_made_under_a_deleted_one_s_name_starts_at_1_on_every_process(
    here: Services, there: Services, room: Room, far: Tab
) -> None:
    for number in range(3):
        await there.actions.messages.say(room.id, ADA, Draft("old", f"c{number}"))
    await here.actions.rooms.delete(room, room.name)
    again = await here.actions.rooms.create(ADA, room.name, "", "public")
    assert (await there.actions.messages.say(again.id, ADA, Draft("new", "d1"))).seq == 1
    assert (await here.actions.messages.say(again.id, ADA, Draft("new", "d2"))).seq == 2
    page = await Tab(there, ADA).enter(again.id, Cursor())
    await page.until_shows("new", "new")
    await page.close()


async def test_the_lobby_keeps_its_name_and_stays(here: Services) -> None:
    await here.rooms.store.open()
    lobby = await here.rooms.store.get(LOBBY)
    with pytest.raises(Refused):
        await here.actions.rooms.delete(lobby, "Lobby")
    with pytest.raises(Refused):
        await here.actions.rooms.describe(lobby, "Hall", "", ADA)


async def test_a_name_taken_is_refused(here: Services, room: Room) -> None:
    with pytest.raises(Duplicate):
        await here.actions.rooms.create(BEN, "GARDEN", "", "private")
    attic = await here.actions.rooms.create(BEN, "Attic", "", "private")
    with pytest.raises(Duplicate):
        await here.actions.rooms.describe(attic, "garden", "", ADA)


async def test_a_conversation_has_no_other_name_and_no_end(here: Services) -> None:
    room = await here.rooms.store.get(await here.actions.rooms.open_direct(ADA, [BEN]))
    with pytest.raises(Refused):
        await here.actions.rooms.describe(room, "Garden", "", ADA)
    with pytest.raises(Refused):
        await here.actions.rooms.delete(room, room.name)
    assert await here.rooms.store.get(room.id) == room


async def test_hiding_goes_as_far_as_what_was_said(here: Services) -> None:
    room = await here.actions.rooms.open_direct(ADA, [BEN])
    await here.actions.messages.say(room, BEN, Draft("hello", ""))
    await here.actions.rooms.hide_direct(room, ADA)
    await here.platform.tasks.close()
    assert (await here.rooms.access.list_rooms(ADA))[0] == []
    await here.actions.messages.say(room, BEN, Draft("hello again", ""))
    await here.platform.tasks.close()
    assert [one.id for one in (await here.rooms.access.list_rooms(ADA))[0]] == [room]
