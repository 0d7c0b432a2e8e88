"""What is posted, edited or removed is stored and published, even if its sender disconnects."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from littlechat.actions import messages as message_actions
from littlechat.core.errors import Invalid
from littlechat.core.messages import Cursor, Draft, Message, Position
from littlechat.core.names import new_id
from littlechat.core.people import User
from littlechat.core.rooms import Membership, Room
from littlechat.platform.bus import MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Missing, Unavailable
from littlechat.realtime.dispatcher import user_topic
from littlechat.web.services import Services
from tests.tabs import ADA, BEN, CLEO, DAN, Tab, abandon, process, until


async def membership(served: Services, room: Room, user: User) -> Membership:
    found = await served.rooms.memberships.find(room.id, user)
    assert found
    return found


async def test_a_post_is_stored_and_received_everywhere(
    here: Services, room: Room, far: Tab
) -> None:
    message = await here.actions.messages.say(room.id, ADA, Draft("  hello\r\nthere  ", "c1"))
    assert (message.seq, message.body) == (1, "  hello\nthere")
    assert await here.messages.get(room.id, 1) == message
    await far.until(lambda dom: dom.seqs == [1] and "hello" in dom.texts[0])


@pytest.mark.parametrize("turns", [1, 2, 3, 5, 8])
async def test_what_a_sender_who_disconnects_posted_is_received_all_the_same(
    here: Services, room: Room, far: Tab, turns: int
) -> None:
    await abandon(here.actions.messages.say(room.id, ADA, Draft("hello", "c1")), turns)
    await far.until_shows("hello")
    assert (await here.messages.get(room.id, 1)).body == "hello"


async def test_a_repeated_send_is_published_again_without_harm(
    here: Services, there: Services, room: Room, far: Tab
) -> None:
    first = await here.actions.messages.say(room.id, ADA, Draft("hello", "c1"))
    assert await here.actions.messages.say(room.id, ADA, Draft("hello", "c1")) == first
    assert await there.actions.messages.say(room.id, ADA, Draft("hello", "c1")) == first
    await here.actions.messages.say(room.id, ADA, Draft("next", "c2"))
    dom = await far.until_shows("hello", "next")
    assert dom.doubled == []


async def test_a_repeated_send_is_received_if_the_first_was_not(
    here: Services, room: Room, far: Tab
) -> None:
    await here.messages.add(room.id, ADA, Draft("hello", "c1"))
    await here.actions.messages.say(room.id, ADA, Draft("hello", "c1"))
    await far.until_shows("hello")


@pytest.mark.parametrize(
    ("body", "client_id"), [("", "c1"), (" \n", "c1"), ("x" * 8_001, "c1"), ("hello", "c 1")]
)
async def test_what_breaks_a_rule_is_neither_stored_nor_published(
    here: Services, room: Room, body: str, client_id: str
) -> None:
    with pytest.raises(Invalid):
        await here.actions.messages.say(room.id, ADA, Draft(body, client_id))
    assert await here.messages.head(room.id) == Cursor()


async def test_an_edit_and_a_removal_are_received_everywhere(
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


async def test_what_an_editor_who_disconnects_changed_is_received_all_the_same(
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


async def test_many_messages_touch_their_room_once_and_with_the_last(
    here: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_actions, "TOUCH_SECONDS", 1.5)
    touched: list[int] = []
    touch = here.rooms.store.touch

    async def count(room_id: str, end: Position, at: Any) -> None:
        touched.append(end.seq)
        await touch(room_id, end, at)

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
    await here.rooms.store.touch(room.id, second.position, second.at)
    await here.rooms.store.touch(room.id, first.position, first.at)
    assert (await here.rooms.store.get(room.id)).last_seq == 2


async def test_without_a_database_every_act_says_so(here: Services, room: Room) -> None:
    here.platform.database.close()
    with pytest.raises(Unavailable):
        await here.actions.messages.say(room.id, ADA, Draft("hello", new_id()))
    with pytest.raises(Unavailable):
        await here.actions.messages.edit(room.id, 1, ADA, "hello")
    with pytest.raises(Unavailable):
        await here.actions.members.join(room.id, DAN)


async def test_listeners_receive_changes_as_they_are_then(here: Services, room: Room) -> None:
    received: list[tuple[str, bool]] = []

    async def listener(message: Message) -> None:
        received.append((message.body, message.removed))

    here.actions.messages.subscribe_to_changes(listener)
    message = await here.actions.messages.say(room.id, ADA, Draft("one", ""))
    await here.actions.messages.edit(room.id, message.seq, ADA, "two")
    await here.actions.messages.change(room.id, message.seq, lambda _: None)
    await here.platform.tasks.close()
    assert received == [("two", False)]


async def test_a_direct_message_is_addressed_to_the_others_and_signalled_to_all(
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


async def test_an_edited_here_addresses_who_was_online_then_and_nobody_who_is_named_no_more(
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


@pytest.mark.parametrize("moderates", [False, True])
async def test_what_was_said_to_an_administrator_is_hers_to_remove_only_if_the_installation_says_so(
    db: object, settings: Settings, *, moderates: bool
) -> None:
    chosen = replace(settings, moderate_direct_messages=moderates)
    ada = replace(ADA, standing="admin")
    async with process(chosen, MemoryBus()) as served:
        room = await served.actions.rooms.open_direct(BEN, [ada])
        await served.actions.messages.say(room, BEN, Draft("between us", ""))
        await served.actions.messages.say(room, ada, Draft("my own", ""))
        hers = await served.rooms.memberships.find(room, ada)
        assert hers
        assert (await served.actions.messages.remove(room, 2, hers, ada)).removed
        if moderates:
            assert (await served.actions.messages.remove(room, 1, hers, ada)).removed
        else:
            with pytest.raises(Missing):
                await served.actions.messages.remove(room, 1, hers, ada)
