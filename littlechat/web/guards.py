"""What handlers are wrapped in: only for people who are signed in, for members, managers, admins.

A body may take minutes to arrive, and its sender may lose the right meanwhile. So what a guard asks
is asked twice of an unsafe request: before its body, so that nobody's form is waited for who may
not send it, and again of the store once the body is there. What then still takes long (a picture
that is drawn, a file that is stored) asks again by `require_still`, just before it acts.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import quote

from quart import (
    current_app,
    g,
    has_request_context,
    request,
)
from quart.typing import ResponseReturnValue
from quart_auth import current_user
from werkzeug.exceptions import (
    Forbidden,
    Unauthorized,
)

from littlechat.core import Membership, Session
from littlechat.platform import ADMINISTER, Missing
from littlechat.web.origin import SAFE_METHODS
from littlechat.web.pages import go, is_htmx
from littlechat.web.services import services

Handler = Callable[..., Awaitable[ResponseReturnValue]]

Ask = Callable[[dict[str, Any], bool], Awaitable[tuple[Any, ...]]]
"""Takes the parts of the address, and whether to pass over what is remembered; returns what the
handler gets first, and takes what it used out of the parts. Raises what the refusal is."""

SIGNED_OUT = "You are signed out. Sign in and try again."


async def find_session(*, fresh: bool = False) -> Session | None:
    """Return the session of this request or socket, looked up once; with `fresh` as it is now."""
    if fresh or "session" not in g:
        token, access = current_user.auth_id, services().rooms.access
        g.session = await access.find_session(token, fresh=fresh) if token else None
        if g.session is not None and has_request_context():
            _renew_cookie()
    return cast(Session | None, g.session)


def _renew_cookie() -> None:
    """Let the cookie last as long as its session, which every visit makes longer."""
    for extension in current_app.extensions["QUART_AUTH"]:
        extension.renew()


def _guarded(handler: Handler, ask: Ask, *, always_fresh: bool = False) -> Handler:
    """Wrap a handler in a guard: `ask` is put before the body of an unsafe request and after it."""

    @wraps(handler)
    async def guarded(**values: Any) -> ResponseReturnValue:
        is_safe = request.method in SAFE_METHODS
        if is_safe and not is_htmx() and await find_session() is None:
            return go(f"/login?next={quote(request.full_path.rstrip('?'))}")
        fresh = always_fresh and not is_safe
        parts = dict(values)
        given = await ask(parts, fresh)
        if not is_safe:
            g.guard = ask, values
            if not hasattr(handler, "reads_body") and await _wait_for_form():
                parts = dict(values)
                given = await ask(parts, True)
        return await handler(*given, **parts)

    return guarded


async def _wait_for_form() -> bool:
    """Take in the form of this request; return whether it had to be waited for."""
    waits = not cast(Any, request).body.is_complete
    await request.form
    return waits


async def require_still() -> None:
    """Ask the store again what the guard of this unsafe request asked; raise the refusal.

    For handlers that did something between the body and their act that takes long.
    """
    ask, values = g.guard
    await ask(dict(values), True)


async def while_allowed(parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the parts of a body for as long as the guard of this request lets its sender in.

    What is remembered is enough between them: every revocation takes it out of the memory of every
    process. At the end, `require_still` asks the store.
    """
    ask, values = g.guard
    async for part in parts:
        g.pop("session", None)
        await ask(dict(values), False)
        yield part


async def _ask_session(parts: dict[str, Any], fresh: bool) -> tuple[Session]:
    session = await find_session(fresh=fresh)
    if session is None:
        raise Unauthorized(SIGNED_OUT)
    return (session,)


async def _ask_member(parts: dict[str, Any], fresh: bool) -> tuple[Session, Membership]:
    (session,) = await _ask_session(parts, fresh)
    room = parts.pop("room")
    membership = await services().rooms.access.find_membership(room, session.user, fresh=fresh)
    if membership is None:
        # 404 for a room that one may not even see.
        await services().rooms.store.get_visible(room, session.user)
        raise Forbidden("Join this room first.")
    return session, membership


async def _ask_manager(parts: dict[str, Any], fresh: bool) -> tuple[Session, Membership]:
    session, membership = await _ask_member(parts, fresh)
    if not (membership.may_manage or session.user.is_admin):
        raise Forbidden("Only the room’s managers may do this.")
    return session, membership


async def _ask_admin(parts: dict[str, Any], fresh: bool) -> tuple[Session]:
    (session,) = await _ask_session(parts, fresh)
    if not session.user.is_admin:
        raise Forbidden("Only administrators may do this.")
    return (session,)


def signed_in(handler: Handler) -> Handler:
    """Let only signed-in people call a handler, which gets their session as first argument."""
    return _guarded(handler, _ask_session)


def member_of(handler: Handler) -> Handler:
    """Let only members of the room call a handler, which gets session and membership first."""
    return _guarded(handler, _ask_member)


def manager_of(handler: Handler) -> Handler:
    """Let only room managers call a handler, and administrators who are members of the room."""
    return _guarded(handler, _ask_manager, always_fresh=True)


def admin_only(handler: Handler) -> Handler:
    """Let only administrators call a handler."""

    @wraps(handler)
    async def limited(session: Session, **values: object) -> ResponseReturnValue:
        if request.method not in SAFE_METHODS:
            await services().platform.rate_limits.hit(ADMINISTER, session.user.id)
        return await handler(session, **values)

    return _guarded(limited, _ask_admin, always_fresh=True)


def may_read_on(session: Session, room_id: str) -> Callable[[], Awaitable[bool]]:
    """Return what tells of a download under way whether its reader may still see the room.

    What is remembered is enough: every revocation takes it out of the memory of every process. It
    is called when the handler is over, and uses nothing of the request.
    """
    access, token = services().rooms.access, current_user.auth_id or ""

    async def may() -> bool:
        if await access.find_session(token) is None:
            return False
        return await access.find_membership(room_id, session.user) is not None

    return may


async def read_on(
    pieces: AsyncIterable[bytes], may: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """Yield the pieces of a download until its reader may not see it any more; raise `Missing`."""
    async for piece in pieces:
        if not await may():
            raise Missing
        yield piece


def takes_files(handler: Handler) -> Handler:
    """Let a handler's body be as large and as slow as files are (`server/body_limits.py` looks)."""
    handler.takes_files = True  # type: ignore[attr-defined]
    return handler


def reads_body(handler: Handler) -> Handler:
    """Let a handler read its body itself, as it comes; the handler then asks again itself."""
    handler.reads_body = True  # type: ignore[attr-defined]
    return handler
