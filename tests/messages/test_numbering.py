"""New messages get consecutive numbers, once each, from several processes and over failures."""

import asyncio
from urllib.parse import urlsplit

import pytest

from littlechat.core.errors import Invalid
from littlechat.core.messages import Cursor, Draft, Message
from littlechat.core.names import new_id
from littlechat.messages.numbering import BATCH_MAX
from littlechat.messages.schema import MESSAGES
from littlechat.messages.store import Messages
from littlechat.platform.database import Database, Unavailable
from tests.factories import WAIT_SECONDS
from tests.lines import Proxy, through
from tests.messages.content import everything, fill
from tests.tabs import ADA, BEN, ROOM

# Numbers


async def test_the_first_post_of_a_room_is_number_1(store: Messages) -> None:
    message = await store.add(ROOM, ADA, Draft("hello", "c1"))
    assert (message.seq, message.version, message.body) == (1, 0, "hello")
    assert message == await store.get(ROOM, 1)


async def test_each_room_has_numbers_of_its_own(store: Messages) -> None:
    await fill(store, 3)
    assert (await store.add("attic", ADA, Draft("hello", "c1"))).seq == 1


async def test_messages_sent_together_are_stored_in_batches_and_in_order(
    db: Database,
) -> None:
    batches: list[int] = []
    posted = await fill(Messages(db, batches.append), 2 * BATCH_MAX + 1)
    assert [message.seq for message in posted] == list(range(1, 2 * BATCH_MAX + 2))
    assert sum(batches) == len(posted)
    assert len(batches) == 3
    assert await everything(db) == posted


async def test_two_processes_number_one_room_without_a_hole(
    db: Database, store: Messages, other: Messages
) -> None:
    mine, theirs = await asyncio.gather(fill(store, 150), fill(other, 150))
    for posted in (mine, theirs):
        seqs = [message.seq for message in posted]
        assert seqs == sorted(seqs)
    shown = await everything(db)
    assert [message.seq for message in shown] == list(range(1, 301))
    assert {message.seq: message for message in mine + theirs} == {m.seq: m for m in shown}


async def test_a_reader_never_passes_a_number_that_is_not_stored_yet(
    store: Messages, other: Messages
) -> None:
    seen: list[int] = []
    done = asyncio.Event()

    async def read() -> None:
        cursor = Cursor()
        while not (done.is_set() and len(seen) == 120):
            missed = await other.since(ROOM, cursor)
            assert missed
            seen.extend(message.seq for message in missed.messages)
            cursor = missed.cursor

    async def write() -> None:
        for _ in range(15):
            await asyncio.gather(fill(store, 4), fill(other, 4))
        done.set()

    await asyncio.wait_for(asyncio.gather(read(), write()), WAIT_SECONDS * 3)
    assert seen == list(range(1, 121))


# Repeated sends


async def test_a_send_repeated_is_one_message(db: Database, store: Messages) -> None:
    first = await store.add(ROOM, ADA, Draft("once", "same"))
    again = await store.add(ROOM, ADA, Draft("once, typed differently", "same"))
    assert again == first
    assert await everything(db) == [first]


async def test_a_send_repeated_on_another_process_is_one_message(
    db: Database, store: Messages, other: Messages
) -> None:
    first = await store.add(ROOM, ADA, Draft("once", "same"))
    await fill(other, 2)
    assert await other.add(ROOM, ADA, Draft("once", "same")) == first
    assert len(await everything(db)) == 3


async def test_sends_repeated_at_the_same_time_are_one_message(
    db: Database, store: Messages, other: Messages
) -> None:
    senders = (store, other) * 10
    got = await asyncio.gather(*(one.add(ROOM, ADA, Draft("once", "same")) for one in senders))
    assert {message.seq for message in got} == {1}
    assert len(await everything(db)) == 1


