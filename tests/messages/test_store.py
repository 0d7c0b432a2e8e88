"""The store of messages on a real database: one order, once, and catch-up that converges."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from littlechat.core.errors import Invalid
from littlechat.core.messages import Cursor, Draft, Message
from littlechat.core.names import new_id
from littlechat.messages import store as messages
from littlechat.messages.documents import edited, emptied
from littlechat.messages.schema import MESSAGES
from littlechat.messages.store import BATCH_MAX, PAGE_MAX, Messages
from littlechat.platform.database import (
    Database,
    Duplicate,
    Missing,
    Unavailable,
)
from tests.factories import WAIT_SECONDS
from tests.lines import Proxy, through
from tests.tabs import somebody

ROOM = "garden"
ADA, BEN = somebody("Ada"), somebody("Ben")


@pytest.fixture
def store(db: Database) -> Messages:
    """One process's store."""
    return Messages(db)


@pytest.fixture
async def other(db: Database, database_uri: str) -> AsyncIterator[Messages]:
    """Another process's store, over connections of its own."""
    database = Database(database_uri)
    yield Messages(database)
    database.close()


async def fill(store: Messages, count: int, room: str = ROOM) -> list[Message]:
    """Post `count` messages, in order."""
    sends = [store.add(room, ADA, Draft(f"text {n}", new_id())) for n in range(1, count + 1)]
    return list(await asyncio.gather(*sends))


async def everything(db: Database, room: str = ROOM) -> list[Message]:
    """Return all that a room holds, as a store that knows nothing yet reads it."""
    store = Messages(db)
    head = await store.head(room)
    shown: list[Message] = []
    seq = 0
    while page := (await store.after(room, seq, PAGE_MAX)).messages:
        shown += page
        seq = page[-1].seq
    assert seq == head.seq
    return shown


# One order


async def test_the_first_post_of_a_room_is_number_1(store: Messages) -> None:
    message = await store.add(ROOM, ADA, Draft("hello", "c1"))
    assert (message.seq, message.version, message.body) == (1, 0, "hello")
    assert message == await store.get(ROOM, 1)


async def test_each_room_has_numbers_of_its_own(store: Messages) -> None:
    await fill(store, 3)
    assert (await store.add("attic", ADA, Draft("hello", "c1"))).seq == 1


