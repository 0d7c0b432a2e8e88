"""Ending sessions: logging out, here or everywhere else, and by a new password."""

from littlechat.accounts import Accounts
from littlechat.core import Session, User
from littlechat.platform import BackgroundTasks, Missing
from littlechat.realtime import Realtime


class SessionActions:
    """What people do with their own sessions."""

    def __init__(self, accounts: Accounts, realtime: Realtime, tasks: BackgroundTasks) -> None:
        self._accounts, self._tasks = accounts, tasks
        self._announcements = realtime.announcements

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

    async def change_password(self, session: Session, current: str, new: str) -> None:
        """Replace a password and end the other sessions; raise `WrongLogin` or `Invalid`."""
        await self._tasks.run_to_completion(self._change_password(session, current, new))

    async def _change_password(self, session: Session, current: str, new: str) -> None:
        await self._accounts.users.change_password(session.user, current, new)
        await self._end_others(session)

    async def log_out(self, session: Session) -> None:
        """End this session; it may have ended already."""
        try:
            await self.end(session.user, session.id)
        except Missing:
            return