async def test_a_repeated_send_within_a_batch_does_not_affect_the_others(
    db: Database, store: Messages
) -> None:
    ids = ["a", "b", "a", "c", "b", "b", "d"]
    got = await asyncio.gather(*(store.add(ROOM, ADA, Draft(one, one)) for one in ids))
    assert [message.body for message in got] == ids
    shown = await everything(db)
    assert [message.seq for message in shown] == [1, 2, 3, 4]
    assert [message.body for message in shown] == ["a", "b", "c", "d"]


async def test_the_same_client_id_of_another_author_is_another_message(
    db: Database, store: Messages
) -> None:
    await asyncio.gather(
        store.add(ROOM, ADA, Draft("hers", "same")), store.add(ROOM, BEN, Draft("his", "same"))
    )
    assert [message.body for message in await everything(db)] == ["hers", "his"]


async def test_a_client_id_used_in_another_room_is_refused_and_takes_no_number(
    db: Database, store: Messages
) -> None:
    await store.add(ROOM, ADA, Draft("there", "same"))
    sends = [
        store.add("attic", ADA, Draft(f"here {n}", one)) for n, one in enumerate(["x", "same", "y"])
    ]
    got = await asyncio.gather(*sends, return_exceptions=True)
    assert isinstance(got[1], Invalid)
    assert [message.body for message in await everything(db, "attic")] == ["here 0", "here 2"]


async def test_a_database_lost_in_mid_batch_answers_everybody_and_a_retry_repeats_nothing(
    db: Database, database_uri: str
) -> None:
    fragile = Database(database_uri)
    doomed = Messages(fragile, on_batch=lambda size: fragile.close())
    ids = [new_id() for _ in range(2 * BATCH_MAX + 50)]

    async def send(store: Messages) -> list[Message | BaseException]:
        sends = (store.add(ROOM, ADA, Draft(one, one)) for one in ids)
        return await asyncio.wait_for(asyncio.gather(*sends, return_exceptions=True), WAIT_SECONDS)

    got = await send(doomed)
    assert all(isinstance(one, Message) for one in got[:BATCH_MAX])
    assert all(isinstance(one, Unavailable) for one in got[BATCH_MAX:])
    retried = await send(Messages(db))
    assert retried[:BATCH_MAX] == got[:BATCH_MAX]
    shown = await everything(db)
    assert [message.body for message in shown] == ids
    assert retried == shown


async def test_messages_whose_confirmation_was_lost_are_stored_once(
    db: Database, database_uri: str
) -> None:
    if "retryWrites=false" not in database_uri:
        pytest.skip("here the driver itself writes again")
    async with Proxy(urlsplit(database_uri)) as line:
        distant = Database(through(line, database_uri))
        store = Messages(distant)
        before = await store.add(ROOM, ADA, Draft("before", new_id()))
        line.down.hold()
        sends = [store.add(ROOM, ADA, Draft(f"text {n}", new_id())) for n in range(3)]
        sending = asyncio.gather(*sends)
        async with asyncio.timeout(WAIT_SECONDS):
            while await db[MESSAGES].count({"room": ROOM}) < 4:
                await asyncio.sleep(0.01)
        assert not sending.done()
        line.cut()
        line.down.release()
        got = await asyncio.wait_for(sending, WAIT_SECONDS)
        after = await store.add(ROOM, ADA, Draft("after", new_id()))
        # In a thread: closing sends to the database through the proxy, which this loop runs.
        await asyncio.to_thread(distant.close)
    assert await everything(db) == [before, *got, after]


async def test_a_cancelled_sender_does_not_affect_the_others(db: Database, store: Messages) -> None:
    sends = [asyncio.create_task(store.add(ROOM, ADA, Draft(f"{n}", new_id()))) for n in range(5)]
    await asyncio.sleep(0)
    sends[2].cancel()
    got = await asyncio.gather(*sends, return_exceptions=True)
    assert isinstance(got[2], asyncio.CancelledError)
    assert [one.seq for one in got if isinstance(one, Message)] == [1, 2, 4, 5]
    assert len(await everything(db)) == 5
