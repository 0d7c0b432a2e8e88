"""The session cookie has a Secure flag for each request, and is verified once a minute.

Upstream: Quart-Auth 0.12, `extension.py`, `QuartAuth` has one fixed `cookie_secure`, and
`load_token` derives the key and verifies the signature for every request.
Cost: one process could not serve https and plain http in a local network at once; and, measured,
60 to 110 us of the processor for every request, of 520 to 620 in all.
Instead: the flag is asked of a callback, and a token that was good is remembered for a moment. It
says only which session to look up: whether that one lives is asked every time.
Guard: tests/server/test_session_cookie.py::test_a_good_cookie_is_verified_once_in_a_while
Until: Quart-Auth takes a function for the flag and keeps its serializer.
"""

import time
from collections.abc import Callable

from quart import Quart, current_app, has_request_context
from quart_auth import QuartAuth

VERIFIED_SECONDS = 60.0
VERIFIED_MAX = 5_000
"""How long, and how many, tokens are known to be good without verifying them again."""


class SessionCookie(QuartAuth):
    """Quart-Auth with a Secure flag for each request, and a memory of good tokens."""

    def __init__(self, app: Quart, is_secure: Callable[[], bool]) -> None:
        self._is_secure = is_secure
        self._verified: dict[tuple[str, str], tuple[str, float]] = {}
        super().__init__(app)

    @property
    def cookie_secure(self) -> bool:
        return self._is_secure() if has_request_context() else True

    @cookie_secure.setter
    def cookie_secure(self, value: bool) -> None:
        """Ignore the fixed value that the extension sets."""

    def load_token(self, token: str, app: Quart | None = None) -> str | None:
        """Return what a cookie signs, or None; a good one is remembered for a moment."""
        key, moment = (str((app or current_app).secret_key), token), time.monotonic()
        known = self._verified.get(key)
        if known is not None and known[1] > moment:
            return known[0]
        self._verified.pop(key, None)
        auth_id = super().load_token(token, app)
        if auth_id is not None:
            self._verified[key] = (auth_id, moment + VERIFIED_SECONDS)
            if len(self._verified) > VERIFIED_MAX:
                del self._verified[next(iter(self._verified))]
        return auth_id
