"""messages."""

from littlechat.messages.documents import Decide, edited, emptied, gathered, quoted, reacted
from littlechat.messages.queries import BULK, Stored
from littlechat.messages.schema import COLLECTIONS
from littlechat.messages.store import PAGE_DEFAULT, Messages

__all__ = [
    "BULK",
    "COLLECTIONS",
    "Decide",
    "Messages",
    "PAGE_DEFAULT",
    "Stored",
    "edited",
    "emptied",
    "gathered",
    "quoted",
    "reacted",
]
