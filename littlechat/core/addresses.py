"""The names under which a site is found: of a Host header, and of its public address."""

import re
from urllib.parse import urlsplit

HOST_MAX = 253
HOST = re.compile(r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?")
"""A host in lower case, with a port if it has one: a name, or an address in digits."""

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def host_name(host: str) -> str:
    """Return a Host header's name, without its port."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def normal_host(text: str) -> str | None:
    """Return a host, with its port, in lower case; None if it is none."""
    host = text.strip().lower()
    if len(host) > HOST_MAX or not HOST.fullmatch(host):
        return None
    return host


def origin_of(text: str) -> str | None:
    """Return the origin of a site's address, as `https://chat.example`; None if it is none.

    An address with a path, a user or anything else besides is refused.
    """
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return None
    host = normal_host(parts.netloc)
    if parts.scheme not in DEFAULT_PORTS or host is None:
        return None
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return None
    return f"{parts.scheme}://{host.removesuffix(DEFAULT_PORTS[parts.scheme])}"
