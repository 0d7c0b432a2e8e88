"""Queries as people type them."""

from datetime import UTC, datetime

import pytest

from littlechat.search.query import QUERY_MAX, WORDS_MAX, Query, parse

NOON = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


def test_operators_are_taken_out_of_the_words() -> None:
    query = parse('FROM:@Ada in:"Big Room" has:files old TREES', NOON)
    assert query.people == ("Ada",)
    assert query.rooms == ("Big Room",)
    assert query.kinds == ("file",)
    assert (query.words, query.prefixes) == (("old",), ("trees",))
    assert query.hints == ()


def test_an_operator_that_is_being_typed_is_no_word() -> None:
    assert parse("from:", NOON).is_empty
    assert parse("before:", NOON).is_empty
    assert parse("   ", NOON) == Query()


@pytest.mark.parametrize(
    ("typed", "after", "before"),
    [
        ("before:2026-03-01", None, (2026, 3, 1)),
        ("after:2026-03-01", (2026, 3, 2), None),
        ("on:2026-02", (2026, 2, 1), (2026, 3, 1)),
        ("after:2025", (2026, 1, 1), None),
        ("on:2025-12", (2025, 12, 1), (2026, 1, 1)),
        ("on:today", (2026, 5, 4), (2026, 5, 5)),
        ("before:yesterday", None, (2026, 5, 3)),
        ("after:2026-01 before:2026-03", (2026, 2, 1), (2026, 3, 1)),
    ],
)
def test_dates_are_days_months_or_years(
    typed: str, after: tuple[int, int, int] | None, before: tuple[int, int, int] | None
) -> None:
    query = parse(typed, NOON)
    assert query.after == (datetime(*after, tzinfo=UTC) if after else None)
    assert query.before == (datetime(*before, tzinfo=UTC) if before else None)
    assert not query.is_empty


@pytest.mark.parametrize(
    "typed", ["before:soon", "after:2026-13", "on:2026-02-30", "has:soul", "on:0000", "after:9999"]
)
def test_what_cannot_be_understood_is_a_hint(typed: str) -> None:
    query = parse(f"trees {typed} ", NOON)
    assert len(query.hints) == 1
    assert query.words == ("trees",)
    assert (query.after, query.before, query.kinds) == (None, None, ())


def test_a_query_is_bounded() -> None:
    assert len(parse("a1 " * 500, NOON).words) == 1
    many = parse(" ".join(f"w{n}" for n in range(60)), NOON)
    assert len(many.words) == 12
    assert many.hints == ("Only the first 12 words are looked for.",)
    assert len(parse("x" * 5_000, NOON).prefixes[0]) <= QUERY_MAX


def test_phrases_are_as_few_as_words() -> None:
    query = parse(" ".join(f'"a{n} b"' for n in range(25)), NOON)
    assert len(query.phrases) == WORDS_MAX
    assert len(parse('"a b" "a b"', NOON).phrases) == 1
