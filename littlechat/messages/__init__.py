"""messages."""

from littlechat.messages.documents import (
    Decide,
    edited,
    emptied,
    from_document,
    gathered,
    quoted,
    reacted,
)
from littlechat.messages.store import PAGE_DEFAULT, Messages

__all__ = [
    "Decide",
    "Messages",
    "PAGE_DEFAULT",
    "edited",
    "emptied",
    "from_document",
    "gathered",
    "quoted",
    "reacted",
]
