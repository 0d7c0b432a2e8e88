"""What the tests of accounts share."""

import pytest
from argon2 import PasswordHasher

from littlechat.accounts.facade import Accounts
from littlechat.platform.database import (
    Database,
)


@pytest.fixture
def accounts(db: Database) -> Accounts:
    """The store."""
    return Accounts(db)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digests against which the hasher was made to work."""
    seen: list[str] = []
    verify = PasswordHasher.verify

    def spy(self: PasswordHasher, hash: str, password: str) -> bool:
        seen.append(hash)
        return verify(self, hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    return seen
