"""The WebSocket handlers: of a room's page, and of pages without a room.

Rendered fragments are sent down; up come only ephemeral signals. Every exit chooses a close code.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TypedDict, cast

from quart import Blueprint, websocket
from werkzeug.exceptions import NotFound, Unauthorized

from littlechat.core import Cursor, Session
from littlechat.platform import CONNECT, TooMany, Unavailable
from littlechat.realtime import (
    ERROR,
    POLICY,
    RESTART,
    ROOMS,
    Send,
    Socket,
    WriteNow,
    frames,
    user_topic,
)
from littlechat.web.guards import find_session
from littlechat.web.origin import require_same_origin_handshake
from littlechat.web.services import services

blueprint = Blueprint("socket", __name__)

SOCKETS_MAX = 60
"""One person's open sockets in a process: many tabs, and yet a bounded amount of memory."""

SOCKETS_RETRY_SECONDS = 30

TYPING_EVERY_SECONDS = 1.0

UNKNOWN_CURSOR = Cursor(10**15, 0)
"""Ahead of every room: a page with a cursor that cannot be read gets a fresh list."""

ServerScope = TypedDict(
    "ServerScope",
    {
        "littlechat.send": Send,
        "littlechat.write_now": WriteNow | None,
        "littlechat.is_closed": Callable[[], bool],
    },
)
"""What this package needs of the server for a socket, beside ASGI: a text sent, a ready frame
written at once if the server can do that, and whether the server has given the socket up."""

log = logging.getLogger(__name__)


@blueprint.websocket("/rooms/<room>/socket")
async def room_socket(room: str) -> None:
    """Send a room: what came after the cursor, then what follows."""
    seen = services().rooms.access.invalidations
    session = await _guard()
    after = websocket.args.get("after")
    cursor = None if after is None else Cursor.parse(after) or UNKNOWN_CURSOR
    served = services()
    if await served.rooms.access.find_membership(room, session.user) is None:
        raise NotFound
    socket = _open(session)
    try:
        await served.realtime.feeds.enter(socket, room, cursor)
        await _check_again(session, room, seen)
        await _stream(socket, room)
    finally:
        served.realtime.feeds.leave(socket)
        served.platform.tasks.spawn(_note_seen(socket.user))


@blueprint.websocket("/socket")
async def plain_socket() -> None:
    """Send presence and unread signals to pages that show no room."""
    seen = services().rooms.access.invalidations
    session = await _guard()
    socket = _open(session)
    try:
        await _check_again(session, None, seen)
        await _stream(socket, None)
    finally:
        services().realtime.feeds.leave(socket)
        services().platform.tasks.spawn(_note_seen(socket.user))


async def _guard() -> Session:
    require_same_origin_handshake()
    session = await find_session()
    if session is None:
        raise Unauthorized
    served = services()
    await served.platform.rate_limits.hit(CONNECT, session.user.id)
    held = sum(socket.user == session.user.id for socket in served.realtime.hub.sockets)
    if held >= SOCKETS_MAX and served.settings.rate_limits:
        raise TooMany(SOCKETS_RETRY_SECONDS)
    return session


async def _check_again(session: Session, room: str | None, seen: int) -> None:
    """Check session and membership again if anything was revoked since the guards checked them.

    From here on a revocation finds the socket and closes it. One that came before, when there was
    no socket yet, has changed the count `invalidations` of the `Access` cache.
    """
    served = services()
    if seen == served.rooms.access.invalidations and served.platform.bus.connected:
        return
    if not await served.accounts.sessions.list_live([session.id]):
        raise Unauthorized
    if room and await served.rooms.memberships.find(room, session.user) is None:
        raise NotFound


def _open(session: Session) -> Socket:
    user, hub = session.user, services().realtime.hub
    server = _server()
    socket = hub.open(
        user.id,
        user.name,
        session.id,
        server["littlechat.send"],
        server["littlechat.write_now"],
    )
    hub.join(socket, ROOMS)
    hub.join(socket, user_topic(user.id))
    services().realtime.presence.enter(socket)
    services().realtime.dispatcher.send_recent(socket)
    return socket


def _server() -> ServerScope:
    return cast(ServerScope, websocket.scope)


async def _stream(socket: Socket, room: str | None) -> None:
    await websocket.accept()
    if _server()["littlechat.is_closed"]():
        return  # Its peer spoke before the handshake was answered, and nobody will tell us more.
    reader = asyncio.create_task(_read(socket, room))
    writer = asyncio.create_task(socket.write())
    try:
        done, _ = await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        await _close(socket.close_code or ERROR, socket.close_reason)
    except asyncio.CancelledError:
        raise  # The browser has disconnected.
    except Exception:
        log.exception("socket failed")
        socket.close(ERROR)
        await _close(ERROR)
    finally:
        reader.cancel()
        writer.cancel()
        await asyncio.gather(reader, writer, return_exceptions=True)


async def _close(code: int, reason: str = "") -> None:
    # A peer that takes nothing must not hold us: the server gives the connection up by itself.
    async with asyncio.timeout(1):
        await websocket.close(code, reason or ("restarting" if code == RESTART else ""))


async def _read(socket: Socket, room: str | None) -> None:
    """Receive signals until there are too many of them, or too many malformed ones."""
    clock = asyncio.get_running_loop().time
    allowance = frames.Allowance(clock())
    typed_at = float("-inf")
    while True:
        # Quart hands out an empty binary frame as None.
        kind = frames.parse(await websocket.receive() or b"")
        now = clock()
        if not allowance.spend(now, good=kind is not None):
            socket.close(POLICY, "flood")
            return
        if kind == "typing" and room and now - typed_at >= TYPING_EVERY_SECONDS:
            typed_at = now
            services().realtime.feeds.typed(room, socket.name)
        if kind in ("away", "back"):
            services().realtime.feeds.set_away(socket, kind == "away")
        if kind in ("beat", "back"):
            await _note_seen(socket.user)
        if kind in ("shown", "hidden"):
            socket.looked_at = now if kind == "shown" else float("-inf")


async def _note_seen(user_id: str) -> None:
    # Only for "last seen" on the person's page: it may fail.
    with contextlib.suppress(Unavailable):
        await services().accounts.profiles.note_seen(user_id)
