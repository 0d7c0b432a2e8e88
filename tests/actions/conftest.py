"""A room of Ada and Ben, and a page of it on another process."""

from collections.abc import AsyncIterator

import pytest

from littlechat.core.rooms import Room
from littlechat.web.services import Services
from tests.tabs import ADA, BEN, Tab


@pytest.fixture
async def room(here: Services) -> Room:
    """Ada's room with Ben in it."""
    room = await here.actions.rooms.create(ADA, "Garden", "", "public")
    await here.actions.members.join(room.id, BEN)
    return await here.rooms.store.get(room.id)


@pytest.fixture
async def far(there: Services, room: Room) -> AsyncIterator[Tab]:
    """Ben's page on the other process."""
    tab = await Tab(there, BEN).enter(room.id)
    yield tab
    await tab.close()
