"""Two people who are signed in, and a room of theirs."""

import pytest

from littlechat.core.people import Session
from littlechat.core.rooms import Room
from littlechat.web.services import Services
from tests.factories import PASSWORD


@pytest.fixture
async def ada(here: Services) -> Session:
    """Ada, signed in."""
    user = await here.accounts.users.register("Ada", PASSWORD)
    return (await here.accounts.sessions.open(user, "", ""))[1]


@pytest.fixture
async def ben(here: Services) -> Session:
    """Ben, signed in."""
    user = await here.accounts.users.register("Ben", PASSWORD)
    return (await here.accounts.sessions.open(user, "", ""))[1]


@pytest.fixture
async def room(here: Services, ada: Session, ben: Session) -> Room:
    """Ada's room, with Ben in it."""
    room = await here.rooms.store.create(ada.user, "Garden", "", "public")
    return await here.rooms.members.join(room.id, ben.user)
