"""What handlers are wrapped in: only for people who are signed in, for members, for managers."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import quote

from quart import (
    g,
    request,
)
from quart.typing import ResponseReturnValue
from quart_auth import current_user
from werkzeug.exceptions import (
    Forbidden,
    Unauthorized,
)

from littlechat.core import Membership, Session
from littlechat.web.origin import SAFE_METHODS
from littlechat.web.pages import go, is_htmx
from littlechat.web.services import services

Handler = Callable[..., Awaitable[ResponseReturnValue]]


async def find_session() -> Session | None:
    """Return the session of this request or socket, looked up once in the store."""
    if "session" not in g:
        token = current_user.auth_id
        g.session = await services().rooms.access.find_session(token) if token else None
    return cast(Session | None, g.session)


def signed_in(handler: Handler) -> Handler:
    """Let only signed-in people call a handler, which gets their session as first argument."""

    @wraps(handler)
    async def guarded(**values: Any) -> ResponseReturnValue:
        session = await find_session()
        if session is not None:
            return await handler(session, **values)
        if request.method in SAFE_METHODS and not is_htmx():
            return go(f"/login?next={quote(request.full_path.rstrip('?'))}")
        raise Unauthorized("You are signed out. Sign in and try again.")

    return guarded


def member_of(handler: Handler) -> Handler:
    """Let only members of the room call a handler, which gets session and membership first."""

    @wraps(handler)
    async def guarded(session: Session, room: str, **values: Any) -> ResponseReturnValue:
        membership = await services().rooms.access.find_membership(room, session.user)
        if membership is None:
            # 404 for a room that one may not even see.
            await services().rooms.store.get_visible(room, session.user)
            raise Forbidden("Join this room first.")
        return await handler(session, membership, **values)

    return signed_in(guarded)


def manager_of(handler: Handler) -> Handler:
    """Let only room managers call a handler, and administrators who are members of the room."""

    @wraps(handler)
    async def guarded(
        session: Session, membership: Membership, **values: Any
    ) -> ResponseReturnValue:
        if not (membership.may_manage or session.user.is_admin):
            raise Forbidden("Only the room’s managers may do this.")
        return await handler(session, membership, **values)

    return member_of(guarded)


def takes_files(handler: Handler) -> Handler:
    """Let a handler's body be as large and as slow as files are (`web/bodies.py` looks here)."""
    handler.takes_files = True  # type: ignore[attr-defined]
    return handler
