"""What people hear of rooms they have not open, and what every process then counts from."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from littlechat.core.errors import Invalid
from littlechat.core.messages import Cursor, Draft
from littlechat.core.people import User
from littlechat.core.rooms import Room, everyone_in
from littlechat.realtime.dispatcher import user_topic
from littlechat.realtime.unread_signals import UnreadSignals
from littlechat.rooms.room_list import RoomListEntry
from littlechat.text.addressing import MENTION_ALL_MAX
from littlechat.web.services import Services
from tests.tabs import Open, Tab, somebody, until

ADA, BEN, CLEO = somebody("Ada"), somebody("Ben"), somebody("Cleo")


@pytest.fixture(autouse=True)
def quick(quick_feeds: None) -> None:
    """Touch rooms at once."""


@pytest.fixture
async def room(here: Services) -> Room:
    """Ada's room with Ben and Cleo in it."""
    room = await here.actions.rooms.create(ADA, "Garden", "", "public")
    for user in (BEN, CLEO):
        await here.actions.members.join(room.id, user)
    return room


@pytest.fixture
async def elsewhere() -> AsyncIterator[Open]:
    """Open pages that show no room."""
    tabs: list[Tab] = []

    def begin(served: Services, user: User) -> Tab:
        tabs.append(Tab(served, user))
        served.realtime.hub.join(tabs[-1].socket, user_topic(user.id))
        return tabs[-1]

    yield begin
    for tab in tabs:
        await tab.close()


async def listed(served: Services, user: User) -> RoomListEntry:
    (room,) = (await served.rooms.access.list_rooms(user))[0]
    return room


async def test_members_receive_everywhere_the_last_message_of_a_room(
    here: Services, there: Services, room: Room, elsewhere: Open
) -> None:
    his, other = elsewhere(there, BEN), elsewhere(there, somebody("Dan"))
    for number in range(3):
        await here.actions.messages.say(room.id, ADA, Draft(f"text {number}", ""))
    frame = await his.until_frame('data-end="3"')
    assert 'data-room="garden"' in frame
    assert 'data-author="Ada"' in frame
    assert 'hx-swap-oob="beforeend:#heard"' in frame
    assert other.frames == []


async def test_lists_that_are_remembered_count_on_without_reading(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch, elsewhere: Open
) -> None:
    assert (await listed(there, BEN)).unread == 0
    monkeypatch.setattr(there.rooms.store, "list_visible", None)
    his = elsewhere(there, BEN)
    await here.actions.messages.say(room.id, ADA, Draft("hello", ""))
    await his.until_frame('data-end="1"')
    assert (await listed(there, BEN)).unread == 1
    assert await there.rooms.access.list_rooms(BEN) == await there.rooms.access.list_rooms(BEN)
    await here.realtime.unread_signals.mark_read(BEN, room.id, 1)
    await his.until_frame('data-read="1"')
    assert (await listed(there, BEN)).unread == 0


async def test_only_those_addressed_receive_a_mention(
    here: Services, there: Services, room: Room, elsewhere: Open
) -> None:
    assert (await listed(there, BEN)).unread_mentions == ()
    his, hers = elsewhere(there, BEN), elsewhere(there, CLEO)
    message = await here.actions.messages.say(room.id, ADA, Draft("hello @ben", ""))
    assert (message.mentions, message.addressed_to) == (("Ben",), (BEN.id,))
    await his.until_frame('data-call="1"')
    assert (await listed(there, BEN)).unread_mentions == (1,)
    await here.actions.messages.say(room.id, BEN, Draft("hello @all", ""))
    await hers.until_frame('data-call="2"')
    assert (await listed(there, CLEO)).unread_mentions == (2,)
    assert (await listed(there, BEN)).unread_mentions == (1,)
    assert 'data-call="1"' not in "".join(hers.frames)
    # Read up to there, it calls no more.
    await here.realtime.unread_signals.mark_read(BEN, room.id, 1)
    await his.until_frame('data-read="1"')
    assert (await listed(there, BEN)).unread_mentions == ()


async def test_here_reaches_those_who_have_a_page_open_on_any_process(
    here: Services, there: Services, room: Room, elsewhere: Open
) -> None:
    hers = elsewhere(there, CLEO)
    await until(lambda: "Cleo" in here.realtime.presence.names)
    message = await here.actions.messages.say(room.id, ADA, Draft("@here: tea", ""))
    assert (message.mentions, message.addressed_to) == (("here", "Cleo"), (CLEO.id,))
    await hers.until_frame('data-call="1"')
    assert (await listed(there, CLEO)).unread_mentions == (1,)
    assert (await listed(there, BEN)).unread_mentions == ()
    # Said anew it still calls her, though she has left meanwhile.
    await hers.close()
    await until(lambda: "Cleo" not in here.realtime.presence.names)
    message = await here.actions.messages.edit(room.id, 1, ADA, "@here: coffee")
    assert message.addressed_to == (CLEO.id,)


