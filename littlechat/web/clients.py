"""Where a request came from, as far as trusted proxies tell, and how its cookie is marked."""

from ipaddress import IPv4Address, IPv6Network, ip_address

from quart import (
    request,
)

from littlechat.web.services import services


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
