"""Quart's sessions are left out.

Upstream: Quart 0.22, `sessions.py`, `SecureCookieSessionInterface` looks for a session in a cookie
of its own with every request.
Cost: measured, 35 us of the processor for every request, of 510 to 580 in all, for nothing: our
sessions are in the database.
Instead: an interface that opens and saves nothing.
Guard: tests/server/test_no_sessions.py::test_a_handler_can_put_nothing_into_a_session
Until: Quart can be told to have no sessions.
"""

from quart import Quart, Response
from quart.sessions import NullSession, SessionInterface, SessionMixin
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.wrappers import Response as WerkzeugResponse


class NoSessions(SessionInterface):
    """Sessions that hold nothing."""

    _nothing = NullSession()

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> NullSession:
        """Return what holds nothing and can take nothing."""
        return self._nothing

    async def save_session(
        self, app: Quart, session: SessionMixin, response: Response | WerkzeugResponse | None
    ) -> None:
        """Keep nothing."""
