"""The collections that `bots` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

BOTS = CollectionSpec(
    "bots",
    Index("room"),
    Index("digest", unique=True),
)
"""Bots: where they speak, the digests of their tokens, their webhooks."""

DELIVERIES = CollectionSpec(
    "deliveries",
    # A delivery that is over has no `due` any more.
    Index("due", sparse=True),
    Index("bot", "due"),
    Index("expires"),
)
"""What webhooks are still to be told."""

COLLECTIONS = (
    BOTS,
    DELIVERIES,
)
