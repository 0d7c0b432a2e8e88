"""Deleted rooms: cleared whoever died at it, what came late too, and then left alone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from littlechat.actions.deleted_rooms import SETTLED, TURN, Remains
from littlechat.core.limits import CLEARED, DELETED
from littlechat.core.messages import Draft
from littlechat.core.names import new_id
from littlechat.core.rooms import Room
from littlechat.files.store import UNDER_WAY
from littlechat.messages import heads as ends
from littlechat.messages.documents import edited
from littlechat.messages.store import Messages
from littlechat.platform.database import (
    Collection,
    Database,
    Filter,
    Missing,
    Unavailable,
    now,
)
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
    room = await here.actions.create_room(ADA, "Garden", "", "public")
    await here.actions.join(room.id, BEN)
    upload = await here.uploads.add(room.id, ADA, "a.txt", once(b"words"))
    files = await here.uploads.claim(room.id, ADA, [upload.file.id], "c1")
    await here.actions.say(room.id, ADA, Draft("secret", "c1", files=files))
    for number in range(4):
        await here.actions.say(room.id, ADA, Draft(f"text {number}", new_id()))
        await here.actions.edit(room.id, 1, ADA, f"secret {number}")
    await here.bots.create(room.id, "Robot", ADA)
    await here.work.close()
    await here.indexer.sweep(rest=0)
    return room


async def left(db: Database, room: Room) -> list[str]:
    """Return in which collections something of the room is left."""
    own = {
        "messages": db.messages,
        "changes": db.changes,
        "files": db.files,
        "memberships": db.memberships,
        "invitations": db.invitations,
        "bots": db.bots,
        "search": db.search_rooms,
    }
    found = [name for name, one in own.items() if await one.count({"room": room.id})]
    if await db.chunks.count({}):
        found.append("chunks")
    usage = await db.usage.find_one({"_id": "files"})
    if usage and usage["bytes"]:
        found.append("usage")
    return found


async def die(*_: object) -> None:
    raise Unavailable("killed")


async def stone(here: Services, room: Room) -> str:
    found = await here.db.rooms.find_one({"_id": room.id})
    assert found
    return str(found["visibility"])


async def delete_and_die(here: Services, room: Room, patched: pytest.MonkeyPatch) -> None:
    """Delete a room in a process that does not get to clear anything."""
    patched.setattr(type(here.messages), "delete_room", die)
    patched.setattr(type(here.uploads), "delete_room", die)
    await here.actions.delete_room(room, room.name)
    await here.work.close()


async def test_what_a_process_that_died_left_is_cleared_by_the_next(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        await delete_and_die(here, room, patched)
    assert await left(here.db, room) == ["messages", "changes", "files", "chunks", "usage"]
    await there.remains.sweep(now())
    assert await left(here.db, room) == []


async def test_a_deletion_that_was_broken_off_at_its_first_write_is_finished(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.rooms.invite(room.id, ADA)
    with monkeypatch.context() as patched:
        patched.setattr(type(here.rooms), "clear", die)
        with pytest.raises(Unavailable):
            await here.actions.delete_room(room, room.name)
    assert "memberships" in await left(here.db, room)
    await there.remains.sweep(now())
    assert await left(here.db, room) == []


async def test_a_clearing_that_was_broken_off_in_the_middle_is_finished_whatever_is_known(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "DELETE_SLICE", 2)
    monkeypatch.setattr(ends, "LEAP", 2)
    # The hint for lists was not written before the crash either.
    await here.db.rooms.update({"_id": room.id}, {"$set": {"last_seq": 0}})
    await here.rooms.delete(room.id)
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
                await Messages(there.db).delete_room(room.id)
    await Messages(there.db).delete_room(room.id)
    assert not {"messages", "changes"} & set(await left(here.db, room))


async def test_a_post_and_a_change_that_come_late_are_found(
    here: Services, there: Services, room: Room
) -> None:
    await here.actions.delete_room(room, room.name)
    await here.work.close()
    # It was past its guards when the room was deleted; this process knows how far the room was.
    await there.actions.say(room.id, BEN, Draft("late", new_id()))
    await there.work.close()
    message = (await here.db.messages.find({"room": room.id}))[0]
    await there.messages.change(room.id, message["seq"], edited("later", BEN))
    late = await here.uploads.add(room.id, BEN, "a.txt", once(b"words"))
    await here.db.messages.update({"room": room.id}, {"$set": {"seq": 4_321}})
    await here.remains.sweep(now())
    assert await left(here.db, room) == []
    with pytest.raises(Missing):
        await here.uploads.get(late.file.id, BEN)


async def test_a_room_is_looked_after_until_nothing_can_come_any_more(
    here: Services, room: Room
) -> None:
    await here.actions.delete_room(room, room.name)
    await here.work.close()
    start = now()
    assert await here.remains.sweep(start) == 0
    assert await here.remains.sweep(start + SETTLED - timedelta(minutes=5)) == 0
    assert await stone(here, room) == DELETED
    await here.messages.add(room.id, BEN, Draft("late", new_id()))
    assert await here.remains.sweep(start + SETTLED) == 1
    assert await stone(here, room) == CLEARED
    assert await left(here.db, room) == []
    assert await here.remains.sweep(start + 2 * SETTLED) == 0
    # A join that was under way for so long shows nobody a room without a name.
    await here.rooms._add_member(room.id, BEN, "member")
    assert await here.rooms.list_visible(BEN) == ([], [])
    assert await here.rooms.list_joined(BEN) == []
    with pytest.raises(Missing):
        await here.rooms.get(room.id)
    again = await here.actions.create_room(ADA, "Garden", "", "public")
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

    adding = asyncio.create_task(here.uploads.add(room.id, BEN, "a.txt", slow()))
    await coming.wait()
    await here.actions.delete_room(room, room.name)
    await here.work.close()
    await here.remains.sweep(now())
    assert await left(here.db, room) == ["files", "chunks"]
    go_on.set()
    await adding
    await here.db.files.update({"room": room.id}, {"$set": {"ready": False}})
    await here.uploads.delete_room(room.id, now())
    assert await left(here.db, room) == ["files", "chunks", "usage"]
    await here.remains.sweep(now() + UNDER_WAY + timedelta(seconds=1))
    assert await left(here.db, room) == []


async def test_nothing_of_it_stays_in_the_search_index(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "secret" in str(await here.db.search_segments.find({}))
    await here.actions.delete_room(room, room.name)
    await here.work.close()
    # An indexer wrote of the room and died before it noted that it had.
    await here.db.search_rooms.delete({"_id": room.id})
    await there.remains.sweep(now() + SETTLED)
    await there.indexer.sweep(rest=0)
    await there.search._postings.clear_away(seconds=0)
    assert "secret" not in str(await here.db.search_segments.find({}))


async def test_one_process_at_a_time_and_one_that_fails_keeps_no_other_room_back(
    here: Services, there: Services, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    attic = await here.actions.create_room(ADA, "Attic", "", "private")
    await here.actions.say(attic.id, ADA, Draft("secret", new_id()))
    with monkeypatch.context() as patched:
        for one in (room, attic):
            await delete_and_die(here, one, patched)
    start = now()
    cleared: list[str] = []
    clear = Remains._clear

    async def counted(self: Remains, stone: dict[str, object], at: object) -> bool:
        if stone["_id"] == room.id and not cleared.count(room.id):
            cleared.append(room.id)
            raise Unavailable("for a moment")
        cleared.append(str(stone["_id"]))
        return await clear(self, stone, at)  # type: ignore[arg-type]

    monkeypatch.setattr(Remains, "_clear", counted)
    for minutes in (0, 5, 10):
        swept = [one.remains.sweep(start + timedelta(minutes=minutes)) for one in (here, there)]
        await asyncio.gather(*swept, return_exceptions=True)
    assert await left(here.db, room) == []
    assert await left(here.db, attic) == []
    assert len(cleared) <= 6
    assert timedelta(minutes=5) > TURN
