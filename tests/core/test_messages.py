"""Cursors: how far a page is, as it is written and compared."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from littlechat.core.messages import Cursor

numbers = st.integers(0, 10**15 - 1)


cursors = st.builds(Cursor, numbers, numbers)


@given(cursors)
def test_cursor_survives_being_written(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


@given(st.text(max_size=40))
@example("c1-2\n")
@example("c١-٢")
@example(f"c{'9' * 16}-0")
@example("c-1-1")
@example("")
def test_what_is_no_cursor_is_none_and_never_an_error(text: str) -> None:
    if not re.fullmatch(r"c[0-9]{1,15}-[0-9]{1,15}", text):
        assert Cursor.parse(text) is None


@given(cursors, cursors)
def test_cursor_covers_another_only_if_it_is_as_far_in_both(one: Cursor, other: Cursor) -> None:
    ahead = Cursor(max(one.seq, other.seq), max(one.change, other.change))
    assert ahead.covers(one)
    assert ahead.covers(other)
    assert (one.covers(other) and other.covers(one)) == (one == other)
    assert not Cursor(one.seq, other.change + 1).covers(Cursor(one.seq + 1, other.change))
