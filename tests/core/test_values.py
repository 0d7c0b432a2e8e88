"""The values that littlechat talks about, and the rules that need only them."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from littlechat.core import limits as models
from littlechat.core.limits import ROOM_ID_MAX
from littlechat.core.messages import Cursor
from littlechat.core.names import fold, new_id
from littlechat.core.rooms import Membership, Room, room_id_for

START = datetime(2026, 1, 1, tzinfo=UTC)
INVISIBLE = "\u200b\u2060\ufeff\u00ad\u115f\u1160\u3164\uffa0\u034f\ufe0f\u2800\U000e0101"
COMMON = frozenset({"password", "12345678", "correct horse"})


@pytest.mark.parametrize(
    ("one", "other"), [("Ada", "ADA"), ("Straße", "STRASSE"), ("Zoë", "Zoe\u0308"), ("ﬁn", "Fin")]
)
def test_names_that_differ_in_case_or_spelling_alone_fold_to_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_different_names_fold_apart() -> None:
    assert len({fold(name) for name in ("Ada", "Adá", "Ad", "Adaa")}) == 4


@given(st.text(max_size=80))
@example("new")
@example("New!")
@example("../../etc")
def test_public_room_gets_an_id_that_needs_no_escaping(name: str) -> None:
    room_id = room_id_for(name, "public")
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", room_id)
    assert len(room_id) <= ROOM_ID_MAX
    assert room_id not in models.RESERVED_ROOM_IDS


def test_public_rooms_id_can_be_read() -> None:
    assert room_id_for("Café & Bücher", "public") == "cafe-bucher"


def test_private_rooms_id_tells_nothing_and_is_never_the_same() -> None:
    ids = {room_id_for("Garden", "private") for _ in range(50)}
    assert len(ids) == 50
    assert not any("garden" in room_id for room_id in ids)


def test_only_the_creator_manages_a_room() -> None:
    creator = Membership("garden", "u1", "Ada", "creator", START)
    member = Membership("garden", "u2", "Ben", "member", START)
    assert (creator.may_manage, member.may_manage) == (True, False)


def test_ids_do_not_repeat_and_need_no_escaping() -> None:
    ids = [new_id() for _ in range(1_000)]
    assert len(set(ids)) == 1_000
    assert all(re.fullmatch(r"[a-z2-7]{15}", one) for one in ids)


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


def test_a_conversation_is_called_by_its_others() -> None:
    room = Room("x", "Ada, Ben", "", "direct", None, START, people=("Ada", "Ben"))
    assert (room.title("Ada"), room.title("Ben"), room.title("Dan")) == ("Ben", "Ada", "Ada, Ben")
    assert replace(room, people=("Ada",)).title("Ada") == "Ada (you)"
    assert replace(room, visibility="private").title("Ada") == "Ada, Ben"
    assert room.is_direct
    assert room.is_private
