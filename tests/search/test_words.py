"""Words are the same in any script, however they are written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.search.words import ids_named, words

NOON = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don't PANIC, 42 times", "don t panic 42 times"),
        ("Ärger in Łódź, déjà vu, Straße", "arger in łodz deja vu strasse"),
        ("A\u0308rger", "arger"),
        ("ﬁne ① Ｆｕｌｌ", "fine 1 full"),
        ("Привет, Ёлка", "привет елка"),
        ("Ἀθῆναι ΣΊΣΥΦΟΣ", "αθηναι σισυφοσ"),
        ("مَرْحَبًا بك", "مرحبا بك"),
        ("שָׁלוֹם עולם", "שלום עולם"),
        ("नमस्ते दुनिया", "नमस्ते दुनिया"),
        ("日本語 abc", "日本 本語 語 abc"),
        ("カ", "カ"),
        ("안녕하세요", "안녕 녕하 하세 세요 요"),
        ("go 👍🏽 now ❤️", "go 👍 now ❤"),
        ("", ""),
        ("…—!?", ""),
    ],
)
def test_words_are_what_people_would_say_are_the_same(text: str, found: str) -> None:
    assert [word.text for word in words(text)] == found.split()


def test_thai_is_cut_into_pairs() -> None:
    assert [word.text for word in words("สวัส")] == ["สว", "วั", "ัส", "ส"]


@given(st.text(max_size=80))
def test_words_stand_where_they_say_and_come_back_the_same(text: str) -> None:
    for word in words(text):
        assert 0 <= word.start < word.end <= len(text)
        assert word.text
        assert "\n" not in word.text
        assert not word.text.startswith("\1")


def test_rooms_are_known_by_id_or_name_however_written() -> None:
    rooms = {"r1": "Große Küche", "kitchen": "Kitchen"}
    assert (ids_named("grosse-kuche", rooms)) == ["r1"]
    assert (ids_named("kitchen", rooms)) == ["kitchen"]
    assert (ids_named("garden", rooms)) == []
