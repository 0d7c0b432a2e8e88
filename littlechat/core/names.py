"""The normal form in which names are compared, and random ids."""

import secrets
import unicodedata
from base64 import b32encode


def new_id() -> str:
    """Return an unguessable id: 15 characters that hold 75 random bits."""
    return b32encode(secrets.token_bytes(10)).decode().lower()[:15]


def fold(name: str) -> str:
    """Return the form of a name for comparisons: two names with the same form are the same name.

    The form is case-folded NFKC. Folding can undo the normalization, so that it is done twice.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
