"""Every write is stored and heard as one, whoever asked for it and whatever became of them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from littlechat.accounts.users import WrongLogin
from littlechat.actions import messages as actions_module
from littlechat.core.errors import Invalid, Refused
from littlechat.core.limits import LOBBY
from littlechat.core.messages import Cursor, Draft, Message
from littlechat.core.names import new_id
from littlechat.core.people import Session, User
from littlechat.core.rooms import Membership, Room
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.platform.database import Duplicate, Missing, Unavailable
from littlechat.realtime.dispatcher import ROOMS, user_topic
from littlechat.realtime.hub import POLICY
from littlechat.web.services import Services
from tests.factories import PASSWORD
from tests.tabs import Tab, somebody, until

ADA, BEN, CLEO, DAN = map(somebody, ("Ada", "Ben", "Cleo", "Dan"))


@pytest.fixture
async def room(here: Services) -> Room:
    """Ada's room with Ben in it."""
    room = await here.actions.rooms.create(ADA, "Garden", "", "public")
    await here.actions.members.join(room.id, BEN)
    return await here.rooms.store.get(room.id)


@pytest.fixture
async def far(there: Services, room: Room) -> AsyncIterator[Tab]:
    """Ben's page on the other process."""
    tab = await Tab(there, BEN).enter(room.id)
    yield tab
    await tab.close()


async def membership(served: Services, room: Room, user: User) -> Membership:
    found = await served.rooms.memberships.find(room.id, user)
    assert found
    return found


async def abandon(work: Coroutine[Any, Any, Any], turns: int = 1) -> None:
    """Begin `work` and cancel it under way, as Quart does when its client goes away."""
    task = asyncio.create_task(work)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# Say


async def test_what_is_said_is_stored_and_heard_everywhere(
    here: Services, room: Room, far: Tab
) -> None:
    message = await here.actions.messages.say(room.id, ADA, Draft("  hello\r\nthere  ", "c1"))
    assert (message.seq, message.body) == (1, "  hello\nthere")
    assert await here.messages.get(room.id, 1) == message
    await far.until(lambda dom: dom.seqs == [1] and "hello" in dom.texts[0])


@pytest.mark.parametrize("turns", [1, 2, 3, 5, 8])
async def test_a_sender_who_goes_away_is_heard_all_the_same(
    here: Services, room: Room, far: Tab, turns: int
) -> None:
    await abandon(here.actions.messages.say(room.id, ADA, Draft("hello", "c1")), turns)
    await far.until_shows("hello")
    assert (await here.messages.get(room.id, 1)).body == "hello"


async def test_a_repeated_send_is_heard_again_without_harm(
    here: Services, there: Services, room: Room, far: Tab
) -> None:
    first = await here.actions.messages.say(room.id, ADA, Draft("hello", "c1"))
    assert await here.actions.messages.say(room.id, ADA, Draft("hello", "c1")) == first
    assert await there.actions.messages.say(room.id, ADA, Draft("hello", "c1")) == first
    await here.actions.messages.say(room.id, ADA, Draft("next", "c2"))
    dom = await far.until_shows("hello", "next")
    assert dom.doubled == []


async def test_a_repeated_send_is_heard_if_the_first_time_nobody_did(
    here: Services, room: Room, far: Tab
) -> None:
    await here.messages.add(room.id, ADA, Draft("hello", "c1"))
    await here.actions.messages.say(room.id, ADA, Draft("hello", "c1"))
    await far.until_shows("hello")


@pytest.mark.parametrize(
    ("body", "client_id"), [("", "c1"), (" \n", "c1"), ("x" * 8_001, "c1"), ("hello", "c 1")]
)
async def test_what_breaks_a_rule_is_neither_stored_nor_heard(
    here: Services, room: Room, body: str, client_id: str
) -> None:
    with pytest.raises(Invalid):
        await here.actions.messages.say(room.id, ADA, Draft(body, client_id))
    assert await here.messages.head(room.id) == Cursor()


# Edit and remove


async def test_an_edit_and_a_removal_are_heard_everywhere(
    here: Services, room: Room, far: Tab
) -> None:
    await here.actions.messages.say(room.id, BEN, Draft("one", "c1"))
    await here.actions.messages.say(room.id, BEN, Draft("two", "c2"))
    await far.until_shows("one", "two")
    await here.actions.messages.edit(room.id, 1, BEN, "edited")
    await far.until_shows("edited", "two")
    await here.actions.messages.remove(room.id, 2, await membership(here, room, BEN), BEN)
    dom = await far.until_shows("edited", "This message was removed.")
    assert dom.cursor == "c2-2"


async def test_an_editor_who_goes_away_is_heard_all_the_same(
    here: Services, room: Room, far: Tab
) -> None:
    await here.actions.messages.say(room.id, BEN, Draft("one", "c1"))
    await far.until_shows("one")
    await abandon(here.actions.messages.edit(room.id, 1, BEN, "edited"))
    await far.until_shows("edited")


