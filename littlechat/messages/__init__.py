"""The numbered log of each room's messages, and the numbered changes to them.

Owns `messages` and `changes`. Publishes nothing. It does not check access: callers must do that. A
number must never become visible before its message is stored, or readers would skip it for good.
"""

from littlechat.messages.mutations import (
    Mutation,
    edited,
    emptied,
    quoted,
    reacted,
    replies_counted,
)
from littlechat.messages.queries import BULK_NUMBERS, StoredMessage
from littlechat.messages.schema import COLLECTIONS
from littlechat.messages.store import PAGE_DEFAULT, Messages

__all__ = [
    "BULK_NUMBERS",
    "COLLECTIONS",
    "PAGE_DEFAULT",
    "Messages",
    "Mutation",
    "StoredMessage",
    "edited",
    "emptied",
    "quoted",
    "reacted",
    "replies_counted",
]
