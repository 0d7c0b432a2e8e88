"""Users as values: who administers, and who is the same."""

from dataclasses import replace
from datetime import UTC, datetime

from littlechat.core.people import User

ADA = User("u1", "Ada", datetime(2026, 1, 1, tzinfo=UTC))


def test_only_who_was_made_administrator_is_one() -> None:
    assert not ADA.is_admin
    assert replace(ADA, standing="admin").is_admin


def test_a_user_is_the_same_whenever_the_password_was_read() -> None:
    assert replace(ADA, password_at=ADA.created) == ADA
    assert replace(ADA, standing="admin") != ADA
