"""Which network addresses may be asked on a stranger's word: public ones, in no disguise; pure.

Whoever names an address to us must not reach through it what only we can reach: this machine, the
network it stands in, a cloud's own services.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_RELAYS = (ip_network("192.88.99.0/24"), ip_network("192.0.0.0/24"))
"""Public by the register, and yet no one machine's: relays, and what protocols reserve."""

_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is anybody's; whatever else there is, or comes, is refused."""

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64: an IPv4 address in the last 32 bits, as networks without IPv4 write it (RFC 6052)."""

_WRAPPED = (
    IPv6Network("2001::/23"),  # Teredo and others that carry an address within
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4, which carries an IPv4 address
    IPv6Network("3fff::/20"),  # documentation
)


def is_public(text: str) -> bool:
    """Whether `text` is an address, as a resolver returns it, that everybody can reach."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    return _is_public_6(address)


def is_public_host(host: str) -> bool:
    """Whether a host, as an address on the web has it, may be on the internet.

    Who connects to a name must ask `is_public` of what it stands for just then.
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
