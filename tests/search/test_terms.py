"""Words in any script, and queries as people type them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.core.messages import File, Message
from littlechat.platform.database import now
from littlechat.search.terms import (
    QUERY_MAX,
    Query,
    by,
    excerpt,
    having,
    known_as,
    matches,
    parse,
    terms,
    within,
    words,
)

NOON = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


def message(body: str, **values: object) -> Message:
    return Message("garden", 1, "u1", "Ada", body, now(), **values)  # type: ignore[arg-type]


def finds(typed: str, body: str) -> bool:
    return matches(parse(typed, NOON), message(body))


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


@given(st.text(max_size=60))
def test_a_text_is_found_by_itself(text: str) -> None:
    # As people type it: without what would be an operator.
    typed = " ".join(word for word in text.replace('"', " ").split() if ":" not in word)
    assert finds(typed, typed)
    assert finds(f'"{typed}"', typed)


@given(st.text(max_size=60), st.text(max_size=300))
def test_no_query_fails_and_no_excerpt_loses_text(typed: str, body: str) -> None:
    query = parse(typed, NOON)
    pieces = excerpt(query, body)
    whole = "".join(piece for piece, _ in pieces)
    assert whole.strip("…") in body or whole.strip("…") == body.strip("…")
    matches(query, message(body))


@pytest.mark.parametrize(
    ("typed", "body", "found"),
    [
        ("hel", "Hello there", True),
        ("ell", "Hello there", False),
        ("hel there", "Hello there", False),
        ("hello there", "there, hello!", True),
        ('"hello there"', "there, hello!", False),
        ('"hello there"', "Hello, there", True),
        ('"hel', "Hello", False),
        ("h", "Hello", False),
        ("uber", "Über alles", True),
        ("日", "本日", True),
        ("本語", "日本語", True),
        ("日語", "日本語", False),
        ("日 語", "日本語", True),
        ("日本語", "日本 と 本語", False),
        ("학교", "어제 학교에서", True),
        ("вол", "Волга", True),
        ("مرحبا", "مَرْحَبًا", True),
        ("has:link", "see https://example.com", True),
        ("has:links", "see example.com", False),
        ("example", "see https://example.com/x", True),
        ("👍", "well 👍🏽", True),
    ],
)
def test_what_is_typed_finds_what_it_should(typed: str, body: str, found: bool) -> None:
    assert finds(typed, body) is found


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


def test_terms_tell_author_room_and_kind() -> None:
    plan = File("f1", "Plan-B.pdf", "application/pdf", 1)
    found = terms(message("see http://x.org", files=(plan,)))
    assert found >= {by("u1"), within("garden"), having("link"), having("file"), "plan", "pdf"}
    assert having("link") not in terms(message("hello"))


def test_removed_message_has_no_terms_and_matches_nothing() -> None:
    gone = message("hello", removed=True)
    assert terms(gone) == frozenset()
    assert not matches(parse("hello", NOON), gone)


def test_excerpt_marks_hits_in_their_context() -> None:
    text = "x" * 50 + " " + "word " * 60 + "The Garden is green"
    pieces = excerpt(parse("gar", NOON), text)
    assert [piece for piece, is_hit in pieces if is_hit] == ["Garden"]
    assert pieces[0] == ("…", False)
    assert pieces[-1] == (" is green", False)
    assert sum(len(piece) for piece, _ in pieces) < 400
    assert excerpt(parse("本語", NOON), "日本語だ")[1] == ("本語", True)
    assert excerpt(parse("語", NOON), "日本語だ")[1] == ("語", True)


def test_rooms_are_known_by_id_or_name_however_written() -> None:
    rooms = {"r1": "Große Küche", "kitchen": "Kitchen"}
    assert list(known_as("grosse-kuche", rooms)) == ["r1"]
    assert list(known_as("kitchen", rooms)) == ["kitchen"]
    assert list(known_as("garden", rooms)) == []
