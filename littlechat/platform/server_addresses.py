"""The addresses of servers that a setting holds with a user and a password in them.

A password that was not percent-encoded is cut by whoever reads the address, and then a part of it
passes for a host or a port. Such an address is refused before anything connects or prints.
"""

import re

CHARACTERS = r"(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
CREDENTIALS = re.compile(f"{CHARACTERS}(:{CHARACTERS})?", re.ASCII)
"""A user and a password as RFC 3986 lets them stand in an address."""

REMEDY = (
    "percent-encode what is neither a letter nor a digit in its user and password "
    "(@ is %40, : is %3A, / is %2F, ? is %3F, # is %23, % is %25)"
)


def has_readable_credentials(uri: str) -> bool:
    """Whether everybody reads the same user, password and host in an address, or none."""
    rest = uri.partition("://")[2]
    authority = re.split(r"[/?]", rest)[0]
    credentials = authority.rpartition("@")[0]
    return "@" not in rest[len(authority) :] and CREDENTIALS.fullmatch(credentials) is not None


def hosts_of(uri: str) -> str:
    """Return the hosts of an address, without its user and password, to be shown."""
    # From the last @ of all, so that no password, however written, leaves a part of it here.
    rest = uri.partition("://")[2].rpartition("@")[2]
    return re.split(r"[/?#]", rest)[0]
