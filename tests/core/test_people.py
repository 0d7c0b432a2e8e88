"""Users as values."""

from dataclasses import replace
from datetime import UTC, datetime

from littlechat.core.people import User

ADA = User("u-1", "Ada", datetime(2026, 1, 1, tzinfo=UTC))


def test_only_an_administrator_is_one() -> None:
    assert not ADA.is_admin
    assert replace(ADA, standing="admin").is_admin


def test_a_user_is_the_same_whenever_their_password_was_read() -> None:
    assert replace(ADA, password_at=ADA.created) == ADA
    assert replace(ADA, disabled=True) != ADA
