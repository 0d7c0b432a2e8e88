"""How handlers respond: pages for a browser, fragments and statuses for htmx, redirects for
both."""

import hmac
from base64 import b64encode
from collections.abc import Hashable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from quart import (
    Response,
    g,
    has_websocket_context,
    redirect,
    request,
)
from quart.typing import ResponseReturnValue

from littlechat.core import Room, Session, User
from littlechat.web.services import services


def is_htmx() -> bool:
    """Whether htmx sent the request, which takes a fragment rather than a page."""
    return request.headers.get("HX-Request") == "true"


def page(template: str, status: int = 200, **values: Any) -> Response:
    """Return a rendered template, with the session for its header, as a response."""
    return _html(services().renderer.page(template, **_shared(), **values), status)


def cached_page(
    template: str, key: Hashable, changing: Mapping[str, object], status: int = 200, **values: Any
) -> Response:
    """Return what `page` does, rendered again only when one of `values` has changed.

    `key` names the page among those of one person; `changing` is different at every view.
    """
    session: Session = g.session
    html = services().renderer.page_cached(
        template, (session.user.id, key), changing, **_shared(), **values
    )
    return _html(html, status)


def _shared() -> dict[str, object]:
    """Return the values of every page: who looks, and what the installation is called."""
    served, session = services(), g.get("session")
    return {
        "session": session,
        "draft_key": draft_key(session.user) if session else "",
        "avatar_styles": served.avatar_styles.version,
        "installation": served.accounts.installation.name,
    }


def draft_key(user: User) -> str:
    """Return the key with which a person's browser seals what they have not sent.

    It is made anew for each page, of the installation's secret, and stored nowhere.
    """
    secret = services().settings.secret_key.encode()
    return b64encode(hmac.digest(secret, f"drafts {user.id}".encode(), "sha256")).decode()


def present_among(rooms: Iterable[Room]) -> frozenset[str]:
    """Return the names of those in the direct conversations among `rooms` who are online."""
    return services().realtime.presence.names & {name for room in rooms for name in room.people}


def fragment(html: str, status: int = 200) -> Response:
    """Return rendered HTML as a response."""
    return _html(html, status)


def _html(html: str, status: int) -> Response:
    return Response(html, status=status, content_type="text/html; charset=utf-8")


def go(path: str) -> ResponseReturnValue:
    """Redirect the browser to `path` with a GET; htmx gets a header to load the whole page."""
    if request_is_htmx():
        return Response("", status=200, headers={"HX-Redirect": path})
    return redirect(path, HTTPStatus.SEE_OTHER)


def local_path(target: str) -> str | None:
    """Return `target` if it is a path on this site, else None."""
    # After one slash no scheme or host can follow. Browsers read a backslash as a slash and skip
    # tabs and newlines, so neither is allowed anywhere.
    path = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if path and target.isprintable() and len(target) <= 500 else None


async def form_text(name: str) -> str:
    """Return one form field as text, empty if it is absent."""
    return str((await request.form).get(name, ""))


def request_is_htmx() -> bool:
    """Whether htmx sent the request, where this may also be a socket's handshake."""
    return not has_websocket_context() and is_htmx()
