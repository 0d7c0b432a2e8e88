"""The inbox holds what is addressed to somebody, newest first, and counts what is unread of it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from littlechat.core.messages import Draft, Message, Position
from littlechat.core.names import new_id
from littlechat.core.people import User
from littlechat.core.rooms import Room, everyone_in
from littlechat.messages.schema import MESSAGES
from littlechat.messages.store import Messages
from littlechat.platform.database import Database, now
from littlechat.rooms import inbox as module
from littlechat.rooms.room_list import RoomListEntry
from tests.factories import make_rooms
from tests.tabs import ADA, BEN, CLEO

Said = list[str]


class World:
    """The stores, and a room of Ada's that Ben is in."""

    def __init__(self, db: Database) -> None:
        self.db, self.rooms, self.messages = db, make_rooms(db), Messages(db)

    async def found(self, name: str, visibility: Any = "public") -> Room:
        room = await self.rooms.store.create(ADA, name, "", visibility)
        invitation = await self.rooms.members.invite(room.id, ADA)
        await self.rooms.members.accept(invitation.token, BEN)
        return room

    async def say(self, room: Room, text: str, *concerns: str, by: User = ADA) -> Message:
        return await self.messages.add(room.id, by, Draft(text, new_id(), addressed_to=concerns))

    async def date(self, message: Message, days: int) -> None:
        at = now() - timedelta(days=days)
        await self.db[MESSAGES].update(
            {"room": message.room_id, "seq": message.seq},
            {"$set": {"at": at, "concerned_at": at}},
        )

    async def listed(self, user: User) -> list[RoomListEntry]:
        """Return the user's rooms as if they had been in them for ever."""
        joined, _ = await self.rooms.store.list_visible(user)
        long_ago = now() - timedelta(days=4_000)
        return [replace(room, joined=long_ago, created=long_ago) for room in joined]

    async def inbox(self, user: User, before: Any = None) -> tuple[Said, Any]:
        messages, later = await self.rooms.inbox.list_page(user, await self.listed(user), before)
        return [message.body for message in messages], later


@pytest.fixture
async def world(db: Database) -> World:
    return World(db)


async def test_inbox_has_what_concerns_one_newest_first_across_rooms(world: World) -> None:
    garden, attic = await world.found("Garden"), await world.found("Attic", "private")
    await world.say(garden, "one", BEN.id)
    await world.say(garden, "for nobody")
    await world.say(garden, "for Cleo", CLEO.id)
    await world.say(attic, "two", everyone_in(attic.id))
    await world.say(garden, "three", BEN.id, everyone_in(garden.id))
    await world.say(garden, "his own", everyone_in(garden.id), by=BEN)
    assert await world.inbox(BEN) == (["three", "two", "one"], None)
    assert await world.inbox(ADA) == (["his own"], None)
    assert await world.inbox(CLEO) == ([], None)


async def test_inbox_has_nothing_of_rooms_left_nor_of_removed_messages(world: World) -> None:
    garden, attic = await world.found("Garden"), await world.found("Attic")
    await world.say(attic, "in a room left", BEN.id)
    gone = await world.say(garden, "removed", BEN.id)
    await world.say(garden, "kept", BEN.id)
    await world.messages.change(garden.id, gone.seq, lambda _: {"removed": True, "body": ""})
    await world.rooms.members.leave(attic.id, BEN)
    assert await world.inbox(BEN) == (["kept"], None)


async def test_what_was_said_to_all_was_not_said_to_those_who_came_later(world: World) -> None:
    room = await world.found("Garden")
    await world.date(await world.say(room, "all, long ago", everyone_in(room.id)), 3)
    await world.date(await world.say(room, "Ben, long ago", BEN.id), 3)
    joined, _ = await world.rooms.store.list_visible(BEN)
    there = [replace(one, created=now() - timedelta(days=9)) for one in joined]
    found, _ = await world.rooms.inbox.list_page(BEN, there)
    assert [message.body for message in found] == ["Ben, long ago"]


async def test_inbox_looks_back_as_far_as_it_must_and_turns_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INBOX_PAGE_MESSAGES", 3)
    room = await world.found("Garden")
    days = (0, 1, 10, 11, 200, 900, 901)
    for day in days:
        await world.date(await world.say(room, f"{day} days ago", BEN.id), day)
    pages, before = [], None
    while True:
        page, before = await world.inbox(BEN, before)
        pages.append(page)
        if before is None:
            break
    assert [text for page in pages for text in page] == [f"{day} days ago" for day in days]
    assert [len(page) for page in pages] == [3, 3, 1]


async def test_what_came_in_one_moment_stays_on_one_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INBOX_PAGE_MESSAGES", 2)
    room = await world.found("Garden")
    at = now() - timedelta(days=1)
    for number in range(4):
        message = await world.say(room, f"text {number}", BEN.id)
        await world.db[MESSAGES].update(
            {"room": room.id, "seq": message.seq}, {"$set": {"at": at, "concerned_at": at}}
        )
    page, before = await world.inbox(BEN)
    assert len(page) == 4
    assert before is None or await world.inbox(BEN, before) == ([], None)


async def test_unread_calls_are_counted_where_something_is_unread(world: World) -> None:
    garden, attic = await world.found("Garden"), await world.found("Attic")
    for room in (garden, attic):
        await world.say(room, "you", BEN.id)
        await world.say(room, "all", everyone_in(room.id))
        await world.say(room, "nobody")
        await world.rooms.store.touch(room.id, Position(3), now())
    await world.date(await world.say(garden, "too long ago", BEN.id), 40)
    await world.rooms.read_positions.advance(attic.id, BEN.id, Position(3))
    calls = await world.rooms.inbox.list_unread_mentions(BEN, await world.listed(BEN))
    assert calls == {"garden": {1, 2}}


async def test_an_index_finds_what_concerns_somebody_among_many(world: World) -> None:
    room = await world.found("Garden")
    await asyncio.gather(*(world.say(room, f"text {n}") for n in range(300)))
    stored = await world.db[MESSAGES].find({"room": room.id, "concerned_at": {"$exists": True}})
    assert stored == []
    await world.say(room, "for Ben", BEN.id)
    (document,) = await world.db[MESSAGES].find({"concerns": BEN.id})
    assert document["concerned_at"] == document["at"]
