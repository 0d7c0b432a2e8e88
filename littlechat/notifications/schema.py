"""The collections that `notifications` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

SUBSCRIPTIONS = CollectionSpec(
    "subscriptions",
    Index("user"),
)
"""Browsers that get notifications."""

PREFERENCES = CollectionSpec("preferences")
"""Of what people are notified, and when not."""

INSTALLATION = CollectionSpec("installation")
"""The key that signs notifications: back it up."""

COLLECTIONS = (
    SUBSCRIPTIONS,
    PREFERENCES,
    INSTALLATION,
)
