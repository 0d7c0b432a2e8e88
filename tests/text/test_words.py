"""Names are compared by their words, without case and accents."""

import re

import pytest

from littlechat.text.words import (
    accent_pattern,
    comparable,
    have_prefixes,
    joined_words,
    list_similar,
    split_words,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [("Grüner Garten", ["gruner", "garten"]), ("jan.smit_2", ["jan", "smit", "2"]), ("-", [])],
)
def test_words_are_split_at_what_is_no_letter_or_digit(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_case_and_accents_do_not_count() -> None:
    assert comparable("MARÍA") == comparable("maria")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("André", "andre"),
        ("MÜLLER", "muller"),
        ("Müller", "Mu\u0308ller"),
        ("Weiß", "WEISS"),
        ("Işıl", "isil"),
        ("İPEK", "ipek"),
        ("Łukasz", "lukasz"),
        ("Søren", "soren"),
        ("Đorđe", "dorde"),
        ("Þór", "thor"),
        ("Ｂｅｎ", "ben"),
        ("Ἀθηνᾶ", "αθηνα"),
        ("Фёдор", "федор"),
        ("Nguyễn", "nguyen"),
    ],
)
def test_a_name_is_found_as_it_is_typed_on_another_keyboard(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


def test_every_prefix_begins_a_word() -> None:
    joined = joined_words("Ben", "Kitchen garden")
    assert have_prefixes(joined, ["gar", "b"])
    assert not have_prefixes(joined, ["gar", "itchen"])


def test_a_pattern_finds_folded_names_with_accents_and_without() -> None:
    for typed in ("muller", "Müller", "MULLER"):
        for name in ("müller", "muller", "müllerei"):
            assert re.search(accent_pattern(typed), name)
    assert re.search(accent_pattern("c++ (a.b)"), "ċ++ (ä.b)")
    assert not re.search(accent_pattern("a.b"), "axb")


def test_who_may_be_meant_is_found_by_beginnings_of_any_word_and_by_slips() -> None:
    people = {"sabine": "", "s.kurz": "Sabrina Kurz", "Ben": "", "Björn": "", "lisa": "Big Sab"}
    assert list_similar("sab", people) == ["sabine", "lisa", "s.kurz"]
    assert list_similar("bjo", people) == ["Björn"]
    assert list_similar("sabien", people) == ["sabine"]
    assert list_similar("xyz", people) == []
    assert list_similar("-", people) == []
