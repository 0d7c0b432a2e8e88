"""Messages match what is typed, and excerpts show where."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.core.messages import Message
from littlechat.platform.database import now
from littlechat.search.matching import excerpt, matches
from littlechat.search.query import parse

NOON = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


def message(body: str, **values: object) -> Message:
    return Message("garden", 1, "u1", "Ada", body, now(), **values)  # type: ignore[arg-type]


def finds(typed: str, body: str) -> bool:
    return matches(parse(typed, NOON), message(body))


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
        ("has:link", "see www.example.com", True),
        ("example", "see https://example.com/x", True),
        ("👍", "well 👍🏽", True),
    ],
)
def test_what_is_typed_finds_what_it_should(typed: str, body: str, found: bool) -> None:
    assert finds(typed, body) is found


def test_excerpt_marks_hits_in_their_context() -> None:
    text = "x" * 50 + " " + "word " * 60 + "The Garden is green"
    pieces = excerpt(parse("gar", NOON), text)
    assert [piece for piece, is_hit in pieces if is_hit] == ["Garden"]
    assert pieces[0] == ("…", False)
    assert pieces[-1] == (" is green", False)
    assert sum(len(piece) for piece, _ in pieces) < 400
    assert excerpt(parse("本語", NOON), "日本語だ")[1] == ("本語", True)
    assert excerpt(parse("語", NOON), "日本語だ")[1] == ("語", True)
