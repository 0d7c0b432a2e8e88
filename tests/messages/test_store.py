"""The store of messages on a real database: pages, changes, and catch-up that converges."""

import asyncio

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from littlechat.core.messages import Cursor, Draft, Message, Position
from littlechat.core.names import new_id
from littlechat.messages import store as messages
from littlechat.messages.mutations import edited, emptied
from littlechat.messages.schema import MESSAGES
from littlechat.messages.store import PAGE_MAX, Messages
from littlechat.platform.database import (
    Database,
    Duplicate,
    Missing,
)
from tests.messages.content import everything, fill
from tests.tabs import ADA, BEN, ROOM

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


async def test_another_s_message_cannot_be_changed(store: Messages) -> None:
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
async def test_catch_up_returns_none_for_a_page_too_far_behind(
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
async def test_a_cursor_ahead_of_the_store_is_refused_and_changes_no_head(
    db: Database, store: Messages, bogus: Cursor, known: bool
) -> None:
    await fill(store, 3)
    await store.change(ROOM, 1, edited("edited", ADA))
    victim = store if known else Messages(db)
    assert await victim.since(ROOM, bogus) is None
    assert (await victim.add(ROOM, ADA, Draft("next", "c"))).seq == 4
    assert (await victim.change(ROOM, 2, edited("edited", ADA)))[1] == 2
    assert await victim.head(ROOM) == Cursor(4, 2)


async def test_a_page_beyond_the_head_makes_no_hole(store: Messages) -> None:
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


async def test_a_number_is_given_once(db: Database, store: Messages) -> None:
    await fill(store, 1)
    document = {"room": ROOM, "seq": 1, "author": "x", "client_id": "x"}
    with pytest.raises(Duplicate):
        await db[MESSAGES].insert(document)


def aside(thread: int) -> Draft:
    return Draft("in its thread alone", new_id(), thread=thread, shown=False)


async def test_each_message_tells_how_many_up_to_it_the_room_does_not_list(db: Database) -> None:
    here, there = Messages(db), Messages(db)
    first = await here.add(ROOM, ADA, Draft("root", new_id()))
    drafts = [aside(1), Draft("listed", new_id()), aside(1), Draft("reply", new_id(), thread=1)]
    # Through two processes in turn, neither of which hears of the other's, and some together.
    told = [await (here, there)[n % 2].add(ROOM, ADA, draft) for n, draft in enumerate(drafts)]
    told += await asyncio.gather(
        *(process.add(ROOM, ADA, aside(1)) for _ in range(5) for process in (here, there))
    )
    assert first.position == Position(1, 0)
    unlisted = 0
    for message in (await here.after(ROOM, 0)).messages:
        unlisted += not message.shown
        assert message.position == Position(message.seq, unlisted)
        assert await there.position(ROOM, message.seq) == message.position
    assert sorted(one.position for one in told)[-1] == Position(15, 12)
    assert await Messages(db).position(ROOM, 10**9) == Position(15, 12)


async def test_a_room_from_before_its_threads_were_counted_counts_from_now_on(
    db: Database,
) -> None:
    messages = Messages(db)
    await messages.add(ROOM, ADA, Draft("root", new_id()))
    await messages.add(ROOM, ADA, aside(1))
    await db[MESSAGES].update({"room": ROOM, "seq": 2}, {"$unset": {"unlisted": ""}})
    later = Messages(db)
    assert await later.position(ROOM, 2) == Position(2, 0)
    assert (await later.add(ROOM, ADA, aside(1))).position == Position(3, 1)


async def test_a_process_that_does_not_count_yet_loses_nobody_s_count(db: Database) -> None:
    messages = Messages(db)
    await messages.add(ROOM, ADA, Draft("root", new_id()))
    await messages.add(ROOM, ADA, aside(1))
    other = Messages(db)
    await other.add(ROOM, ADA, Draft("of an older version", new_id()))
    await db[MESSAGES].update({"room": ROOM, "seq": 3}, {"$unset": {"unlisted": ""}})
    assert (await messages.add(ROOM, ADA, aside(1))).position == Position(4, 2)
