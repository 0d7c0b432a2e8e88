"""What is unread is what came after the place one has read to."""

from dataclasses import replace
from datetime import UTC, datetime

from littlechat.rooms.room_list import RoomListEntry

AT = datetime(2026, 1, 1, tzinfo=UTC)


def entry(last_seq: int, read_seq: int, *addressed: int) -> RoomListEntry:
    return RoomListEntry(
        *("garden", "Garden", "", "public", None, AT, 2),
        last_seq=last_seq,
        read_seq=read_seq,
        mentions=frozenset(addressed),
    )


def test_unread_is_never_less_than_nothing() -> None:
    assert [entry(5, read).unread for read in (0, 3, 5, 9)] == [5, 2, 0, 0]


def test_what_concerns_one_counts_until_it_is_read() -> None:
    assert entry(9, 4, 7, 2, 5).unread_mentions == (5, 7)
    assert entry(9, 4, 7, 2, 5).unread_mention_count == 2
    assert entry(9, 7, 7, 2, 5).unread_mentions == ()


def test_what_stands_in_threads_alone_is_not_counted() -> None:
    room = replace(entry(9, 4), last_unlisted=5, read_unlisted=1)
    assert (room.unread, room.is_behind) == (1, True)
    silent = replace(entry(9, 4), last_unlisted=6, read_unlisted=1)
    assert (silent.unread, silent.is_behind) == (0, True)
    assert not replace(silent, read_seq=9, read_unlisted=6).is_behind
