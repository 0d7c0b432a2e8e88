"""Segments: what was put in is found, merged or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.search import segments
from littlechat.search.segments import (
    Parts,
    Row,
    Segment,
    build,
    from_values,
    merge,
    page_of,
    to_values,
)

TERMS = ["a", "aa", "ab", "b", "\1in:x", "ж", "日本", "日"]
rows_of = st.lists(
    st.builds(
        Row,
        at=st.integers(0, 50),
        room=st.sampled_from(["r1", "r2", "r3"]),
        seq=st.integers(1, 400),
        key=st.binary(min_size=12, max_size=12),
        version=st.integers(0, 3),
        terms=st.frozensets(st.sampled_from(TERMS)),
    ),
    min_size=1,
    max_size=200,
    unique_by=lambda row: (row.room, row.seq),
)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "PAGE_BYTES", 40)


def read(segment: Segment, parts: Parts) -> list[Row]:
    """Return all rows with their terms, as they can be found."""
    found: dict[int, set[str]] = {number: set() for number in range(segment.count)}
    for term in TERMS:
        for id_ in segment.pages_for(term):
            for number in page_of(parts[id_]).find(term):
                found[number].add(term)
    return [
        segment.row(parts[segment.table_for(number)], number)._replace(terms=frozenset(had))
        for number, had in found.items()
    ]


def by_time(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row[:3])


@given(rows_of)
def test_segment_holds_its_rows_by_time(rows: list[Row]) -> None:
    segment, parts = build("s", rows)
    assert read(segment, parts) == by_time(rows)
    assert sorted(parts) == sorted(segment.part_ids())
    assert (segment.low, segment.high) == (by_time(rows)[0].at, by_time(rows)[-1].at)


@given(rows_of, st.sampled_from(["a", "b", "日", "ж", "q", "\1in"]))
def test_prefix_finds_all_that_begin_so(rows: list[Row], prefix: str) -> None:
    segment, parts = build("s", rows)
    pages = [page_of(parts[id_]) for id_ in segment.pages_for(prefix, prefix=True)]
    found = {number for page in pages for number in page.find_prefix(prefix)}
    wanted = [
        number
        for number, row in enumerate(by_time(rows))
        if any(term.startswith(prefix) for term in row.terms)
    ]
    assert sorted(found) == wanted


@given(rows_of, st.integers(0, 50), st.integers(0, 50))
def test_span_of_time_leaves_nothing_out(rows: list[Row], low: int, high: int) -> None:
    segment, _ = build("s", rows)
    span = segment.rows_between(low, high)
    for number, row in enumerate(by_time(rows)):
        assert number in span or not low <= row.at < high


@given(st.lists(rows_of, min_size=1, max_size=4))
def test_merging_keeps_the_latest_of_each_message(groups: list[list[Row]]) -> None:
    sources = [build(f"s{number}", rows) for number, rows in enumerate(groups)]
    made = merge("m", sources)
    assert made
    newest: dict[tuple[str, int], Row] = {}
    for row in (row for rows in groups for row in rows):
        other = newest.get((row.room, row.seq))
        if other is None or (row.at, row.version) > (other.at, other.version):
            newest[row.room, row.seq] = row
    assert read(*made) == by_time(list(newest.values()))


@given(rows_of)
def test_what_is_gone_is_nowhere_after_a_merge(rows: list[Row]) -> None:
    made = merge("m", [build("s", rows)], lambda row: row.room == "r1")
    kept = [row for row in rows if row.room != "r1"]
    assert (made is None) == (not kept)
    if made:
        assert read(*made) == by_time(kept)
        assert "r1" not in made[0].rooms


@given(rows_of)
def test_document_and_segment_are_the_same(rows: list[Row]) -> None:
    segment, _ = build("s", rows)
    assert from_values(to_values(segment)) == segment


def test_small_segment_is_whole_and_large_one_is_not() -> None:
    def made(count: int) -> Segment:
        rows = [Row(n, "r", n, b"k" * 12, 0, frozenset({f"w{n}", "w"})) for n in range(count)]
        return build("s", rows)[0]

    assert made(50).whole
    assert not made(5_000).whole


def test_term_of_every_row_of_the_largest_segment_is_found() -> None:
    rows = [Row(n, "r", n, b"k" * 12, 0, frozenset({"w"})) for n in range(segments.ROWS_MAX)]
    segment, parts = build("s", rows)
    assert len(page_of(parts[segment.pages_for("w")[0]]).find("w")) == segments.ROWS_MAX
