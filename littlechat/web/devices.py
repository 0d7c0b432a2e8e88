"""Known devices: a browser that logged into an account once is not held up by others' guesses.

After a login the browser keeps a signed cookie that says into which accounts it logged in, as
digests: it opens nothing, and shows nobody's name to the next person at this browser.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer
from quart import after_this_request, current_app, request
from quart.typing import ResponseTypes

from littlechat.core import fold
from littlechat.web.clients import session_cookie_is_secure

COOKIE = "littlechat-device"
COOKIE_SECONDS = 400 * 24 * 60 * 60
"""Browsers keep no cookie longer."""

ACCOUNTS_MAX = 8
"""So many accounts one browser is known for, the last ones."""

READ_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that logged in before: its random id, and the digests of its accounts."""

    id: str
    accounts: tuple[str, ...] = ()


def known_device(name: str) -> str:
    """Return the id of this browser if it has logged into the account of that name, else ""."""
    device = _read()
    return device.id if device and _digest(name) in device.accounts else ""


def remember_device(name: str) -> None:
    """Let the answer to this request tell the browser that it is known for this account."""
    device, digest = _read() or Device(secrets.token_urlsafe(12)), _digest(name)
    others = [one for one in device.accounts if one != digest]
    accounts = [*others, digest][-ACCOUNTS_MAX:]
    value = str(_signer().dumps([device.id, accounts]))

    @after_this_request
    async def add(response: ResponseTypes) -> ResponseTypes:
        response.set_cookie(
            _cookie_name(),
            value,
            max_age=COOKIE_SECONDS,
            path="/",
            secure=session_cookie_is_secure(),
            httponly=True,
            samesite="Lax",
        )
        return response


def _read() -> Device | None:
    raw = request.cookies.get(_cookie_name(), "")
    if not raw or len(raw) > READ_MAX:
        return None
    try:
        known, accounts = _signer().loads(raw, max_age=COOKIE_SECONDS)
    except (BadSignature, ValueError):
        return None
    return Device(str(known), tuple(accounts))


def _cookie_name() -> str:
    # As the session's: browsers take a cookie with such a name over https and for one host alone.
    return f"__Host-{COOKIE}" if session_cookie_is_secure() else COOKIE


def _digest(name: str) -> str:
    key = hashlib.sha256(f"device {current_app.secret_key!s}".encode()).digest()
    return hmac.new(key, fold(name.strip()).encode(), "sha256").hexdigest()[:24]


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="known device")
