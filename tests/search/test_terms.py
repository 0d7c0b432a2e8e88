"""The terms that a message is found by."""

from datetime import UTC, datetime

from littlechat.core.messages import File, Message
from littlechat.platform.database import now
from littlechat.search.matching import matches
from littlechat.search.query import parse
from littlechat.search.terms import author_term, kind_term, room_term, terms

NOON = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


def message(body: str, **values: object) -> Message:
    return Message("garden", 1, "u1", "Ada", body, now(), **values)  # type: ignore[arg-type]


def test_terms_hold_author_room_and_kind() -> None:
    plan = File("f1", "Plan-B.pdf", "application/pdf", 1)
    found = terms(message("see http://x.org", files=(plan,)))
    assert found >= {
        author_term("u1"),
        room_term("garden"),
        kind_term("link"),
        kind_term("file"),
        "plan",
        "pdf",
    }
    assert kind_term("link") not in terms(message("hello"))


def test_removed_message_has_no_terms_and_matches_nothing() -> None:
    gone = message("hello", removed=True)
    assert terms(gone) == frozenset()
    assert not matches(parse("hello", NOON), gone)
