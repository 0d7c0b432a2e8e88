"""Rooms as values: their ids, their titles and who manages them."""

import re
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from littlechat.core import limits as models
from littlechat.core.limits import ROOM_ID_MAX
from littlechat.core.rooms import Membership, Room, room_id_for

START = datetime(2026, 1, 1, tzinfo=UTC)
INVISIBLE = "\u200b\u2060\ufeff\u00ad\u115f\u1160\u3164\uffa0\u034f\ufe0f\u2800\U000e0101"
COMMON = frozenset({"password", "12345678", "correct horse"})


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


def test_a_conversation_is_called_by_its_others() -> None:
    room = Room("x", "Ada, Ben", "", "direct", None, START, people=("Ada", "Ben"))
    assert (room.title("Ada"), room.title("Ben"), room.title("Dan")) == ("Ben", "Ada", "Ada, Ben")
    assert replace(room, people=("Ada",)).title("Ada") == "Ada (you)"
    assert replace(room, visibility="private").title("Ada") == "Ada, Ben"
    assert room.is_direct
    assert room.is_private
