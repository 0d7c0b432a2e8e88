"""The collections that `bots` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

BOTS = CollectionSpec(
    "bots",
    Index("room"),
    Index("digest", unique=True),
)
"""Bots: their rooms, the digests of their tokens, their webhooks."""

DELIVERIES = CollectionSpec(
    "deliveries",
    # A delivery that is done has no `due` any more.
    Index("due", sparse=True),
    Index("bot", "due"),
    Index("expires"),
)
"""Messages to be sent to webhooks."""

COLLECTIONS = (
    BOTS,
    DELIVERIES,
)
