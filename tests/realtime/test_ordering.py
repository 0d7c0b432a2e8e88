"""Whatever the bus does to a series, it is handed out once, whole and in order."""

import random

from hypothesis import given
from hypothesis import strategies as st

from littlechat.realtime.ordering import EARLY_MAX, Series


def things(*numbers: int) -> list[tuple[int, str]]:
    return [(number, f"thing {number}") for number in numbers]


def offer(series: Series, *numbers: int) -> None:
    for number, thing in things(*numbers):
        series.offer(number, thing)


def test_thing_in_its_turn_is_handed_out_once() -> None:
    series = Series(last=7)
    offer(series, 8)
    assert series.take() == things(8)
    assert series.take() == []
    assert (series.last, series.has_gap) == (8, False)


def test_thing_ahead_of_its_turn_waits_for_those_before_it() -> None:
    series = Series()
    offer(series, 3, 2)
    assert series.take() == []
    assert series.has_gap
    offer(series, 1)
    assert series.take() == things(1, 2, 3)
    assert not series.has_gap


def test_thing_behind_is_dropped() -> None:
    series = Series(last=5)
    offer(series, 5, 1, 0, -3)
    assert series.take() == []
    assert not series.has_gap


def test_empty_thing_takes_its_turn_too() -> None:
    series = Series()
    series.offer(1, "")
    assert series.take() == [(1, "")]


def test_skipping_passes_over_what_was_read_from_the_store() -> None:
    series = Series()
    offer(series, 4, 6)
    series.skip_to(5)
    assert series.take() == things(6)
    assert (series.last, series.has_gap) == (6, False)


def test_skipping_never_goes_back() -> None:
    series = Series(last=9)
    series.skip_to(3)
    offer(series, 4, 10)
    assert series.take() == things(10)


def test_what_waits_is_bounded_and_what_found_no_room_is_a_gap() -> None:
    series = Series()
    offer(series, *range(2, EARLY_MAX + 100))
    series.skip_to(1)
    assert series.take() == things(*range(2, EARLY_MAX + 2))
    assert series.has_gap
    series.skip_to(EARLY_MAX + 99)
    assert not series.has_gap


def test_what_found_no_room_behind_a_full_round_is_a_gap_at_once() -> None:
    series = Series()
    offer(series, *range(1, EARLY_MAX + 2))
    assert series.take() == things(*range(1, EARLY_MAX + 1))
    assert series.has_gap


@given(
    st.integers(0, 30),
    st.lists(st.integers(-1, 3), max_size=30),
    st.randoms(use_true_random=False),
    st.lists(st.booleans(), min_size=100, max_size=100),
)
def test_any_order_with_repeats_hands_out_each_number_once_in_order(
    start: int, repeats: list[int], chance: random.Random, takes: list[bool]
) -> None:
    numbers = list(range(start + 1, start + len(repeats) + 1))
    offered = [
        n for n, times in zip(numbers, repeats, strict=True) for _ in range(1 + max(0, times))
    ]
    chance.shuffle(offered)
    series = Series(start)
    handed: list[tuple[int, str]] = []
    for number, take in zip(offered, takes * 2, strict=False):
        offer(series, number)
        if take:
            handed += series.take()
    handed += series.take()
    assert handed == things(*numbers)
    assert not series.has_gap


@given(
    st.lists(st.booleans(), max_size=40),
    st.randoms(use_true_random=False),
    st.lists(st.sampled_from(["take", "mend", "wait"]), min_size=40, max_size=40),
)
def test_what_was_lost_comes_from_the_store_and_nothing_comes_twice(
    arrives: list[bool], chance: random.Random, acts: list[str]
) -> None:
    """The store holds every number; the bus loses some and shuffles the rest."""
    stored = range(1, len(arrives) + 1)
    offered = [number for number, kept in zip(stored, arrives, strict=True) if kept]
    chance.shuffle(offered)
    series = Series()
    handed: list[int] = []

    def mend() -> None:
        """Read on from where we are, as a feed does; the store's end may be anywhere from here."""
        handed.extend(number for number, _ in series.take())
        end = chance.randint(series.last, len(arrives))
        handed.extend(range(series.last + 1, end + 1))
        series.skip_to(end)

    for number, act in zip(offered, acts, strict=False):
        offer(series, number)
        if act == "take":
            handed.extend(n for n, _ in series.take())
        elif act == "mend":
            mend()
    handed.extend(n for n, _ in series.take())
    assert handed == list(range(1, series.last + 1))
    assert series.has_gap == any(number > series.last for number in offered)
    while series.last < len(arrives):
        mend()
    assert handed == list(stored)
    assert not series.has_gap