async def test_nobody_edits_another_s_message_not_even_who_manages(
    here: Services, room: Room
) -> None:
    await here.actions.messages.say(room.id, BEN, Draft("his", "c1"))
    with pytest.raises(Missing):
        await here.actions.messages.edit(room.id, 1, ADA, "hers")
    with pytest.raises(Invalid):
        await here.actions.messages.edit(room.id, 1, BEN, " ")
    assert (await here.messages.get(room.id, 1)).body == "his"


async def test_members_remove_their_own_and_who_manages_removes_any(
    here: Services, room: Room
) -> None:
    ada, ben = await membership(here, room, ADA), await membership(here, room, BEN)
    for number, author in enumerate((ADA, BEN, BEN)):
        await here.actions.messages.say(room.id, author, Draft("text", f"c{number}"))
    with pytest.raises(Missing):
        await here.actions.messages.remove(room.id, 1, ben, BEN)
    assert (await here.actions.messages.remove(room.id, 2, ben, BEN)).removed
    assert (await here.actions.messages.remove(room.id, 3, ada, ADA)).removed
    assert not (await here.messages.get(room.id, 1)).removed


# The lists of rooms


async def test_many_messages_touch_their_room_once_and_with_the_last(
    here: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions_module, "TOUCH_SECONDS", 1.5)
    touched: list[int] = []
    touch = here.rooms.store.touch

    async def count(room_id: str, seq: int, at: Any) -> None:
        touched.append(seq)
        await touch(room_id, seq, at)

    monkeypatch.setattr(here.rooms.store, "touch", count)
    await asyncio.gather(
        *(here.actions.messages.say(room.id, ADA, Draft("text", f"c{n}")) for n in range(20))
    )
    await until(lambda: bool(touched))
    assert touched == [20]
    await here.actions.messages.say(room.id, ADA, Draft("text", "last"))
    await here.platform.tasks.close()
    assert touched == [20, 21]
    now_listed = await here.rooms.store.get(room.id)
    assert now_listed.last_seq == 21
    assert now_listed.last_at == (await here.messages.get(room.id, 21)).at


async def test_a_touch_never_moves_a_room_backwards(here: Services, room: Room) -> None:
    first = await here.messages.add(room.id, ADA, Draft("one", "c1"))
    second = await here.messages.add(room.id, ADA, Draft("two", "c2"))
    await here.rooms.store.touch(room.id, second.seq, second.at)
    await here.rooms.store.touch(room.id, first.seq, first.at)
    assert (await here.rooms.store.get(room.id)).last_seq == 2


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
        lambda: here.actions.rooms.describe(room, "Yard", ""),
        lambda: here.actions.members.remove(room.id, "Dan"),
    ):
        tab.frames.clear()
        await act()
        await tab.until_frame('id="rooms-news"')
    await tab.close()


# The end of a right


@pytest.fixture
async def sessions(here: Services) -> tuple[Session, Session]:
    """Two browsers of one person with an account."""
    user = await here.accounts.users.register("Cleo", PASSWORD)
    _, mine = await here.accounts.sessions.open(user, "mine", "")
    _, other = await here.accounts.sessions.open(user, "other", "")
    return mine, other


async def test_leaving_and_removal_close_the_person_s_pages_everywhere(
    here: Services, there: Services, room: Room, far: Tab
) -> None:
    ada = await Tab(there, ADA).enter(room.id)
    await here.actions.members.leave(room.id, BEN)
    assert await far.until_closed() == POLICY
    assert far.socket.close_reason == "left"
    await here.actions.members.join(room.id, BEN)
    back = await Tab(there, BEN).enter(room.id)
    await here.actions.members.remove(room.id, "Ben")
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
    await abandon(here.actions.members.remove(room.id, "Ben"))
    assert await far.until_closed() == POLICY


async def test_logging_out_closes_that_browser_s_pages(
    here: Services, there: Services, sessions: tuple[Session, Session]
) -> None:
    mine, other = sessions
    tabs = [Tab(there, mine.user, mine.id), Tab(there, other.user, other.id)]
    await here.actions.sessions.log_out(mine)
    assert await tabs[0].until_closed() == POLICY
    assert tabs[1].socket.close_code is None
    await here.actions.sessions.log_out(mine)
    await tabs[1].close()


async def test_who_goes_away_while_logging_out_is_logged_out(
    here: Services, there: Services, sessions: tuple[Session, Session]
) -> None:
    mine, _ = sessions
    tab = Tab(there, mine.user, mine.id)
    await abandon(here.actions.sessions.log_out(mine))
    assert await tab.until_closed() == POLICY


