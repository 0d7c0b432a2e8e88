"""The numbered log of each room, and the numbered changes to it.

Owns `messages` and `changes`. Publishes nothing. It asks nobody's right: callers have found out who
may read and write. A number that readers could pass before it is stored would break every page.
"""

from littlechat.messages.documents import Decide, edited, emptied, gathered, quoted, reacted
from littlechat.messages.queries import BULK, Stored
from littlechat.messages.schema import COLLECTIONS
from littlechat.messages.store import PAGE_DEFAULT, Messages

__all__ = [
    "BULK",
    "COLLECTIONS",
    "PAGE_DEFAULT",
    "Decide",
    "Messages",
    "Stored",
    "edited",
    "emptied",
    "gathered",
    "quoted",
    "reacted",
]
