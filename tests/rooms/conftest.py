"""What the tests of rooms share."""

import pytest

from littlechat.platform.database import (
    Database,
)
from littlechat.rooms.facade import Rooms
from tests.factories import make_rooms


@pytest.fixture
def rooms(db: Database) -> Rooms:
    """The store."""
    return make_rooms(db)
