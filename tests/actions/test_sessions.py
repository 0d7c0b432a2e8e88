"""Ending sessions closes their pages on every process."""

import pytest

from littlechat.accounts.users import WrongLogin
from littlechat.core.people import Session
from littlechat.realtime.hub import POLICY
from littlechat.web.services import Services
from tests.factories import PASSWORD
from tests.tabs import Tab, abandon


@pytest.fixture
async def sessions(here: Services) -> tuple[Session, Session]:
    """Two browsers of one person with an account."""
    user = await here.accounts.users.register("Cleo", PASSWORD)
    _, mine = await here.accounts.sessions.open(user, "mine", "")
    _, other = await here.accounts.sessions.open(user, "other", "")
    return mine, other


async def test_logging_out_closes_that_browser_s_pages(
    here: Services, there: Services, sessions: tuple[Session, Session]
) -> None:
    mine, other = sessions
    tabs = [Tab(there, mine.user, mine.id), Tab(there, other.user, other.id)]
    await here.actions.sessions.log_out(mine)
    assert await tabs[0].until_closed() == POLICY
    assert tabs[1].socket.close_code is None
    await here.actions.sessions.log_out(mine)
    await tabs[1].close()


async def test_who_goes_away_while_logging_out_is_logged_out(
    here: Services, there: Services, sessions: tuple[Session, Session]
) -> None:
    mine, _ = sessions
    tab = Tab(there, mine.user, mine.id)
    await abandon(here.actions.sessions.log_out(mine))
    assert await tab.until_closed() == POLICY


async def test_a_new_password_ends_the_other_sessions_and_closes_their_pages(
    here: Services, there: Services, sessions: tuple[Session, Session]
) -> None:
    mine, other = sessions
    tabs = [Tab(there, mine.user, mine.id), Tab(there, other.user, other.id)]
    with pytest.raises(WrongLogin):
        await here.actions.sessions.change_password(mine, "not it at all", "another long password")
    assert tabs[1].socket.close_code is None
    await here.actions.sessions.change_password(mine, PASSWORD, "another long password")
    assert await tabs[1].until_closed() == POLICY
    assert tabs[0].socket.close_code is None
    assert [one.id for one in await here.accounts.sessions.list_of(mine.user)] == [mine.id]
    await tabs[0].close()


async def test_who_goes_away_while_changing_a_password_has_ended_the_other_sessions(
    here: Services, there: Services, sessions: tuple[Session, Session]
) -> None:
    mine, other = sessions
    tab = Tab(there, other.user, other.id)
    await abandon(here.actions.sessions.change_password(mine, PASSWORD, "another long password"))
    assert await tab.until_closed() == POLICY
    assert [one.id for one in await here.accounts.sessions.list_of(mine.user)] == [mine.id]
