"""Ending sessions closes their pages on every process."""

import asyncio

import pytest

from littlechat.accounts.users import WrongLogin
from littlechat.core.people import Session, User
from littlechat.platform.database import Missing
from littlechat.realtime.hub import POLICY, RESTART
from littlechat.web.services import Services
from tests.factories import PASSWORD, WAIT_SECONDS
from tests.tabs import Tab, abandon


@pytest.fixture
async def cleo(here: Services) -> User:
    """A person with an account."""
    return await here.accounts.users.register("Cleo", PASSWORD)


@pytest.fixture
async def sessions(here: Services, cleo: User) -> tuple[Session, Session]:
    """Two browsers of that person."""
    _, mine = await here.accounts.sessions.open(cleo, "mine", "")
    _, other = await here.accounts.sessions.open(cleo, "other", "")
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
    token = await here.actions.sessions.change_password(mine, PASSWORD, "another long password")
    assert await tabs[1].until_closed() == POLICY
    # This browser's own pages come back as the session that replaces theirs.
    assert await tabs[0].until_closed() == RESTART
    (fresh,) = await here.accounts.sessions.list_of(mine.user)
    assert fresh.id not in (mine.id, other.id)
    assert fresh.agent == "mine"
    found = await here.accounts.sessions.find(token)
    assert found
    assert found.id == fresh.id


async def test_a_new_password_ends_the_token_of_its_own_session_and_keeps_its_browser_notified(
    here: Services, there: Services, cleo: User
) -> None:
    old, session = await here.accounts.sessions.open(cleo, "mine", "")
    assert await there.rooms.access.find_session(old)
    await here.notifications.subscribe(session, "https://push.invalid/1", "p", "a", "")
    new = await here.actions.sessions.change_password(session, PASSWORD, "another long password")
    async with asyncio.timeout(WAIT_SECONDS):
        while await there.rooms.access.find_session(old):
            await asyncio.sleep(0)
    fresh = await there.rooms.access.find_session(new)
    assert fresh
    recipient = await there.notifications.get_recipient(fresh)
    assert [one.session_id for one in recipient.subscriptions] == [fresh.id]


async def test_a_session_that_ends_while_its_password_is_hashed_changes_nothing(
    here: Services, cleo: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, session = await here.accounts.sessions.open(cleo, "mine", "")
    passwords = here.accounts.users._passwords
    hash_ = passwords.hash

    async def hash_late(password: str) -> str:
        await here.actions.sessions.log_out(session)
        return await hash_(password)

    monkeypatch.setattr(passwords, "hash", hash_late)
    with pytest.raises(Missing):
        await here.actions.sessions.change_password(session, PASSWORD, "another long password")
    assert await here.accounts.users.check_password("Cleo", PASSWORD) == cleo


async def test_who_goes_away_while_changing_a_password_has_ended_the_other_sessions(
    here: Services, there: Services, sessions: tuple[Session, Session]
) -> None:
    mine, other = sessions
    tab = Tab(there, other.user, other.id)
    await abandon(here.actions.sessions.change_password(mine, PASSWORD, "another long password"))
    assert await tab.until_closed() == POLICY
    async with asyncio.timeout(WAIT_SECONDS):
        while mine.id in [one.id for one in await here.accounts.sessions.list_of(mine.user)]:
            await asyncio.sleep(0)