async def test_posts_that_come_together_are_stored_together_and_in_their_order(
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


async def test_a_reader_never_passes_a_number_that_is_not_there_yet(
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


# Once


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


async def test_a_repeat_within_a_batch_leaves_the_others_of_the_batch_whole(
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


async def test_posts_whose_answer_was_lost_on_its_way_are_there_once_and_answered(
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
        # It says goodbye to the database, over a line that this loop is.
        await asyncio.to_thread(distant.close)
    assert await everything(db) == [before, *got, after]


async def test_a_cancelled_sender_takes_nobody_with_it(db: Database, store: Messages) -> None:
    sends = [asyncio.create_task(store.add(ROOM, ADA, Draft(f"{n}", new_id()))) for n in range(5)]
    await asyncio.sleep(0)
    sends[2].cancel()
    got = await asyncio.gather(*sends, return_exceptions=True)
    assert isinstance(got[2], asyncio.CancelledError)
    assert [one.seq for one in got if isinstance(one, Message)] == [1, 2, 4, 5]
    assert len(await everything(db)) == 5


# Pages


@pytest.mark.parametrize(
    ("seq", "limit", "expected", "older"),
    [
        (11, 3, [8, 9, 10], True),
        (4, 3, [1, 2, 3], False),
        (5, 3, [2, 3, 4], True),
        (2, 3, [1], False),
        (1, 3, [], False),
        (0, 3, [], False),
        (-5, 3, [], False),
        (11, 0, [10], True),
        (11, -7, [10], True),
        (11, 1_000, list(range(1, 11)), False),
    ],
)
async def test_the_page_before_a_message(
    store: Messages, seq: int, limit: int, expected: list[int], older: bool
) -> None:
    await fill(store, 10)
    page = await store.before(ROOM, seq, limit)
    assert ([m.seq for m in page.messages], page.older, page.newer) == (expected, older, True)


@pytest.mark.parametrize(
    ("seq", "limit", "expected", "older", "newer"),
    [
        (0, 3, [1, 2, 3], False, True),
        (6, 3, [7, 8, 9], True, True),
        (7, 3, [8, 9, 10], True, False),
        (9, 3, [10], True, False),
        (10, 3, [], True, False),
        (99, 3, [], True, False),
        (0, 0, [1], False, True),
        (0, 1_000, list(range(1, 11)), False, False),
    ],
)
async def test_the_page_after_a_message(
    store: Messages, seq: int, limit: int, expected: list[int], older: bool, newer: bool
) -> None:
    await fill(store, 10)
    page = await store.after(ROOM, seq, limit)
    assert ([m.seq for m in page.messages], page.older, page.newer) == (expected, older, newer)


@pytest.mark.parametrize(
    ("seq", "limit", "expected", "older", "newer"),
    [
        (5, 4, [3, 4, 5, 6, 7], True, True),
        (1, 4, [1, 2, 3], False, True),
        (3, 4, [1, 2, 3, 4, 5], False, True),
        (8, 4, [6, 7, 8, 9, 10], True, False),
        (10, 4, [8, 9, 10], True, False),
        (5, 0, [5], True, True),
        (5, 1_000, list(range(1, 11)), False, False),
    ],
)
async def test_the_page_around_a_message(
    store: Messages, seq: int, limit: int, expected: list[int], older: bool, newer: bool
) -> None:
    await fill(store, 10)
    page = await store.around(ROOM, seq, limit)
    assert ([m.seq for m in page.messages], page.older, page.newer) == (expected, older, newer)


async def test_a_page_holds_at_most_100_messages(store: Messages) -> None:
    await fill(store, PAGE_MAX + 5)
    assert len((await store.after(ROOM, 0, 10**6)).messages) == PAGE_MAX
    assert len((await store.before(ROOM, 1_000, 10**6)).messages) <= PAGE_MAX


async def test_the_newest_page_ends_at_the_head_even_when_more_came_since(
    store: Messages,
) -> None:
    await fill(store, 5)
    head = await store.head(ROOM)
    await fill(store, 2)
    page = await store.newest(ROOM, head, 3)
    assert ([m.seq for m in page.messages], page.older, page.newer) == ([3, 4, 5], True, False)


async def test_an_empty_room_has_empty_pages(store: Messages) -> None:
    head = await store.head(ROOM)
    assert head == Cursor(0, 0)
    for page in (
        await store.newest(ROOM, head),
        await store.before(ROOM, 1),
        await store.after(ROOM, 0),
        await store.around(ROOM, 1),
    ):
        assert not page.messages
        assert not page.older


async def test_a_message_that_is_not_there_is_missing(store: Messages) -> None:
    await fill(store, 1)
    for room, seq in ((ROOM, 2), (ROOM, 0), ("attic", 1)):
        with pytest.raises(Missing):
            await store.get(room, seq)


# Changes


async def test_an_edit_keeps_the_place_and_counts_the_version(store: Messages) -> None:
    await fill(store, 2)
    message, n = await store.change(ROOM, 1, edited("better", ADA))
    assert (message.seq, message.body, message.version, message.edited) == (1, "better", 1, True)
    assert n == 1
    assert await store.head(ROOM) == Cursor(2, 1)
    again, n = await store.change(ROOM, 1, edited("best", ADA))
    assert (again.version, n) == (2, 2)


async def test_a_removal_empties_the_message_for_good_and_leaves_its_place(
    db: Database, store: Messages
) -> None:
    await fill(store, 2)
    message, n = await store.change(ROOM, 1, emptied(ADA))
    assert (message.seq, message.body, message.removed, n) == (1, "", True, 1)
    assert not await db[MESSAGES].find({"body": "text 1"})
    with pytest.raises(Missing):
        await store.change(ROOM, 1, emptied(ADA))
    with pytest.raises(Missing):
        await store.change(ROOM, 1, edited("back again", ADA))


async def test_another_s_message_is_theirs(store: Messages) -> None:
    await fill(store, 1)
    with pytest.raises(Missing):
        await store.change(ROOM, 1, edited("mine now", BEN))
    with pytest.raises(Missing):
        await store.change(ROOM, 1, emptied(BEN))
    assert (await store.change(ROOM, 1, emptied(None)))[0].removed
    assert await store.head(ROOM) == Cursor(1, 1)


async def test_two_edits_at_once_are_both_numbered_and_the_last_shows_how_it_ended(
    db: Database, store: Messages, other: Messages
) -> None:
    for round_number in range(10):
        message = await store.add(ROOM, ADA, Draft("first", new_id()))
        results = await asyncio.gather(
            *(
                one.change(ROOM, message.seq, edited(f"{round_number} {n}", ADA))
                for n, one in enumerate((store, other, store, other))
            )
        )
        numbers = sorted(n for _, n in results)
        assert numbers == list(range(4 * round_number + 1, 4 * round_number + 5))
        final = await store.get(ROOM, message.seq)
        assert final.version == 4
        assert max(results, key=lambda result: result[1])[0] == final
    assert not await db[MESSAGES].find({"room": ROOM, "unnumbered": True})


async def test_an_edit_that_races_a_removal_never_brings_the_text_back(
    store: Messages, other: Messages
) -> None:
    for _ in range(10):
        message = await store.add(ROOM, ADA, Draft("secret", new_id()))
        await asyncio.gather(
            store.change(ROOM, message.seq, edited("secret, reworded", ADA)),
            other.change(ROOM, message.seq, emptied(ADA)),
            return_exceptions=True,
        )
        final = await store.get(ROOM, message.seq)
        assert (final.removed, final.body) == (True, "")


# Catch-up


async def test_catch_up_brings_posts_edits_and_removals_by_seq(store: Messages) -> None:
    await fill(store, 4)
    at = await store.head(ROOM)
    await store.change(ROOM, 3, edited("edited", ADA))
    await store.change(ROOM, 1, emptied(ADA))
    await fill(store, 2)
    await store.change(ROOM, 5, edited("new and edited", ADA))
    missed = await store.since(ROOM, at)
    assert missed
    assert [(m.seq, m.body) for m in missed.messages] == [
        (1, ""),
        (3, "edited"),
        (5, "new and edited"),
        (6, "text 2"),
    ]
    assert missed.cursor == await store.head(ROOM) == Cursor(6, 3)


@pytest.mark.parametrize("known", [True, False])
async def test_catch_up_from_the_present_brings_nothing(
    db: Database, store: Messages, known: bool
) -> None:
    await fill(store, 3)
    await store.change(ROOM, 1, edited("edited", ADA))
    reader = store if known else Messages(db)
    missed = await reader.since(ROOM, Cursor(3, 1))
    assert missed
    assert (missed.messages, missed.cursor) == ([], Cursor(3, 1))


async def test_catch_up_with_changes_only_moves_only_their_number(store: Messages) -> None:
    await fill(store, 3)
    await store.change(ROOM, 2, edited("edited", ADA))
    await store.change(ROOM, 2, edited("edited twice", ADA))
    missed = await store.since(ROOM, Cursor(3, 0))
    assert missed
    assert [(m.seq, m.version) for m in missed.messages] == [(2, 2)]
    assert missed.cursor == Cursor(3, 2)


@pytest.mark.parametrize(("behind", "is_replayed"), [(5, True), (6, False)])
async def test_a_page_too_far_behind_is_told_so(
    monkeypatch: pytest.MonkeyPatch, store: Messages, behind: int, is_replayed: bool
) -> None:
    monkeypatch.setattr(messages, "CATCH_UP_MAX", 5)
    await fill(store, behind + 1)
    for _ in range(behind):
        await store.change(ROOM, 1, edited("again", ADA))
    posts = await store.since(ROOM, Cursor(1, behind))
    changes = await store.since(ROOM, Cursor(behind + 1, 0))
    assert (posts is not None, changes is not None) == (is_replayed, is_replayed)


@pytest.mark.parametrize(
    "bogus",
    [Cursor(4, 0), Cursor(3, 2), Cursor(10**15, 0), Cursor(0, 10**15), Cursor(10**15, 10**15)],
)
@pytest.mark.parametrize("known", [True, False])
async def test_a_cursor_ahead_of_the_store_is_refused_and_teaches_nothing(
    db: Database, store: Messages, bogus: Cursor, known: bool
) -> None:
    await fill(store, 3)
    await store.change(ROOM, 1, edited("edited", ADA))
    victim = store if known else Messages(db)
    assert await victim.since(ROOM, bogus) is None
    assert (await victim.add(ROOM, ADA, Draft("next", "c"))).seq == 4
    assert (await victim.change(ROOM, 2, edited("edited", ADA)))[1] == 2
    assert await victim.head(ROOM) == Cursor(4, 2)


async def test_a_bogus_page_address_makes_no_hole_either(store: Messages) -> None:
    for read in (store.before, store.after, store.around):
        await read(ROOM, 10**15)
    assert (await store.add(ROOM, ADA, Draft("first", "c"))).seq == 1


async def test_a_change_that_a_crash_left_unnumbered_is_numbered_by_the_next_catch_up(
    db: Database, store: Messages, other: Messages
) -> None:
    await fill(store, 3)
    await mark(db, ROOM, 2, "half done")
    missed = await other.since(ROOM, Cursor(3, 0))
    assert missed
    assert [(m.seq, m.body) for m in missed.messages] == [(2, "half done")]
    assert missed.cursor == Cursor(3, 1)
    assert not await db[MESSAGES].find({"room": ROOM, "unnumbered": True})
    again = await store.since(ROOM, Cursor(3, 1))
    assert again
    assert not again.messages


async def test_a_change_that_a_crash_left_unnumbered_is_in_the_next_head_that_is_certain(
    db: Database, store: Messages
) -> None:
    await fill(store, 3)
    await mark(db, ROOM, 2, "half done")
    assert await store.head(ROOM) == Cursor(3, 0)
    assert await store.head(ROOM, certain=True) == Cursor(3, 1)


async def mark(db: Database, room: str, seq: int, body: str) -> None:
    """Change a message and die before the change gets its number."""
    change = {"$set": {"body": body, "edited": True, "unnumbered": True}, "$inc": {"version": 1}}
    assert await db[MESSAGES].update({"room": room, "seq": seq}, change)


async def test_catch_up_after_a_restart_goes_on_with_the_numbers(
    db: Database, store: Messages
) -> None:
    await fill(store, 30)
    for _ in range(20):
        await store.change(ROOM, 1, edited("again", ADA))
    fresh = Messages(db)
    assert await fresh.head(ROOM) == Cursor(30, 20)
    assert (await Messages(db).change(ROOM, 1, edited("once more", ADA)))[1] == 21
    assert (await Messages(db).add(ROOM, ADA, Draft("next", "c"))).seq == 31


async def test_a_room_deleted_and_made_again_elsewhere_starts_empty(
    store: Messages, other: Messages
) -> None:
    await fill(store, 3)
    await store.change(ROOM, 1, edited("edited", ADA))
    await store.delete_room(ROOM)
    assert await store.head(ROOM) == Cursor(0, 0)
    assert await other.head(ROOM) == Cursor(0, 0)


class Reader:
    """A page that catches up now and then, and applies what it gets as browsers do."""

    def __init__(self, store: Messages, room: str) -> None:
        self._store, self._room = store, room
        self.shown: dict[int, Message] = {}
        self.cursor = Cursor()

    async def catch_up(self) -> None:
        missed = await self._store.since(self._room, self.cursor)
        assert missed
        assert missed.cursor.covers(self.cursor)
        for message in missed.messages:
            old = self.shown.get(message.seq)
            if old is None or message.version >= old.version:
                self.shown[message.seq] = message
        self.cursor = missed.cursor
        assert sorted(self.shown) == list(range(1, self.cursor.seq + 1))


ACT = st.tuples(
    st.sampled_from(["post", "post", "edit", "edit", "remove", "crash"]),
    st.integers(0, 1),
    st.integers(1, 12),
)
ROUNDS = st.lists(
    st.tuples(st.lists(ACT, max_size=4), st.sets(st.integers(0, 2))), min_size=1, max_size=6
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rounds=ROUNDS)
@example(
    rounds=[
        ([("post", 0, 1), ("post", 1, 1)], {0}),
        ([("edit", 0, 1), ("edit", 1, 1), ("crash", 0, 1), ("remove", 1, 2)], {0, 1}),
    ]
)
async def test_catch_up_from_anywhere_in_any_interleaving_ends_as_a_fresh_page(
    db: Database,
    store: Messages,
    other: Messages,
    rounds: list[tuple[list[tuple[str, int, int]], set[int]]],
) -> None:
    room, stores = new_id(), (store, other)
    readers = [Reader(stores[n % 2], room) for n in range(3)]

    async def act(what: str, which: int, seq: int) -> None:
        one = stores[which]
        try:
            match what:
                case "post":
                    await one.add(room, ADA, Draft(new_id(), new_id()))
                case "edit":
                    await one.change(room, seq, edited(new_id(), ADA))
                case "remove":
                    await one.change(room, seq, emptied(ADA))
                case "crash":
                    await mark(db, room, seq, new_id())
        except (Missing, AssertionError):
            return  # There is no such message, or no longer: as good.

    for acts, catching_up in rounds:
        await asyncio.gather(
            *(act(*one) for one in acts), *(readers[n].catch_up() for n in catching_up)
        )
    for reader in readers:
        await reader.catch_up()
    fresh = {message.seq: message for message in await everything(db, room)}
    for reader in readers:
        assert reader.shown == fresh


async def test_a_number_once_taken_is_taken(db: Database, store: Messages) -> None:
    await fill(store, 1)
    document = {"room": ROOM, "seq": 1, "author": "x", "client_id": "x"}
    with pytest.raises(Duplicate):
        await db[MESSAGES].insert(document)
