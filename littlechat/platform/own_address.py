"""By which address other machines reach this one, found out without sending anything."""

import socket
from ipaddress import ip_address
from pathlib import Path

EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - named, not listened on
"""The hosts that mean all of a machine's addresses."""

ELSEWHERE = (
    (socket.AF_INET, ("192.0.2.1", 9)),
    (socket.AF_INET6, ("2001:db8::1", 9)),
)
"""Addresses for documentation (RFC 5737, RFC 3849): nobody is there, and nothing is sent."""

CONTAINER_SIGNS = (Path("/.dockerenv"), Path("/run/.containerenv"))


def lan_address() -> str | None:
    """Return the address from which this machine would speak to others; None without a network."""
    for family, elsewhere in ELSEWHERE:
        try:
            # Connecting a datagram socket only chooses the way.
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect(elsewhere)
                address = str(probe.getsockname()[0])
        except OSError:
            continue
        if not is_loopback(address):
            return address
    return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_container() -> bool:
    """Whether we run in a container, whose own address may be known inside alone."""
    return any(sign.exists() for sign in CONTAINER_SIGNS)
