"""The session cookie suits each request, lasts as long as its session, and is verified at times.

Upstream: Quart-Auth 0.12, `extension.py`, `QuartAuth` has one fixed `cookie_secure` and one fixed
`cookie_name`, never sends a cookie again by itself, and in `load_token` derives the key and
verifies the signature for every request.
Cost: one process could not serve https and plain http in a local network at once; on https a page
of another name below the same domain could plant a cookie of ours; people who come every day would
be signed out when their first cookie ends; and, measured, 60 to 110 us of the processor for every
request, of 520 to 620 in all.
Instead: the Secure flag is asked of a callback, and with it the name begins with `__Host-`, which
browsers take from our own pages on https alone; a cookie that is a day old is sent again; a token
that was good is remembered for a moment. It says only which session to look up: whether that one
lives is asked every time.
Guard: tests/server/test_session_cookie.py::test_a_good_cookie_is_verified_once_in_a_while
Until: Quart-Auth takes functions for the flag and the name, renews, and keeps its serializer.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from itsdangerous.encoding import base64_decode, bytes_to_int
from quart import Quart, current_app, has_request_context, has_websocket_context, request
from quart_auth import Action, QuartAuth

VERIFIED_SECONDS = 60.0
VERIFIED_MAX = 5_000
"""How long, and how many, tokens are known to be good without verifying them again."""

RENEWED_AFTER_SECONDS = 24 * 60 * 60
"""From which age on a cookie is sent again."""

HOST_PREFIX = "__Host-"
"""Browsers take a cookie with such a name over https alone, for one host and all of its paths."""


class Verified(NamedTuple):
    """What a good token signs, when it was made, and until when this is remembered."""

    auth_id: str
    made: float
    until: float


class SessionCookie(QuartAuth):
    """Quart-Auth with a flag and a name for each request, and a memory of good tokens."""

    def __init__(self, app: Quart, is_secure: Callable[[], bool]) -> None:
        self._is_secure = is_secure
        self._name: str | None = None
        self._verified: dict[tuple[str, str], Verified] = {}
        super().__init__(app)

    @property
    def cookie_secure(self) -> bool:
        return self._is_secure() if has_request_context() or has_websocket_context() else True

    @cookie_secure.setter
    def cookie_secure(self, value: bool) -> None:
        """Ignore the fixed value that the extension sets."""

    @property
    def cookie_name(self) -> str | None:
        if self._name is None or not self.cookie_secure:
            return self._name
        return HOST_PREFIX + self._name

    @cookie_name.setter
    def cookie_name(self, value: str | None) -> None:
        self._name = value

    def load_token(self, token: str, app: Quart | None = None) -> str | None:
        """Return what a cookie signs, or None; a good one is remembered for a moment."""
        key, moment = (str((app or current_app).secret_key), token), time.monotonic()
        known = self._verified.get(key)
        if known is not None and known.until > moment:
            return known.auth_id
        self._verified.pop(key, None)
        auth_id = super().load_token(token, app)
        if auth_id is not None:
            self._verified[key] = Verified(auth_id, _made(token), moment + VERIFIED_SECONDS)
            if len(self._verified) > VERIFIED_MAX:
                del self._verified[next(iter(self._verified))]
        return auth_id

    def renew(self) -> None:
        """Send this request's cookie again with the answer if it is not of today."""
        user = self.load_user()
        token = request.cookies.get(self.cookie_name or "", "")
        known = self._verified.get((str(current_app.secret_key), token))
        due = known is not None and time.time() - known.made >= RENEWED_AFTER_SECONDS
        if due and user.action == Action.PASS:
            user.action = Action.WRITE_PERMANENT


def _made(token: str) -> float:
    """Return when a good token was signed, as `itsdangerous` writes it: before its last dot."""
    return float(bytes_to_int(base64_decode(token.split(".")[-2])))