async def test_a_process_that_received_no_event_counts_the_same(
    here: Services, there: Services, room: Room
) -> None:
    await here.actions.messages.say(room.id, ADA, Draft("hello @ben", ""))
    await here.actions.messages.say(room.id, ADA, Draft("and @all", ""))
    await until(lambda: not here.platform.tasks._running)
    found = await listed(there, BEN)
    assert (found.unread, found.unread_mentions) == (2, (1, 2))


async def test_reading_is_bounded_by_the_rooms_end_and_moves_forward(
    here: Services, room: Room
) -> None:
    for number in range(4):
        await here.actions.messages.say(room.id, ADA, Draft(f"text {number}", ""))
    for seq, expected in ((2, 2), (1, 2), (10**15, 4)):
        await here.realtime.unread_signals.mark_read(BEN, room.id, seq)
        found = await here.rooms.memberships.find(room.id, BEN)
        assert found
        assert found.read_seq == expected


async def test_marking_unread_goes_back_on_all_pages(
    here: Services, there: Services, room: Room, elsewhere: Open
) -> None:
    his = elsewhere(there, BEN)
    for number in range(4):
        await here.actions.messages.say(room.id, ADA, Draft(f"@Ben {number}", ""))
    await here.realtime.unread_signals.mark_read(BEN, room.id, 4)
    await his.until_frame('data-read="4"')
    assert (await listed(there, BEN)).unread_mentions == ()
    await here.realtime.unread_signals.mark_unread(BEN, room.id, 3)
    await his.until_frame('data-unread="2"')
    found = await listed(there, BEN)
    assert (found.unread, found.unread_mentions) == (2, (3, 4))
    await here.realtime.unread_signals.mark_unread(BEN, room.id, 0)
    await his.until_frame('data-unread="0"')
    assert (await listed(there, BEN)).unread == 4


async def test_all_is_read_at_once(
    here: Services, there: Services, room: Room, elsewhere: Open
) -> None:
    attic = await here.actions.rooms.create(BEN, "Attic", "", "private")
    await here.actions.messages.say(room.id, ADA, Draft("one", ""))
    await here.actions.messages.say(attic.id, BEN, Draft("two", ""))
    await until(lambda: not here.platform.tasks._running)
    assert [one.unread for one in (await there.rooms.access.list_rooms(BEN))[0]] == [1, 1]
    his = elsewhere(there, BEN)
    await here.realtime.unread_signals.mark_all_read(BEN)
    await until(lambda: sum("data-read" in frame for frame in his.frames) > 0)
    await until(lambda: "".join(his.frames).count('data-read="1"') == 2)
    assert [one.unread for one in (await there.rooms.access.list_rooms(BEN))[0]] == [0, 0]


async def test_an_edit_addresses_anew(
    here: Services, there: Services, room: Room, elsewhere: Open
) -> None:
    hers = elsewhere(there, CLEO)
    await here.actions.messages.say(room.id, ADA, Draft("hello @ben", ""))
    message = await here.actions.messages.edit(room.id, 1, ADA, "hello @cleo")
    assert (message.mentions, message.addressed_to) == (("Cleo",), (CLEO.id,))
    await hers.until_frame('data-call="1"')
    assert (await here.rooms.inbox.list_page(BEN, [await listed(here, BEN)]))[0] == []
    message = await here.actions.messages.edit(room.id, 1, ADA, "hello")
    assert (message.mentions, message.addressed_to) == ((), ())


async def test_an_edited_reply_stays_addressed_to_whom_it_answers(
    here: Services, room: Room
) -> None:
    await here.actions.messages.say(room.id, BEN, Draft("a question", ""))
    draft = Draft("an answer, @cleo", "", addressed_to=(BEN.id,), thread=1)
    message = await here.actions.messages.say(room.id, ADA, draft)
    assert message.addressed_to == (BEN.id, CLEO.id)
    message = await here.actions.messages.edit(room.id, 2, ADA, "an answer")
    assert BEN.id in message.addressed_to


