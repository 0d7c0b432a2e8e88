"""Names are compared by their words, without case and accents."""

import pytest

from littlechat.text.words import comparable, have_prefixes, joined_words, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [("Grüner Garten", ["gruner", "garten"]), ("jan.smit_2", ["jan", "smit", "2"]), ("-", [])],
)
def test_words_are_split_at_what_is_no_letter_or_digit(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_case_and_accents_do_not_count() -> None:
    assert comparable("MARÍA") == comparable("maria")


def test_every_prefix_begins_a_word() -> None:
    joined = joined_words("Ben", "Kitchen garden")
    assert have_prefixes(joined, ["gar", "b"])
    assert not have_prefixes(joined, ["gar", "itchen"])
