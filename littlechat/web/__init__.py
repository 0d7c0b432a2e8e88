"""What every handler stands behind: who is signed in, same origin, membership; and how errors look.

A browser gets pages and redirects, htmx gets fragments and statuses, from the same handlers.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any, cast
from urllib.parse import quote

from quart import (
    Response,
    current_app,
    g,
    has_websocket_context,
    redirect,
    request,
    websocket,
)
from quart.typing import ResponseReturnValue, ResponseTypes
from quart_auth import current_user
from werkzeug.datastructures import Headers
from werkzeug.exceptions import (
    Forbidden,
    Unauthorized,
)

from littlechat.access import Access
from littlechat.accounts import Accounts
from littlechat.actions import Actions
from littlechat.administration import Administration
from littlechat.admission import Admission
from littlechat.audit import Audit
from littlechat.bots import Bots
from littlechat.bus import Bus
from littlechat.config import Settings
from littlechat.db import Database
from littlechat.faces import Faces
from littlechat.feeds import Feeds
from littlechat.hub import Hub
from littlechat.indexer import Indexer
from littlechat.live import Live
from littlechat.messages import Messages
from littlechat.metrics import Metrics
from littlechat.models import Membership, Room, Session
from littlechat.news import News
from littlechat.notifications import Notifications
from littlechat.online import Online
from littlechat.people import People
from littlechat.reading import Reading
from littlechat.remains import Remains
from littlechat.render import Renderer
from littlechat.rooms import Rooms
from littlechat.search import Search
from littlechat.threads import Threads
from littlechat.throttle import Throttle
from littlechat.uploads import Uploads
from littlechat.webhooks import Webhooks
from littlechat.work import Work

Handler = Callable[..., Awaitable[ResponseReturnValue]]


SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "media-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

DEFAULTS = [
    (name, name.lower(), value)
    for name, value in {
        **HEADERS,
        "Cache-Control": "no-store",
        "Vary": "HX-Request, Cookie",
    }.items()
]


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may use; built once by `create_app`."""

    settings: Settings
    db: Database
    bus: Bus
    hub: Hub
    feeds: Feeds
    live: Live
    access: Access
    accounts: Accounts
    rooms: Rooms
    messages: Messages
    search: Search
    indexer: Indexer
    uploads: Uploads
    remains: Remains
    metrics: Metrics
    reading: Reading
    news: News
    actions: Actions
    threads: Threads
    admission: Admission
    administration: Administration
    audit: Audit
    people: People
    faces: Faces
    notifications: Notifications
    bots: Bots
    webhooks: Webhooks
    work: Work
    render: Renderer
    throttle: Throttle
    online: Online


def services() -> Services:
    """Return the services of the app that handles this request or socket."""
    return cast(Services, current_app.extensions["littlechat"])


def is_htmx() -> bool:
    """Whether htmx asks, which wants a fragment rather than a page."""
    return request.headers.get("HX-Request") == "true"


def page(template: str, status: int = 200, **values: Any) -> Response:
    """Return a rendered template, with the session for its header, as a response."""
    faces = services().faces.version
    html = services().render.page(template, session=g.get("session"), faces=faces, **values)
    return Response(html, status=status, content_type="text/html; charset=utf-8")


def moulded_page(
    template: str, key: Hashable, moving: Mapping[str, object], status: int = 200, **steady: Any
) -> Response:
    """Return what `page` does, of which only `moving` changes with every view."""
    session: Session = g.session
    faces = services().faces.version
    html = services().render.moulded(
        template, (session.user.id, key), moving, session=session, faces=faces, **steady
    )
    return Response(html, status=status, content_type="text/html; charset=utf-8")


def present_among(rooms: Iterable[Room]) -> frozenset[str]:
    """Return the names of those in the direct conversations among `rooms` who are online."""
    return services().online.names & {name for room in rooms for name in room.people}


def fragment(html: str, status: int = 200) -> Response:
    """Return ready HTML as a response."""
    return Response(html, status=status, content_type="text/html; charset=utf-8")


def go(path: str) -> ResponseReturnValue:
    """Send the browser to `path` with a GET; htmx is told to follow with a whole page."""
    if request_is_htmx():
        return Response("", status=200, headers={"HX-Redirect": path})
    return redirect(path, HTTPStatus.SEE_OTHER)