async def test_a_new_password_ends_the_other_sessions_and_closes_their_pages(
    here: Services, there: Services, sessions: tuple[Session, Session]
) -> None:
    mine, other = sessions
    tabs = [Tab(there, mine.user, mine.id), Tab(there, other.user, other.id)]
    with pytest.raises(WrongLogin):
        await here.actions.sessions.change_password(mine, "not it at all", "another long password")
    assert tabs[1].socket.close_code is None
    await here.actions.sessions.change_password(mine, PASSWORD, "another long password")
    assert await tabs[1].until_closed() == POLICY
    assert tabs[0].socket.close_code is None
    assert [one.id for one in await here.accounts.sessions.list_of(mine.user)] == [mine.id]
    await tabs[0].close()


async def test_who_goes_away_while_changing_a_password_has_ended_the_other_sessions(
    here: Services, there: Services, sessions: tuple[Session, Session]
) -> None:
    mine, other = sessions
    tab = Tab(there, other.user, other.id)
    await abandon(here.actions.sessions.change_password(mine, PASSWORD, "another long password"))
    assert await tab.until_closed() == POLICY
    assert [one.id for one in await here.accounts.sessions.list_of(mine.user)] == [mine.id]


# Rooms


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
        await here.actions.rooms.describe(lobby, "Hall", "")


async def test_a_name_taken_is_refused(here: Services, room: Room) -> None:
    with pytest.raises(Duplicate):
        await here.actions.rooms.create(BEN, "GARDEN", "", "private")
    attic = await here.actions.rooms.create(BEN, "Attic", "", "private")
    with pytest.raises(Duplicate):
        await here.actions.rooms.describe(attic, "garden", "")


async def test_without_a_database_every_act_says_so(here: Services, room: Room) -> None:
    here.platform.database.close()
    with pytest.raises(Unavailable):
        await here.actions.messages.say(room.id, ADA, Draft("hello", new_id()))
    with pytest.raises(Unavailable):
        await here.actions.messages.edit(room.id, 1, ADA, "hello")
    with pytest.raises(Unavailable):
        await here.actions.members.join(room.id, DAN)


async def test_changes_are_told_of_as_they_are_then(here: Services, room: Room) -> None:
    heard: list[tuple[str, bool]] = []

    async def herald(message: Message) -> None:
        heard.append((message.body, message.removed))

    here.actions.messages.subscribe_to_changes(herald)
    message = await here.actions.messages.say(room.id, ADA, Draft("one", ""))
    await here.actions.messages.edit(room.id, message.seq, ADA, "two")
    await here.actions.messages.change(room.id, message.seq, lambda _: None)
    await here.platform.tasks.close()
    assert heard == [("two", False)]


# Direct conversations


async def test_what_is_said_directly_concerns_the_others_and_is_told_to_all(
    here: Services, there: Services
) -> None:
    room = await here.actions.rooms.open_direct(ADA, [BEN])
    pages = [Tab(there, user) for user in (ADA, BEN, DAN)]
    for page, user in zip(pages, (ADA, BEN, DAN), strict=True):
        there.realtime.hub.join(page.socket, user_topic(user.id))
    message = await here.actions.messages.say(room, BEN, Draft("hello", ""))
    assert message.addressed_to == (ADA.id,)
    for page in pages[:2]:
        await page.until_frame(f'data-room="{room}"')
    assert pages[2].frames == []
    note = await here.actions.rooms.open_direct(ADA, [])
    assert (await here.actions.messages.say(note, ADA, Draft("a note", ""))).addressed_to == ()
    for page in pages:
        await page.close()


async def test_a_conversation_has_no_other_name_and_no_end(here: Services) -> None:
    room = await here.rooms.store.get(await here.actions.rooms.open_direct(ADA, [BEN]))
    with pytest.raises(Refused):
        await here.actions.rooms.describe(room, "Garden", "")
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


async def test_a_corrected_here_calls_who_was_here_then_and_nobody_who_is_named_no_more(
    here: Services, room: Room
) -> None:
    for user in (CLEO, DAN):
        await here.actions.members.join(room.id, user)

    async def called() -> tuple[set[str], set[str]]:
        message = await here.messages.get(room.id, 1)
        return set(message.mentions), set(message.addressed_to)

    here.realtime.presence.names = frozenset(("Ada", "Ben"))
    await here.actions.messages.say(room.id, ADA, Draft("@here, @Dan: lunch", "c1"))
    assert await called() == ({"here", "Ben", "Dan"}, {BEN.id, DAN.id})
    here.realtime.presence.names = frozenset(("Ada", "Cleo"))
    await here.actions.messages.edit(room.id, 1, ADA, "@here: lunch!")
    assert await called() == ({"here", "Ben"}, {BEN.id})
    await here.actions.messages.edit(room.id, 1, ADA, "lunch")
    assert await called() == (set(), set())
    await here.actions.messages.edit(room.id, 1, ADA, "lunch, @here")
    assert await called() == ({"here", "Cleo"}, {CLEO.id})
