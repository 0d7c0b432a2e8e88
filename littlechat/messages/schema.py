"""The collections that `messages` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

MESSAGES = CollectionSpec(
    "messages",
    Index("room", "seq", unique=True),
    Index("author", "client_id", unique=True),
    # For the inbox. Most messages are addressed to nobody and have neither field.
    Index("concerns", "concerned_at", sparse=True),
    # The replies of a thread. Most messages are in none.
    Index("thread_of", sparse=True),
    # Messages whose change has no number yet, almost always none (changes.py).
    Index("room", "unnumbered", partialFilterExpression={"unnumbered": True}),
)
"""All messages. `concerns` is `Message.addressed_to`."""

CHANGES = CollectionSpec(
    "changes",
    Index("room", "n", unique=True),
)
"""The numbered changes of each room; each points at a message by its seq."""

COLLECTIONS = (
    MESSAGES,
    CHANGES,
)
