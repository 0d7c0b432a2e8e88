"""What the quick switcher finds, and in which order."""

from datetime import UTC, datetime, timedelta

import pytest

from littlechat.core.rooms import Room
from littlechat.rooms.switcher import (
    SHOWN_MAX,
    Kind,
    Place,
    is_found,
    rank,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def place(title: str, minute: int = 0, kind: Kind = "mine") -> Place:
    at = START + timedelta(minutes=minute)
    return Place(kind, title, Room(title, title, "", "public", None, START, last_at=at))


def titles(query: str, *places: Place) -> list[str]:
    return [one.title for one in rank(query, places)]


@pytest.mark.parametrize(
    ("query", "title", "found"),
    [
        ("gar", "Garden", True),
        ("GAR", "Kitchen garden", True),
        ("ard", "Garden", False),
        ("gru", "Grüner Garten", True),
        ("grün", "Grüner Garten", True),
        ("strasse", "Straße", True),
        ("san", "План", False),
        ("пла", "Новый план", True),
        ("会", "会議", True),
        ("b c", "Ben, Cleo", True),
        ("c b", "Ben, Cleo", True),
        ("b d", "Ben, Cleo", False),
        ("smit", "jan.smit", True),
        ("under", "one_under", True),
        ("", "Garden", True),
        ("!", "Garden", True),
    ],
)
def test_every_word_begins_a_word(query: str, title: str, found: bool) -> None:
    assert is_found(query, title) is found


def test_without_a_query_the_latest_come_first() -> None:
    assert titles("", place("Old", 1), place("New", 3), place("Middle", 2)) == [
        "New",
        "Middle",
        "Old",
    ]


def test_ones_own_come_before_people_and_these_before_rooms_to_join() -> None:
    found = titles(
        "b", place("Barn", 9, "other"), Place("person", "Ben"), place("Bees", 1), place("Big", 5)
    )
    assert found == ["Big", "Bees", "Ben", "Barn"]


def test_what_is_called_exactly_so_comes_first() -> None:
    assert titles("ben", place("Bennet", 9), Place("person", "Ben"))[0] == "Ben"


def test_people_are_found_by_what_they_call_themselves() -> None:
    ben, bea = Place("person", "ben", named="Maria Curie"), Place("person", "bea")
    assert titles("cur", ben, bea) == ["ben"]
    assert titles("ben mar", ben, bea) == ["ben"]
    assert titles("maria curie", place("Maria Curie fans", 9), ben)[0] == "ben"


def test_there_is_an_end() -> None:
    assert len(rank("", [place(f"Room {n}") for n in range(50)])) == SHOWN_MAX
