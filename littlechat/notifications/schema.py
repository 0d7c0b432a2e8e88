"""The collections that `notifications` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

SUBSCRIPTIONS = CollectionSpec(
    "subscriptions",
    Index("user"),
)
"""Browsers that are notified."""

PREFERENCES = CollectionSpec("preferences")
"""What people are notified of, and in which hours not."""

INSTALLATION = CollectionSpec("installation")
"""The key that signs notifications: back it up."""

COLLECTIONS = (
    SUBSCRIPTIONS,
    PREFERENCES,
    INSTALLATION,
)
