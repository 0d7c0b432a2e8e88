"""Which network addresses are on the internet: what strangers name must lead nowhere else; pure."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

NAT64 = IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Whether an address is anybody's to reach: not this machine, not its network, not a group."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        # On its way it is translated: what counts is where that leads.
        address = _inner(address) or address
    return address.is_global and not (address.is_multicast or address.is_reserved)


def is_public_host(host: str) -> bool:
    """Whether a host, as an address on the web has it, may be on the internet.

    Who connects to a name must ask `is_public` of what it stands for just then.
    """
    host = host.rstrip(".").lower()
    if ":" in host or host.rpartition(".")[2][:1].isdigit():
        return is_public(host)
    return "." in host and not host.endswith((".localhost", ".local", ".internal", ".arpa"))


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