async def test_a_mention_of_too_many_is_refused_and_stored_nowhere(
    here: Services, room: Room
) -> None:
    for number in range(MENTION_ALL_MAX):
        await here.rooms.members.join(room.id, somebody(f"p{number}"))
    here.rooms.access.invalidate()
    with pytest.raises(Invalid, match="Only who manages the room"):
        await here.actions.messages.say(room.id, BEN, Draft("@all", ""))
    message = await here.actions.messages.say(room.id, ADA, Draft("@all", ""))
    assert (message.seq, message.addressed_to) == (1, (everyone_in(room.id),))
    await here.actions.messages.say(room.id, BEN, Draft("fine", ""))
    with pytest.raises(Invalid):
        await here.actions.messages.edit(room.id, 2, BEN, "@all")


async def test_who_left_receives_no_more(
    here: Services, there: Services, room: Room, elsewhere: Open
) -> None:
    his, hers = elsewhere(there, BEN), elsewhere(there, CLEO)
    await here.actions.members.leave(room.id, BEN)
    message = await here.actions.messages.say(room.id, ADA, Draft("@ben @cleo", ""))
    assert message.mentions == ("Cleo",)
    await hers.until_frame('data-end="1"')
    assert not any("data-" in frame for frame in his.frames)


async def test_a_list_that_was_being_read_meanwhile_is_not_kept(
    here: Services, room: Room, monkeypatch: pytest.MonkeyPatch, elsewhere: Open
) -> None:
    await here.actions.messages.say(room.id, ADA, Draft("hello", ""))
    await until(lambda: not here.platform.tasks._running)
    reading, go_on = asyncio.Event(), asyncio.Event()
    read = here.rooms.store.list_visible

    async def slowly(*which: Any) -> object:
        found = await read(*which)
        reading.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(here.rooms.store, "list_visible", slowly)
    early = asyncio.create_task(listed(here, BEN))
    await reading.wait()
    his = elsewhere(here, BEN)
    await here.realtime.unread_signals.mark_read(BEN, room.id, 1)
    await his.until_frame("data-read")
    go_on.set()
    assert (await early).unread == 1
    assert (await listed(here, BEN)).unread == 0


async def test_say_makes_one_write_and_no_read_for_plain_words(
    here: Services, room: Room, tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tab(BEN, Cursor(), room.id)
    for name in ("list_members", "find_membership"):
        monkeypatch.setattr(here.rooms.access, name, None)
    monkeypatch.setattr(here.realtime.unread_signals, "announce_message", _nothing)
    assert isinstance(here.realtime.unread_signals, UnreadSignals)
    await here.actions.messages.say(room.id, ADA, Draft("plain words", ""))


async def _nothing(*_: object) -> None:
    pass


async def test_replies_in_their_thread_alone_are_counted_for_nobody(
    here: Services, there: Services, room: Room, elsewhere: Open
) -> None:
    his = elsewhere(there, BEN)
    root = await here.actions.messages.say(room.id, ADA, Draft("root", ""))
    await here.realtime.unread_signals.mark_read(BEN, room.id, root.seq)
    for author in (ADA, BEN):
        aside = Draft("aside", "", thread=root.seq, shown=False)
        await here.actions.threads.post(room.id, author, aside)
    await his.until_frame('data-end="3" data-unlisted="2"')
    for served in (here, there):
        assert [(await listed(served, user)).unread for user in (BEN, CLEO)] == [0, 1]
    await here.actions.messages.say(room.id, ADA, Draft("listed", ""))
    await his.until_frame('data-end="4" data-unlisted="2"')
    for served in (here, there):
        served.rooms.access.invalidate()
        assert [(await listed(served, user)).unread for user in (BEN, CLEO)] == [1, 2]
    await there.realtime.unread_signals.mark_read(BEN, room.id, 2)
    await his.until_frame('data-read="2" data-unlisted="1"')
    assert (await listed(here, BEN)).unread == 1
    await there.realtime.unread_signals.mark_read(BEN, room.id, 4)
    await his.until_frame('data-read="4" data-unlisted="2"')
    assert [(await listed(served, BEN)).unread for served in (here, there)] == [0, 0]
    await there.realtime.unread_signals.mark_unread(BEN, room.id, 3)
    await his.until_frame('data-unread="2" data-unlisted="1"')
    assert (await listed(here, BEN)).unread == 1


async def test_who_joins_has_nothing_unread_in_a_room_with_threads(
    here: Services, room: Room
) -> None:
    root = await here.actions.messages.say(room.id, ADA, Draft("root", ""))
    aside = Draft("aside", "", thread=root.seq, shown=False)
    await here.actions.threads.post(room.id, ADA, aside)
    await until(lambda: not here.platform.tasks._running)
    dan = somebody("Dan")
    await here.actions.members.join(room.id, dan)
    assert (await listed(here, dan)).unread == 0
    await here.actions.messages.say(room.id, ADA, Draft("listed", ""))
    await until(lambda: not here.platform.tasks._running)
    assert (await listed(here, dan)).unread == 1
