"""The numbered log of each room's messages, and the numbered changes to them.

Owns `messages` and `changes`. Publishes nothing. It does not check access: callers must do that. A
number must never become visible before its message is stored, or readers would skip it for good.
"""

from littlechat.messages.mutations import (
    Mutation,
    edited,
    emptied,
    reacted,
    replies_counted,
)
from littlechat.messages.queries import BULK_NUMBERS, MessageBatch, StoredMessage
from littlechat.messages.schema import COLLECTIONS
from littlechat.messages.store import PAGE_DEFAULT, Messages

__all__ = [
    "BULK_NUMBERS",
    "COLLECTIONS",
    "PAGE_DEFAULT",
    "MessageBatch",
    "Messages",
    "Mutation",
    "StoredMessage",
    "edited",
    "emptied",
    "reacted",
    "replies_counted",
]
