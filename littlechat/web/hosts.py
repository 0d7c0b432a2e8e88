"""Under which names the site is served, and the address of which links are made.

A page on a name that somebody else bound to our address (DNS rebinding) is of our own origin for
its browser: only the name in the Host header tells. Served are localhost, the address that the
connection came to, and the public address. That is what `PUBLIC_URL` or `ALLOWED_HOSTS` say or,
without them, the one by which the first administrator came with the token that the start printed.
"""

import logging
import time
from typing import Any

from quart import has_websocket_context, request, websocket
from werkzeug.datastructures import Headers
from werkzeug.exceptions import Forbidden, HTTPException

from littlechat.accounts import is_setup_token
from littlechat.core import DEFAULT_PORTS, Session, User, host_name, normal_host, origin_of
from littlechat.platform import Unavailable, is_loopback
from littlechat.web.guards import find_session
from littlechat.web.proxies import FORWARDED, NGINX_HOST, came_by_https, changed_host, is_due
from littlechat.web.services import services

FOR_EVERY_NAME = ("/healthz", "/readyz")
"""What supervises the process may ask by any name."""

STATIC = "/static/"
"""The same for everybody, and the first page needs it before its name is known."""

READ_AGAIN_SECONDS = 1.0
"""How often an unknown name makes this process read the public address again: another process may
have settled it a moment ago."""

ONLY_WITH_IT = (
    "Nobody has an account here yet. The first one is made on the machine itself, at localhost, or "
    "by the address with a token that littlechat printed when it started: it has the form "
    "/setup?token=… and stands in the log."
)


HOST_SHOWN_MAX = 100

log = logging.getLogger(__name__)


class UnknownName(HTTPException):
    """The Host header names another site."""

    code = 421

    def __init__(self, headers: Headers) -> None:
        host = headers.get("Host", "")[:HOST_SHOWN_MAX]
        super().__init__(f"littlechat does not answer to the name “{host}”.")
        self.cause = changed_host(headers) or (
            "If people are to reach it by this name: set PUBLIC_URL to the address that they open, "
            "or let an administrator enter it under Administration, Registration. Before there is "
            "an account, open /setup?token=… as littlechat printed it when it started. If it is "
            "not what people open, a proxy in front changes it: let it pass Host on, in nginx with "
            f"“{NGINX_HOST}”."
        )


class NeedsToken(Forbidden):
    """Only who started littlechat may make the first account."""

    def __init__(self) -> None:
        super().__init__(ONLY_WITH_IT)


async def require_known_name() -> None:
    """Refuse a request or a socket by a name that is not ours."""
    connection = _connection()
    path = connection.path
    if path in FOR_EVERY_NAME or path.startswith(STATIC) or _is_known(connection):
        return
    if services().accounts.installation.address is None and not is_settled_by_environment():
        await _settle_for_older_version()
        return
    if await _is_first_with_token() or await _is_settled_meanwhile(connection):
        return
    if is_due("name"):
        log.warning(
            "refused: a name that is not ours",
            extra={"host": connection.headers.get("Host", "")[:HOST_SHOWN_MAX]},
        )
    raise UnknownName(connection.headers)


def _connection() -> Any:
    return websocket if has_websocket_context() else request


def _is_known(connection: Any) -> bool:
    host = normal_host(connection.headers.get("Host", ""))
    if host is None:
        return False
    return _is_own(connection, host) or host_name(host) in _public_names()


def _is_own(connection: Any, host: str) -> bool:
    """Whether a host is localhost, or the very address that this connection came to."""
    name = host_name(host).strip("[]")
    server, _ = connection.scope.get("server") or ("", 0)
    # A socket for both families shows an IPv4 address inside an IPv6 one.
    here = str(server).removeprefix("::ffff:")
    return is_loopback(name) or name in (here, services().settings.host)


def _public_names() -> set[str]:
    settings, installation = services().settings, services().accounts.installation
    hosts = [host_name(host) for host in settings.allowed_hosts]
    if settings.public_url:
        hosts.append(_name_in(settings.public_url))
    elif installation.address and not hosts:
        hosts.append(_name_in(installation.address))
    return set(hosts)


def _name_in(origin: str) -> str:
    return host_name(origin.partition("://")[2])


async def _is_settled_meanwhile(connection: Any) -> bool:
    read, moment = services().names_read, time.monotonic()
    if moment - read.get("address", -READ_AGAIN_SECONDS) < READ_AGAIN_SECONDS:
        return False
    read["address"] = moment
    try:
        await services().accounts.installation.load()
    except Unavailable:
        return False
    return _is_known(connection)


# The first account


def brought_token() -> str:
    """Return the token of this request, empty if it has none or a wrong one."""
    given = str(_connection().args.get("token", ""))
    return given if is_setup_token(given, services().settings.secret_key) else ""


async def _is_first_with_token() -> bool:
    if _connection().path != "/setup" or not brought_token():
        return False
    return not await services().accounts.roles.are_given()


async def require_first_right() -> None:
    """Let the first account be made on this machine, or with the token; others may come later."""
    if brought_token() or _came_from_this_machine():
        return
    if not await services().accounts.roles.are_given():
        raise NeedsToken


def _came_from_this_machine() -> bool:
    # A proxy on this machine that we were not told of gives everybody its own address.
    unbelieved = services().settings.proxy_hops == 0 and any(
        name in request.headers for name in FORWARDED
    )
    name = host_name(request.headers.get("Host", "")).strip("[]")
    return is_loopback(request.remote_addr or "") and is_loopback(name) and not unbelieved


async def settle_address(user: User) -> None:
    """Keep the address by which the first administrator came, if nothing else names it."""
    origin = _origin_of_request()
    if brought_token() and origin and not is_settled_by_environment():
        await services().actions.administration.settle_address(user, origin)


def is_settled_by_environment() -> bool:
    """Whether the settings name the public address, so that nobody changes it in the page."""
    return bool(services().settings.public_url or services().settings.allowed_hosts)


async def _settle_for_older_version() -> None:
    """Take the address by which an administrator comes who is signed in there already."""
    if has_websocket_context():
        return
    try:
        session: Session | None = await find_session()
        origin = _origin_of_request()
        if session and session.user.is_admin and origin:
            await services().actions.administration.settle_address(session.user, origin)
    except Unavailable:
        pass  # The next request tries again.


def _origin_of_request() -> str | None:
    https = came_by_https(request.headers, request.scheme)
    return origin_of(f"{'https' if https else 'http'}://{request.host}")


# Links


def site_origin() -> str:
    """Return the public address, for links that people get; without one, our own address."""
    settings, address = services().settings, services().accounts.installation.address
    if settings.public_url:
        return settings.public_url
    if settings.allowed_hosts:
        host = settings.allowed_hosts[0]
        return f"{'http' if is_loopback(host_name(host).strip('[]')) else 'https'}://{host}"
    if address is None:
        return _origin_of_request() or ""
    return address or _own_origin()


def _own_origin() -> str:
    """Return where this connection came to. A header may choose among our own names, no more.

    Behind a proxy that is believed, the port is what the browser asked the proxy for.
    """
    host = normal_host(request.headers.get("Host", "")) or ""
    is_own, scheme = _is_own(request, host), "https" if request.is_secure else "http"
    if is_own and services().settings.proxy_hops:
        return f"{scheme}://{host}".removesuffix(DEFAULT_PORTS[scheme])
    name = host_name(host) if is_own else "localhost"
    _, port = request.scope.get("server") or ("", services().settings.port)
    return f"{scheme}://{name}:{port}".removesuffix(DEFAULT_PORTS[scheme])
