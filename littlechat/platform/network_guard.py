"""Which addresses we may connect to on behalf of a user: public ones only. No I/O.

A user who enters a URL must not reach through it what only our machine can reach: itself, its
private network, a cloud provider's metadata service (server-side request forgery).
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_RELAYS = (ip_network("192.88.99.0/24"), ip_network("192.0.0.0/24"))
"""6to4 relays and IETF protocol assignments: `is_global` for Python, but not a single host."""

_UNICAST = IPv6Network("2000::/3")
"""The global unicast addresses of IPv6; all others are refused, also those assigned in future."""

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64, which has an IPv4 address in its last 32 bits (RFC 6052)."""

_WRAPPED = (
    IPv6Network("2001::/23"),  # Teredo, which contains an IPv4 address, and other protocols
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4, which contains an IPv4 address
    IPv6Network("3fff::/20"),  # documentation
)


def is_public(text: str) -> bool:
    """Whether `text` is an IP address, as a resolver returns it, on the public internet."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    return _is_public_6(address)


def is_public_host(host: str) -> bool:
    """Whether the host of a URL may be on the public internet, judged by its spelling alone.

    Before connecting, check every address that a name resolves to with `is_public`.
    """
    host = host.rstrip(".").lower()
    if ":" in host or host.rpartition(".")[2][:1].isdigit():
        return is_public(host)
    return "." in host and not host.endswith((".localhost", ".local", ".internal", ".arpa"))


def _is_public_4(address: IPv4Address) -> bool:
    odd = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not odd and not any(address in relay for relay in _RELAYS)


def _is_public_6(address: IPv6Address) -> bool:
    inner = address.ipv4_mapped
    if address in _TRANSLATED:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return _is_public_4(inner)
    wrapped = any(address in network for network in _WRAPPED)
    return address in _UNICAST and address.is_global and not wrapped
