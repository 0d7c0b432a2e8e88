"""Ending sessions: logging out, here or everywhere else, and by a new password."""

from collections.abc import Callable, Coroutine
from typing import Any

from littlechat.accounts import Accounts
from littlechat.core import Session, User
from littlechat.platform import BackgroundTasks, Missing
from littlechat.realtime import Realtime

OnRenewed = Callable[[Session, Session], Coroutine[Any, Any, None]]
"""Passes what belongs to a session to the one that replaces it."""


class SessionActions:
    """What people do with their own sessions."""

    def __init__(self, accounts: Accounts, realtime: Realtime, tasks: BackgroundTasks) -> None:
        self._accounts, self._tasks = accounts, tasks
        self._announcements = realtime.announcements
        self._on_renewed: list[OnRenewed] = []

    def subscribe_to_renewals(self, on_renewed: OnRenewed) -> None:
        """Call `on_renewed` when a session is replaced by another of the same browser."""
        self._on_renewed.append(on_renewed)

    async def end(self, user: User, session_id: str) -> None:
        """End one session of a person and close its sockets; raise `Missing`."""
        await self._tasks.run_to_completion(self._end(user, session_id))

    async def _end(self, user: User, session_id: str) -> None:
        await self._accounts.sessions.end(user, session_id)
        self._announcements.revoke(sessions=[session_id])

    async def end_others(self, session: Session) -> None:
        """End all sessions of the person except this one."""
        await self._tasks.run_to_completion(self._end_others(session))

    async def _end_others(self, session: Session) -> None:
        ended = await self._accounts.sessions.end_others(session.user, session.id)
        self._announcements.revoke(sessions=ended)

    async def change_password(self, session: Session, current: str, new: str) -> str:
        """Replace a password and end all sessions; return the token of a new one in this browser.

        Whoever has learned the old token is out as well. Raises `WrongLogin`, `Invalid`, or
        `Missing` if the session has ended: checking and hashing may take long.
        """
        return await self._tasks.run_to_completion(self._change_password(session, current, new))

    async def _change_password(self, session: Session, current: str, new: str) -> str:
        users, sessions = self._accounts.users, self._accounts.sessions

        async def require_still() -> None:
            if not await sessions.list_live([session.id]):
                raise Missing

        await users.change_password(session.user, current, new, require_still)
        await self._accounts.registration.end_password_links(session.user)
        user = await users.get_by_id(session.user.id)
        token, fresh = await sessions.open(user, session.agent, session.address)
        # Before the old one ends, with which all that belongs to it would go.
        for on_renewed in self._on_renewed:
            await on_renewed(session, fresh)
        ended = await sessions.end_others(user, fresh.id)
        self._announcements.revoke(sessions=[one for one in ended if one != session.id])
        if session.id not in ended:
            # It was ended elsewhere meanwhile, and must not go on as another.
            await sessions.end(user, fresh.id)
            raise Missing
        self._announcements.renew(session.id)
        return token

    async def log_out(self, session: Session) -> None:
        """End this session; it may have ended already."""
        try:
            await self.end(session.user, session.id)
        except Missing:
            return
