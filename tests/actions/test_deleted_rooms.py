"""Deleted rooms: cleared whoever died at it, what came late too, and then left alone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from littlechat.actions.deleted_rooms import SETTLED, DeletedRooms
from littlechat.bots.schema import BOTS
from littlechat.core.limits import CLEARED, DELETED
from littlechat.core.messages import Draft
from littlechat.core.names import new_id
from littlechat.core.rooms import Room
from littlechat.files.schema import CHUNKS, FILES, USAGE
from littlechat.files.uploads import UPLOAD_ABANDONED_AFTER
from littlechat.messages import heads
from littlechat.messages.mutations import edited
from littlechat.messages.schema import CHANGES, MESSAGES
from littlechat.messages.store import Messages
from littlechat.platform.database import (
    Collection,
    Database,
    Filter,
    Missing,
    Unavailable,
    now,
)
from littlechat.rooms.schema import INVITATIONS, MEMBERSHIPS, ROOMS
from littlechat.rooms.store import CLEANUP_LEASE, Tombstone
from littlechat.search.schema import SEARCH_ROOMS, SEARCH_SEGMENTS
from littlechat.web.services import Services
from tests.tabs import ADA, BEN

AT = now()


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


@pytest.fixture(autouse=True)
def quick(quick_feeds: None) -> None:
    """Let nothing linger."""


@pytest.fixture
async def room(here: Services) -> Room:
    """A room with messages, changes, a file, a member and a bot."""
    room = await here.actions.rooms.create(ADA, "Garden", "", "public")
    await here.actions.members.join(room.id, BEN)
    upload = await here.files.uploads.add(room.id, ADA, "a.txt", once(b"words"))
    files = await here.files.attachments.claim(room.id, ADA, [upload.file.id], "c1")
    await here.actions.messages.say(room.id, ADA, Draft("secret", "c1", files=files))
    for number in range(4):
        await here.actions.messages.say(room.id, ADA, Draft(f"text {number}", new_id()))
        await here.actions.messages.edit(room.id, 1, ADA, f"secret {number}")
    await here.bots.store.create(room.id, "Robot", ADA)
    await here.platform.tasks.close()
    await here.search.indexer.sweep(rest=0)
    return room


async def left(db: Database, room: Room) -> list[str]:
    """Return in which collections something of the room is left."""
    own = {
        "messages": db[MESSAGES],
        "changes": db[CHANGES],
        "files": db[FILES],
        "memberships": db[MEMBERSHIPS],
        "invitations": db[INVITATIONS],
        "bots": db[BOTS],
        "search": db[SEARCH_ROOMS],
    }
    found = [name for name, one in own.items() if await one.count({"room": room.id})]
    if await db[CHUNKS].count({}):
        found.append("chunks")
    usage = await db[USAGE].find_one({"_id": "files"})
    if usage and usage["bytes"]:
        found.append("usage")
    return found


async def die(*_: object) -> None:
    raise Unavailable("killed")


async def tombstone(here: Services, room: Room) -> str:
    found = await here.platform.database[ROOMS].find_one({"_id": room.id})
    assert found
    return str(found["visibility"])


async def delete_and_die(here: Services, room: Room, patched: pytest.MonkeyPatch) -> None:
    """Delete a room in a process that does not get to clear anything."""
    patched.setattr(type(here.messages), "delete_room", die)
    patched.setattr(type(here.files), "delete_room", die)
    await here.actions.rooms.delete(room, room.name)
    await here.platform.tasks.close()


async def test_what_a_process_that_died_left_is_cleared_by_the_next(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        await delete_and_die(here, room, patched)
    assert await left(here.platform.database, room) == [
        "messages",
        "changes",
        "files",
        "chunks",
        "usage",
    ]
    await there.actions.deleted_rooms.sweep(now())
    assert await left(here.platform.database, room) == []


async def test_a_deletion_that_was_broken_off_at_its_first_write_is_finished(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.rooms.members.invite(room.id, ADA)
    with monkeypatch.context() as patched:
        patched.setattr(type(here.rooms), "clear", die)
        with pytest.raises(Unavailable):
            await here.actions.rooms.delete(room, room.name)
    assert "memberships" in await left(here.platform.database, room)
    await there.actions.deleted_rooms.sweep(now())
    assert await left(here.platform.database, room) == []


async def test_a_clearing_that_was_broken_off_in_the_middle_is_finished_whatever_is_known(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "DELETE_SLICE_NUMBERS", 2)
    monkeypatch.setattr(heads, "LEAP_NUMBERS", 2)
    # The hint for lists was not written before the crash either.
    await here.platform.database[ROOMS].update({"_id": room.id}, {"$set": {"last_seq": 0}})
    await here.rooms.store.delete(room.id)
    delete = Collection.delete
    deleted = 0

    async def once_only(self: Collection, where: Filter) -> int:
        nonlocal deleted
        deleted += 1
        if deleted % 2 == 0:
            raise Unavailable("killed")
        return await delete(self, where)

    with monkeypatch.context() as patched:
        patched.setattr(Collection, "delete", once_only)
        for _ in range(4):
            with pytest.raises(Unavailable):
                await Messages(there.platform.database).delete_room(room.id)
    await Messages(there.platform.database).delete_room(room.id)
    assert not {"messages", "changes"} & set(await left(here.platform.database, room))


async def test_a_post_and_a_change_that_come_late_are_found(
    here: Services, there: Services, room: Room
) -> None:
    await here.actions.rooms.delete(room, room.name)
    await here.platform.tasks.close()
    # It was past its guards when the room was deleted; this process knows how far the room was.
    await there.actions.messages.say(room.id, BEN, Draft("late", new_id()))
    await there.platform.tasks.close()
    message = (await here.platform.database[MESSAGES].find({"room": room.id}))[0]
    await there.messages.change(room.id, message["seq"], edited("later", BEN))
    late = await here.files.uploads.add(room.id, BEN, "a.txt", once(b"words"))
    await here.platform.database[MESSAGES].update({"room": room.id}, {"$set": {"seq": 4_321}})
    await here.actions.deleted_rooms.sweep(now())
    assert await left(here.platform.database, room) == []
    with pytest.raises(Missing):
        await here.files.get(late.file.id, BEN)


async def test_a_room_is_looked_after_until_nothing_can_come_any_more(
    here: Services, room: Room
) -> None:
    await here.actions.rooms.delete(room, room.name)
    await here.platform.tasks.close()
    start = now()
    assert await here.actions.deleted_rooms.sweep(start) == 0
    assert await here.actions.deleted_rooms.sweep(start + SETTLED - timedelta(minutes=5)) == 0
    assert await tombstone(here, room) == DELETED
    await here.messages.add(room.id, BEN, Draft("late", new_id()))
    assert await here.actions.deleted_rooms.sweep(start + SETTLED) == 1
    assert await tombstone(here, room) == CLEARED
    assert await left(here.platform.database, room) == []
    assert await here.actions.deleted_rooms.sweep(start + 2 * SETTLED) == 0
    # A join that was under way for so long shows nobody a room without a name.
    await here.rooms.memberships.add(room.id, BEN, "member")
    assert await here.rooms.store.list_visible(BEN) == ([], [])
    assert await here.rooms.store.list_joined(BEN) == []
    with pytest.raises(Missing):
        await here.rooms.store.get(room.id)
    again = await here.actions.rooms.create(ADA, "Garden", "", "public")
    assert again.id != room.id


async def test_an_upload_that_is_coming_in_is_left_until_it_cannot_be(
    here: Services, room: Room
) -> None:
    coming, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"a" * 300_000
        coming.set()
        await go_on.wait()
        yield b"b" * 300_000

    adding = asyncio.create_task(here.files.uploads.add(room.id, BEN, "a.txt", slow()))
    await coming.wait()
    await here.actions.rooms.delete(room, room.name)
    await here.platform.tasks.close()
    await here.actions.deleted_rooms.sweep(now())
    assert await left(here.platform.database, room) == ["files", "chunks"]
    go_on.set()
    await adding
    await here.platform.database[FILES].update({"room": room.id}, {"$set": {"ready": False}})
    await here.files.delete_room(room.id, now())
    assert await left(here.platform.database, room) == ["files", "chunks", "usage"]
    await here.actions.deleted_rooms.sweep(now() + UPLOAD_ABANDONED_AFTER + timedelta(seconds=1))
    assert await left(here.platform.database, room) == []


async def test_nothing_of_it_stays_in_the_search_index(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "secret" in str(await here.platform.database[SEARCH_SEGMENTS].find({}))
    await here.actions.rooms.delete(room, room.name)
    await here.platform.tasks.close()
    # An indexer wrote of the room and died before it noted that it had.
    await here.platform.database[SEARCH_ROOMS].delete({"_id": room.id})
    await there.actions.deleted_rooms.sweep(now() + SETTLED)
    await there.search.indexer.sweep(rest=0)
    await there.search.index.delete_retired(seconds=0)
    assert "secret" not in str(await here.platform.database[SEARCH_SEGMENTS].find({}))


async def test_one_process_at_a_time_and_one_that_fails_keeps_no_other_room_back(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    attic = await here.actions.rooms.create(ADA, "Attic", "", "private")
    await here.actions.messages.say(attic.id, ADA, Draft("secret", new_id()))
    with monkeypatch.context() as patched:
        for one in (room, attic):
            await delete_and_die(here, one, patched)
    start = now()
    cleared: list[str] = []
    clear = DeletedRooms._clear

    async def counted(self: DeletedRooms, tombstone: Tombstone, at: object) -> bool:
        if tombstone.room_id == room.id and not cleared.count(room.id):
            cleared.append(room.id)
            raise Unavailable("for a moment")
        cleared.append(tombstone.room_id)
        return await clear(self, tombstone, at)  # type: ignore[arg-type]

    monkeypatch.setattr(DeletedRooms, "_clear", counted)
    for minutes in (0, 5, 10):
        swept = [
            one.actions.deleted_rooms.sweep(start + timedelta(minutes=minutes))
            for one in (here, there)
        ]
        await asyncio.gather(*swept, return_exceptions=True)
    assert await left(here.platform.database, room) == []
    assert await left(here.platform.database, attic) == []
    assert len(cleared) <= 6
    assert timedelta(minutes=5) > CLEANUP_LEASE
