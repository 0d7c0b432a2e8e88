"""A store of files on a real database."""

import pytest

from littlechat.platform.database import Database
from tests.files.stores import Store


@pytest.fixture
def store(db: Database) -> Store:
    return Store(db)
