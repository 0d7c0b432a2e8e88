"""When two names count as the same, and ids that nobody can guess."""

import secrets
import unicodedata
from base64 import b32encode


def new_id() -> str:
    """Return an id that cannot be guessed: 15 characters of 75 random bits."""
    return b32encode(secrets.token_bytes(10)).decode().lower()[:15]


def fold(name: str) -> str:
    """Return the form under which two names count as the same, whatever their case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
