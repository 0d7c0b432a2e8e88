"""The token with which the first account is made from another machine.

It is made of the secret key, so that all processes have the same one, it outlives a restart, and
nothing is stored.
"""

import hashlib
import hmac

PURPOSE = b"littlechat: the first account"


def setup_token(secret_key: str) -> str:
    """Return the token that the start prints, as long as there is no account."""
    return hmac.new(secret_key.encode(), PURPOSE, hashlib.sha256).hexdigest()[:32]


def is_setup_token(given: str, secret_key: str) -> bool:
    """Whether somebody was shown what the start printed."""
    return hmac.compare_digest(given.encode(), setup_token(secret_key).encode())
