"""Stores of messages on a real database, which stand for processes."""

from collections.abc import AsyncIterator

import pytest

from littlechat.messages.store import Messages
from littlechat.platform.database import Database


@pytest.fixture
def store(db: Database) -> Messages:
    """One process's store."""
    return Messages(db)


@pytest.fixture
async def other(db: Database, database_uri: str) -> AsyncIterator[Messages]:
    """Another process's store, over connections of its own."""
    database = Database(database_uri)
    yield Messages(database)
    database.close()
