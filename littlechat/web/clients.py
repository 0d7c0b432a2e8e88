"""A client's address, as trusted proxies report it, and whether its cookie must be Secure."""

from ipaddress import IPv4Address, IPv6Network, ip_address

from quart import (
    request,
)

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


LOCALHOSTS = ("localhost", "127.0.0.1", "[::1]")


def session_cookie_is_secure() -> bool:
    """Whether the session cookie of this request is marked Secure.

    It is, unless COOKIE_SECURE says otherwise or the browser uses plain http on localhost: some
    browsers drop Secure cookies there.
    """
    choice = services().settings.cookie_secure
    if choice != "auto":
        return choice == "on"
    if request.is_secure:
        return True
    host = request.host
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name not in LOCALHOSTS