def local_path(target: str) -> str | None:
    """Return `target` if it is an address on this site, never another's, else None."""
    # One slash and then a path: no scheme or host can follow. Browsers read a backslash as a slash
    # and skip tabs and newlines, so neither may stand anywhere.
    path = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if path and target.isprintable() and len(target) <= 500 else None


async def form_text(name: str) -> str:
    """Return one form field as text, empty if absent; never a structure."""
    return str((await request.form).get(name, ""))


def client_address() -> str:
    """Return the address the request came from, as far as the trusted proxies tell."""
    return request.remote_addr or "unknown"


def client_network() -> str:
    """Return what throttles count by: the address, or its /64, which one IPv6 client has whole."""
    try:
        address = ip_address(client_address())
    except ValueError:
        return client_address()  # What a proxy calls it.
    if isinstance(address, IPv4Address) or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", address))
    return str(IPv6Network((int(address), 64), strict=False))


LOCALHOSTS = ("localhost", "127.0.0.1", "[::1]")


def session_cookie_is_secure() -> bool:
    """Whether the session cookie of this request is marked Secure.

    Always, unless the browser came by plain http to localhost, where some browsers would drop it,
    or the installation says otherwise.
    """
    choice = services().settings.cookie_secure
    if choice != "auto":
        return choice == "on"
    if request.is_secure:
        return True
    host = request.host
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name not in LOCALHOSTS


async def find_session() -> Session | None:
    """Return the session of this request or socket, looked up once in the store."""
    if "session" not in g:
        token = current_user.auth_id
        g.session = await services().access.find_session(token) if token else None
    return cast(Session | None, g.session)


def signed_in(handler: Handler) -> Handler:
    """Let only signed-in people in; hand their session to the handler first."""

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
    """Let only members of the room in; hand the session and the membership to the handler."""

    @wraps(handler)
    async def guarded(session: Session, room: str, **values: Any) -> ResponseReturnValue:
        membership = await services().access.find_membership(room, session.user)
        if membership is None:
            await services().rooms.get_visible(room, session.user)  # Missing if not even that.
            raise Forbidden("Join this room first.")
        return await handler(session, membership, **values)

    return signed_in(guarded)


def manager_of(handler: Handler) -> Handler:
    """Let only those in who manage the room, and of administrators those who are in it."""

    @wraps(handler)
    async def guarded(
        session: Session, membership: Membership, **values: Any
    ) -> ResponseReturnValue:
        if not (membership.may_manage or session.user.is_admin):
            raise Forbidden("Only who made the room may do this.")
        return await handler(session, membership, **values)

    return member_of(guarded)


def takes_files(handler: Handler) -> Handler:
    """Let a handler's body be as large and as slow as files are (`web/bodies.py` looks here)."""
    handler.takes_files = True  # type: ignore[attr-defined]
    return handler


def is_same_origin(headers: Headers) -> bool:
    """Whether a request comes from our own pages, or from no page at all.

    Fetch Metadata where the browser sends it (https and localhost), else Origin against Host. A
    client that sends neither is no browser and rides on nobody's cookies.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin, host = headers.get("Origin"), headers.get("Host")
    return origin is None or (bool(host) and origin.partition("://")[2] == host)


async def refuse_cross_origin() -> None:
    """Refuse every unsafe request that another site's page made."""
    if request.method not in SAFE_METHODS and not is_same_origin(request.headers):
        raise Forbidden("This request came from another site.")


async def add_headers(response: Response) -> Response:
    """Set the security headers, and let nothing but static files be kept."""
    present = {name.lower() for name, _ in response.headers}
    for name, key, value in DEFAULTS:
        if key not in present:
            response.headers.add(name, value)
    return response


async def add_headers_to_refusal(response: ResponseTypes | None) -> ResponseTypes | None:
    """Set the security headers on a refused handshake; an accepted one has no response."""
    return await add_headers(cast(Response, response)) if response else None


def request_is_htmx() -> bool:
    """Whether this is an htmx request; a socket's handshake is not."""
    return not has_websocket_context() and is_htmx()


def handshake_is_same_origin() -> bool:
    """Whether the socket that is being opened belongs to one of our pages."""
    return is_same_origin(websocket.headers)
