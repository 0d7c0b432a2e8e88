"""Claiming files for messages, and which message has a file."""

import pytest

from littlechat.core.errors import Invalid
from littlechat.files.attachments import MESSAGE_FILES_MAX
from tests.files.stores import Store
from tests.tabs import ADA, BEN, ROOM


@pytest.mark.parametrize("confirm", [True, False])
async def test_a_file_of_a_message_can_be_read_at_once(store: Store, confirm: bool) -> None:
    upload = await store.put()
    message = await store.post(upload, confirm=confirm)
    assert message.files == (upload.file,)
    assert await store.get(upload.file.id, BEN) == upload


async def test_a_repeated_claim_for_the_same_send_succeeds(store: Store) -> None:
    upload = await store.put()
    first = await store.post(upload)
    assert await store.post(upload) == first


async def test_a_file_belongs_to_one_message_only(store: Store) -> None:
    upload = await store.put()
    await store.post(upload)
    with pytest.raises(Invalid):
        await store.attachments.claim(ROOM, ADA, [upload.file.id], "two")


async def test_a_file_of_a_failed_send_can_be_claimed_by_another(store: Store) -> None:
    upload = await store.put()
    await store.attachments.claim(ROOM, ADA, [upload.file.id], "lost")
    assert (await store.post(upload, client_id="two")).files == (upload.file,)


async def test_only_ones_own_files_of_this_room_are_claimed(store: Store) -> None:
    bens, elsewhere = await store.put(by=BEN), await store.put(room="kitchen")
    mine = [await store.put() for _ in range(3)]
    for ids in (
        [bens.file.id],
        [elsewhere.file.id],
        ["absent"],
        [mine[0].file.id, bens.file.id],
        [one.file.id for one in mine] * MESSAGE_FILES_MAX,
    ):
        with pytest.raises(Invalid):
            await store.attachments.claim(ROOM, ADA, ids, "one")
    files = await store.attachments.claim(ROOM, ADA, [mine[2].file.id, mine[0].file.id], "two")
    assert files == (mine[2].file, mine[0].file)
    ids = [bens.file.id, mine[1].file.id]
    assert await store.attachments.list_unattached(ROOM, ADA, ids) == [mine[1].file]
    assert await store.attachments.list_unattached(ROOM, ADA, []) == []


async def test_a_file_whose_message_is_not_confirmed_yet_is_not_unattached(store: Store) -> None:
    upload = await store.put()
    await store.post(upload, confirm=False)
    assert await store.attachments.list_unattached(ROOM, ADA, [upload.file.id]) == []
