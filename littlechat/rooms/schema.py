"""The collections that `rooms` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

ROOMS = CollectionSpec(
    "rooms",
    Index("key", unique=True),
    Index("visibility"),
)
"""Rooms, direct conversations and the tombstones of deleted rooms."""

MEMBERSHIPS = CollectionSpec(
    "memberships",
    Index("room", "user", unique=True),
    Index("user"),
)
"""Who belongs where, and how far they have read."""

INVITATIONS = CollectionSpec(
    "invitations",
    Index("room"),
)
"""Open links into private rooms."""

BANS = CollectionSpec(
    "bans",
    Index("room", "user", unique=True),
)
"""Who may not come back into a room."""

COLLECTIONS = (
    ROOMS,
    MEMBERSHIPS,
    INVITATIONS,
    BANS,
)
