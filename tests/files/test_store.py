"""Who may read a file, and which files are deleted when."""

import asyncio
from datetime import timedelta

import pytest

from littlechat.core.messages import Draft
from littlechat.files.schema import FILES
from littlechat.messages.mutations import emptied
from littlechat.platform.database import Database, Missing, now
from tests.files.stores import Store
from tests.pictures import picture
from tests.tabs import ADA, BEN, ROOM


async def test_unattached_files_are_discarded_together(store: Store) -> None:
    sent, first, second, bens = [await store.put(by=by) for by in (ADA, ADA, ADA, BEN)]
    message = await store.post(sent)
    await store.attachments.claim(ROOM, ADA, [first.file.id], "never sent")
    ids = [one.file.id for one in (first, sent, bens, second)]
    await store.discard_some([*ids, "absent"], ADA)
    kept = [one["_id"] for one in await store.db[FILES].find({})]
    assert sorted(kept) == sorted([message.files[0].id, bens.file.id])


async def test_an_unattached_file_is_its_owners_alone(store: Store) -> None:
    upload = await store.put()
    assert await store.get(upload.file.id, ADA) == upload
    with pytest.raises(Missing):
        await store.get(upload.file.id, BEN)
    with pytest.raises(Missing):
        await store.get("absent", ADA)


async def test_a_discarded_file_is_deleted(store: Store) -> None:
    upload = await store.put()
    with pytest.raises(Missing):
        await store.discard(upload.file.id, BEN)
    await store.discard(upload.file.id, ADA)
    assert await store.is_empty()
    sent = await store.put(picture(size=(900, 900)))
    await store.post(sent)
    with pytest.raises(Missing):
        await store.discard(sent.file.id, ADA)
    assert await store.get(sent.file.id, BEN) == sent


async def test_a_removed_messages_file_is_hidden_and_then_deleted(store: Store) -> None:
    upload = await store.put(picture(size=(900, 900)))
    message = await store.post(upload)
    await store.mark_for_sweep(ROOM, message.seq)
    assert await store.get(upload.file.id, BEN) == upload, "not removed yet"
    await store.messages.change(ROOM, message.seq, emptied(ADA))
    for user in (ADA, BEN):
        with pytest.raises(Missing):
            await store.get(upload.file.id, user)
    await store.keep_or_delete(ROOM, message.seq)
    assert await store.is_empty()


async def test_a_removal_that_failed_keeps_the_file(store: Store) -> None:
    upload = await store.put()
    message = await store.post(upload)
    await store.mark_for_sweep(ROOM, message.seq)
    await store.keep_or_delete(ROOM, message.seq)
    assert "loose" not in (await store.db[FILES].find({}))[0]
    assert await store.get(upload.file.id, BEN) == upload


async def test_a_deleted_rooms_files_are_deleted(store: Store) -> None:
    await store.post(await store.put(picture()), await store.put(b"a" * 300_000))
    await store.put()
    await store.delete_room(ROOM, now())
    assert await store.is_empty()


async def test_the_sweep_deletes_files_unattached_for_a_day(store: Store) -> None:
    await store.put()
    start = now()
    assert await store.sweep(start) == 0
    assert await store.sweep(start + timedelta(minutes=59)) is None, "not due"
    assert await store.sweep(start + timedelta(hours=23)) == 0
    assert await store.sweep(start + timedelta(hours=25)) == 1
    assert await store.is_empty()


async def test_the_sweep_keeps_a_file_whose_message_was_not_confirmed(store: Store) -> None:
    upload = await store.put()
    await store.post(upload, confirm=False)
    assert await store.sweep(now() + timedelta(hours=25)) == 0
    assert await store.get(upload.file.id, BEN) == upload
    assert "loose" not in (await store.db[FILES].find({}))[0]


async def test_the_sweep_completes_a_removal_that_was_aborted(store: Store) -> None:
    message = await store.post(await store.put())
    await store.mark_for_sweep(ROOM, message.seq)
    await store.messages.change(ROOM, message.seq, emptied(ADA))
    assert await store.sweep(now()) == 1
    assert await store.is_empty()


async def test_a_claim_protects_a_file_from_a_sweep_under_way(store: Store) -> None:
    upload = await store.put()
    late = (await store.db[FILES].find({}))[0]
    files = await store.attachments.claim(ROOM, ADA, [upload.file.id], "one")
    assert await store._keep_or_delete([late]) == 0, "it was found before the claim"
    assert (await store.messages.add(ROOM, ADA, Draft("", "one", files=files))).files


async def test_the_sweep_deletes_an_upload_that_never_ended(store: Store) -> None:
    await store.put()
    await store.db[FILES].update({}, {"$set": {"ready": False}})
    assert await store.sweep(now() + timedelta(hours=25)) == 1
    assert await store.is_empty()


async def test_two_processes_sweep_once_an_hour(db: Database) -> None:
    one, other = Store(db), Store(db)
    for hour in range(3):
        at = now() + timedelta(hours=hour)
        swept = await asyncio.gather(one.sweep(at), other.sweep(at))
        assert sorted(swept, key=str) == [0, None]
