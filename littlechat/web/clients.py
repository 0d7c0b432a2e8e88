"""A client's address, as trusted proxies report it, and whether its cookie must be Secure."""

from ipaddress import IPv4Address, IPv6Network, ip_address

from quart import has_websocket_context, request, websocket

from littlechat.core import host_name
from littlechat.web.proxies import LOCALHOSTS, came_by_https, came_by_plain_http
from littlechat.web.services import services


def client_address() -> str:
    """Return the address of the client, as the trusted proxies report it."""
    return request.remote_addr or "unknown"


def client_network() -> str:
    """Return what rate limits count by: the address, or for IPv6 the /64 that one client has."""
    try:
        address = ip_address(client_address())
    except ValueError:
        return client_address()  # Some other name that a proxy gave.
    if isinstance(address, IPv4Address) or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", address))
    return str(IPv6Network((int(address), 64), strict=False))


def session_cookie_is_secure() -> bool:
    """Whether the session cookie of this request or socket is marked Secure.

    It is, unless COOKIE_SECURE says otherwise or the browser uses plain http on localhost: some
    browsers drop Secure cookies there.
    """
    choice = services().settings.cookie_secure
    if choice != "auto":
        return choice == "on"
    connection = websocket if has_websocket_context() else request
    if connection.scheme in ("https", "wss"):
        return True
    return host_name(connection.host) not in LOCALHOSTS


def cookie_will_not_stick() -> bool:
    """Whether the browser would drop the session cookie, as far as a page's request tells.

    Browsers drop Secure cookies that come over plain http, many of them except on localhost.
    """
    return session_cookie_is_secure() and not came_by_https(request.headers, request.scheme)


def cookie_certainly_will_not_stick() -> bool:
    """Whether the browser that sent this form would drop the session cookie."""
    plain = came_by_plain_http(request.headers, request.scheme)
    return plain and cookie_will_not_stick() and host_name(request.host) not in LOCALHOSTS
