"""Files on a real database: whose they are, which message has them, and what is cleared away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from littlechat.core.errors import Invalid
from littlechat.core.messages import Draft, Message
from littlechat.core.people import User
from littlechat.files.blobs import CHUNK_BYTES
from littlechat.files.schema import CHUNKS, FILES, USAGE
from littlechat.files.store import (
    ADDED_AT_ONCE,
    FILES_MAX,
    Files,
    Full,
    TooLarge,
    Upload,
)
from littlechat.files.thumbnails import Thumbnail, thumbnail
from littlechat.messages.mutations import emptied
from littlechat.messages.store import Messages
from littlechat.platform.background_tasks import BackgroundTasks
from littlechat.platform.database import Database, Missing, now
from littlechat.platform.rate_limits import TooMany
from tests.pictures import animation, bomb, picture
from tests.tabs import ADA, BEN, ROOM

MIB = 1024 * 1024


async def once(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 60_000):
        yield data[at : at + 60_000]


class Store(Files):
    """The store with short ways, and the messages beside it."""

    def __init__(self, db: Database, bytes_max: int = MIB, quota: int = 10 * MIB) -> None:
        self.work = BackgroundTasks()
        self.messages = Messages(db)
        super().__init__(db, self.messages, self.work, bytes_max, quota)
        self.db = db

    async def put(
        self, data: bytes = b"words", name: str = "a.txt", by: User = ADA, room: str = ROOM
    ) -> Upload:
        return await self.add(room, by, name, once(data))

    async def post(self, *uploads: Upload, client_id: str = "one", confirm: bool = True) -> Message:
        ids = [one.file.id for one in uploads]
        files = await self.claim(ROOM, ADA, ids, client_id)
        message = await self.messages.add(ROOM, ADA, Draft("", client_id, files=files))
        if confirm:
            await self.confirm(message)
        return message

    async def content(self, upload: Upload) -> bytes:
        pieces = self.read(upload, 0, upload.file.size)
        return b"".join([piece async for piece in pieces])

    async def is_empty(self) -> bool:
        await self.work.close()
        usage = await self.db[USAGE].find_one({"_id": "files"})
        counted = usage["bytes"] if usage else 0
        return [counted, await self.db[FILES].find({}), await self.db[CHUNKS].find({})] == [
            0,
            [],
            [],
        ]


@pytest.fixture
def store(db: Database) -> Store:
    return Store(db)


async def test_file_is_stored_and_read(store: Store) -> None:
    data = bytes(range(250)) * 2_000
    upload = await store.put(data, "../a.bin")
    assert upload.file.name == "a.bin"
    assert (upload.file.type, upload.file.size) == ("application/octet-stream", 500_000)
    assert (upload.file.width, upload.thumbnail_size) == (None, 0)
    assert await store.content(await store.get(upload.file.id, ADA)) == data


async def test_picture_has_a_small_one(store: Store) -> None:
    upload = await store.put(picture("JPEG", (2_000, 1_000), rotated=True, maker="Secret"), "a.jpg")
    assert (upload.file.width, upload.file.height) == (1_000, 2_000)
    small = b"".join([piece async for piece in store.read_thumbnail(upload)])
    assert small[8:12] == b"WEBP"
    assert b"Secret" not in small
    assert len(small) == upload.thumbnail_size


async def test_damaged_picture_is_only_a_file(store: Store) -> None:
    upload = await store.put(picture("PNG", (300, 300))[:100], "a.png")
    assert upload.file.type == "application/octet-stream"
    assert upload.file.width is None


async def test_picture_of_too_many_pixels_is_kept_without_a_small_one(store: Store) -> None:
    upload = await store.put(bomb(), "panorama.gif")
    assert (upload.file.type, upload.file.width) == ("image/gif", None)
    assert upload.thumbnail_size == 0
    assert await store.content(upload) == bomb()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
async def test_moving_picture_is_known_as_one(store: Store, kind: str) -> None:
    moving, still = await store.put(animation(kind)), await store.put(picture(kind))
    assert moving.file.moves
    assert not still.file.moves
    message = await store.post(moving, still)
    stored = await store.messages.get(ROOM, message.seq)
    assert stored.files == message.files
    assert [one.moves for one in stored.files] == [True, False]


@pytest.mark.parametrize(
    ("data", "refusal"),
    [(b"", Invalid), (b"a" * (MIB + 1), TooLarge)],
)
async def test_what_is_refused_leaves_nothing(
    store: Store, data: bytes, refusal: type[Invalid]
) -> None:
    with pytest.raises(refusal):
        await store.put(data)
    assert await store.is_empty()


async def test_largest_file_is_taken(store: Store) -> None:
    assert (await store.put(b"a" * MIB)).file.size == MIB


async def test_cut_upload_leaves_nothing(store: Store) -> None:
    begun = asyncio.Event()

    async def cut() -> AsyncIterator[bytes]:
        yield b"a" * (CHUNK_BYTES + 5)
        begun.set()
        await asyncio.Event().wait()

    adding = asyncio.create_task(store.add(ROOM, ADA, "a", cut()))
    await begun.wait()
    adding.cancel()
    await asyncio.gather(adding, return_exceptions=True)
    assert await store.is_empty()


@pytest.mark.parametrize("quota", [10 * MIB, 1_000])
async def test_upload_that_is_cut_at_its_very_end_leaves_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch, quota: int
) -> None:
    store = Store(db, quota=quota)
    looking, go_on = asyncio.Event(), asyncio.Event()

    async def slow(data: bytes, box: int) -> Thumbnail:
        looking.set()
        await go_on.wait()
        return await thumbnail(data, box)

    monkeypatch.setattr("littlechat.files.originals.thumbnail", slow)
    adding = asyncio.create_task(store.put(picture(size=(900, 900)), "a.png"))
    await looking.wait()
    adding.cancel()
    await asyncio.gather(adding, return_exceptions=True)
    # What is deleted too early is deleted by then.
    early = asyncio.create_task(store.work.close())
    await asyncio.wait({early}, timeout=0.5)
    go_on.set()
    await early
    assert await store.is_empty()


async def test_what_no_message_has_is_discarded_together(store: Store) -> None:
    sent, first, second, bens = [await store.put(by=by) for by in (ADA, ADA, ADA, BEN)]
    message = await store.post(sent)
    await store.claim(ROOM, ADA, [first.file.id], "never sent")
    ids = [one.file.id for one in (first, sent, bens, second)]
    await store.discard_some([*ids, "absent"], ADA)
    kept = [one["_id"] for one in await store.db[FILES].find({})]
    assert sorted(kept) == sorted([message.files[0].id, bens.file.id])


async def test_one_person_sends_a_few_at_once(store: Store) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    sends = [
        asyncio.create_task(store.add(ROOM, ADA, "a", endless())) for _ in range(ADDED_AT_ONCE)
    ]
    while store._adding[ADA.id] < ADDED_AT_ONCE:
        await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await store.put()
    await store.put(by=BEN)
    for send in sends:
        send.cancel()
    await asyncio.gather(*sends, return_exceptions=True)
    await store.put()


# Space


async def test_quota_holds_for_all_files_together(db: Database) -> None:
    store = Store(db, quota=1_000)
    first = await store.put(b"a" * 600)
    with pytest.raises(Full):
        await store.put(b"a" * 600)
    await store.put(b"a" * 400)
    with pytest.raises(Full):
        await store.put(b"a")
    await store.discard(first.file.id, ADA)
    await store.put(b"a" * 600)


async def test_quota_holds_when_many_come_at_once(db: Database) -> None:
    store = Store(db, quota=1_000)
    sends = [store.put(b"a" * 400, by=User(f"u{n}", f"u{n}", now())) for n in range(6)]
    done = await asyncio.gather(*sends, return_exceptions=True)
    assert sum(isinstance(one, Upload) for one in done) == 2
    assert sum(isinstance(one, Full) for one in done) == 4


async def test_first_two_at_once_are_both_counted(db: Database) -> None:
    store = Store(db)
    await asyncio.gather(store.put(b"a" * 400), store.put(b"a" * 300))
    usage = await db[USAGE].find_one({"_id": "files"})
    assert usage
    assert usage["bytes"] == 700


async def test_no_quota_means_no_files(db: Database) -> None:
    with pytest.raises(Full, match="switched off"):
        await Store(db, quota=0).put()


# With messages


async def test_loose_file_is_its_owners_alone(store: Store) -> None:
    upload = await store.put()
    assert await store.get(upload.file.id, ADA) == upload
    with pytest.raises(Missing):
        await store.get(upload.file.id, BEN)
    with pytest.raises(Missing):
        await store.get("absent", ADA)


@pytest.mark.parametrize("confirm", [True, False])
async def test_file_of_a_message_is_there_at_once(store: Store, confirm: bool) -> None:
    upload = await store.put()
    message = await store.post(upload, confirm=confirm)
    assert message.files == (upload.file,)
    assert await store.get(upload.file.id, BEN) == upload


async def test_same_send_again_is_as_good(store: Store) -> None:
    upload = await store.put()
    first = await store.post(upload)
    assert await store.post(upload) == first


async def test_file_goes_with_one_message_only(store: Store) -> None:
    upload = await store.put()
    await store.post(upload)
    with pytest.raises(Invalid):
        await store.claim(ROOM, ADA, [upload.file.id], "two")


async def test_file_of_a_send_that_failed_can_be_sent_with_another(store: Store) -> None:
    upload = await store.put()
    await store.claim(ROOM, ADA, [upload.file.id], "lost")
    assert (await store.post(upload, client_id="two")).files == (upload.file,)


async def test_only_ones_own_files_of_this_room_are_claimed(store: Store) -> None:
    bens, elsewhere = await store.put(by=BEN), await store.put(room="kitchen")
    mine = [await store.put() for _ in range(3)]
    for ids in (
        [bens.file.id],
        [elsewhere.file.id],
        ["absent"],
        [mine[0].file.id, bens.file.id],
        [one.file.id for one in mine] * FILES_MAX,
    ):
        with pytest.raises(Invalid):
            await store.claim(ROOM, ADA, ids, "one")
    files = await store.claim(ROOM, ADA, [mine[2].file.id, mine[0].file.id], "two")
    assert files == (mine[2].file, mine[0].file)
    assert await store.list_loose(ROOM, ADA, [bens.file.id, mine[1].file.id]) == [mine[1].file]
    assert await store.list_loose(ROOM, ADA, []) == []


async def test_discarded_file_is_gone(store: Store) -> None:
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


async def test_removed_messages_file_is_nobodys_and_then_gone(store: Store) -> None:
    upload = await store.put(picture(size=(900, 900)))
    message = await store.post(upload)
    await store.doubt(ROOM, message.seq)
    assert await store.get(upload.file.id, BEN) == upload, "not removed yet"
    await store.messages.change(ROOM, message.seq, emptied(ADA))
    for user in (ADA, BEN):
        with pytest.raises(Missing):
            await store.get(upload.file.id, user)
    await store.settle(ROOM, message.seq)
    assert await store.is_empty()


async def test_removal_that_did_not_happen_keeps_the_file(store: Store) -> None:
    upload = await store.put()
    message = await store.post(upload)
    await store.doubt(ROOM, message.seq)
    await store.settle(ROOM, message.seq)
    assert "loose" not in (await store.db[FILES].find({}))[0]
    assert await store.get(upload.file.id, BEN) == upload


async def test_deleted_rooms_files_are_gone(store: Store) -> None:
    await store.post(await store.put(picture()), await store.put(b"a" * 300_000))
    await store.put()
    await store.delete_room(ROOM, now())
    assert await store.is_empty()


# The sweep


async def test_sweep_takes_what_was_loose_for_a_day(store: Store) -> None:
    await store.put()
    start = now()
    assert await store.sweep(start) == 0
    assert await store.sweep(start + timedelta(minutes=59)) is None, "not due"
    assert await store.sweep(start + timedelta(hours=23)) == 0
    assert await store.sweep(start + timedelta(hours=25)) == 1
    assert await store.is_empty()


async def test_sweep_keeps_what_a_message_has_though_we_died_before_saying_so(store: Store) -> None:
    upload = await store.put()
    await store.post(upload, confirm=False)
    assert await store.sweep(now() + timedelta(hours=25)) == 0
    assert await store.get(upload.file.id, BEN) == upload
    assert "loose" not in (await store.db[FILES].find({}))[0]


async def test_sweep_ends_a_removal_that_died_half_way(store: Store) -> None:
    message = await store.post(await store.put())
    await store.doubt(ROOM, message.seq)
    await store.messages.change(ROOM, message.seq, emptied(ADA))
    assert await store.sweep(now()) == 1
    assert await store.is_empty()


async def test_claim_saves_from_the_sweep(store: Store) -> None:
    upload = await store.put()
    late = (await store.db[FILES].find({}))[0]
    files = await store.claim(ROOM, ADA, [upload.file.id], "one")
    assert await store._settle([late]) == 0, "it was found before the claim"
    assert (await store.messages.add(ROOM, ADA, Draft("", "one", files=files))).files


async def test_upload_that_never_ended_is_swept(store: Store) -> None:
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


async def test_sweep_counts_anew(store: Store) -> None:
    await store.put(b"a" * 700)
    await store.db[USAGE].update({"_id": "files"}, {"$set": {"bytes": 5}})
    await store.sweep(now())
    assert store.used == 700
    usage = await store.db[USAGE].find_one({"_id": "files"})
    assert usage
    assert usage["bytes"] == 700


async def test_a_file_that_was_just_sent_waits_for_no_message(store: Store) -> None:
    upload = await store.put()
    await store.post(upload, confirm=False)
    assert await store.list_loose(ROOM, ADA, [upload.file.id]) == []
