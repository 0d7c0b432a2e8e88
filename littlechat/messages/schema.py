"""The collections that `messages` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

MESSAGES = CollectionSpec(
    "messages",
    Index("room", "seq", unique=True),
    Index("author", "client_id", unique=True),
    # Whom a message concerns: the inbox. Most concern nobody in particular, and have neither.
    Index("concerns", "concerned_at", sparse=True),
    # The replies to a message. Most messages are none.
    Index("thread_of", sparse=True),
    # Messages whose change is not numbered yet: almost always none (changes.py).
    Index("room", "unnumbered", partialFilterExpression={"unnumbered": True}),
)
"""Every message, in its room at its number."""

CHANGES = CollectionSpec(
    "changes",
    Index("room", "n", unique=True),
)
"""The numbered changes of each room, which point at messages."""

COLLECTIONS = (
    MESSAGES,
    CHANGES,
)
