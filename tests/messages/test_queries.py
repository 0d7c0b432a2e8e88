"""Queries across rooms: by addressee and time, by key, and in batches after a cursor."""

import asyncio
from datetime import timedelta

import pytest

from littlechat.core.messages import Cursor, Draft
from littlechat.core.names import new_id
from littlechat.messages import queries as queries_module
from littlechat.messages.mutations import emptied
from littlechat.messages.store import Messages
from tests.messages.content import fill
from tests.tabs import ADA, BEN, CLEO, ROOM


async def test_messages_are_found_by_addressee_and_time_in_every_room(store: Messages) -> None:
    sends = [("attic", "to Ben", (BEN.id,)), (ROOM, "to both", (CLEO.id, BEN.id)), (ROOM, "x", ())]
    to_ben, to_both, _ = [
        await store.add(room, ADA, Draft(body, new_id(), addressed_to=whom))
        for room, body, whom in sends
    ]
    later = to_both.at + timedelta(milliseconds=1)
    found = await store.queries.list_addressed([BEN.id, "nobody"], to_ben.at, later)
    assert {one.body for one in found} == {"to Ben", "to both"}
    assert await store.queries.list_addressed([CLEO.id], to_ben.at, later) == [to_both]
    assert await store.queries.list_addressed([BEN.id], to_ben.at, to_ben.at) == []


async def test_messages_are_found_by_key_as_they_are_now(store: Messages) -> None:
    await fill(store, 3)
    read = await store.queries.read_after(ROOM, Cursor())
    keys = {stored.message().seq: stored.key for stored in read.posted}
    await store.change(ROOM, 2, emptied(ADA))
    found = await store.queries.list_by_key([keys[2], keys[3], bytes(12)])
    assert {one.seq: one.removed for one in found} == {2: True, 3: False}


async def test_batches_after_a_cursor_bring_everything_once(
    store: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_module, "BULK_NUMBERS", 3)
    await fill(store, 7)
    await asyncio.gather(*(store.change(ROOM, seq, emptied(ADA)) for seq in (1, 2)))
    cursor, has_more, posted, changed = Cursor(), True, list[int](), set[int]()
    while has_more:
        batch = await store.queries.read_after(ROOM, cursor)
        posted += [one.message().seq for one in batch.posted]
        changed |= {one.message().seq for one in batch.changed}
        cursor, has_more = batch.cursor, batch.has_more
    assert posted == list(range(1, 8))
    assert changed == set()
    assert cursor == Cursor(7, 2)
    await store.change(ROOM, 5, emptied(ADA))
    batch = await store.queries.read_after(ROOM, cursor)
    assert [one.message().seq for one in batch.changed] == [5]
    assert (batch.posted, batch.cursor, batch.has_more) == ([], Cursor(7, 3), False)
