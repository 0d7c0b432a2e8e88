"""The collections that `rooms` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

ROOMS = CollectionSpec(
    "rooms",
    Index("key", unique=True),
    # Of public rooms: skeletons of their names.
    Index("looks", unique=True, sparse=True),
    Index("visibility"),
)
"""Rooms, direct conversations and the tombstones of deleted rooms."""

MEMBERSHIPS = CollectionSpec(
    "memberships",
    Index("room", "user", unique=True),
    Index("user"),
)
"""Who is in which room, with read positions and notification levels."""

INVITATIONS = CollectionSpec(
    "invitations",
    Index("room"),
    Index("expires", expireAfterSeconds=0),
)
"""Invitation links, by the digest of their token."""

BANS = CollectionSpec(
    "bans",
    Index("room", "user", unique=True),
)
"""Who may not join which room."""

COLLECTIONS = (
    ROOMS,
    MEMBERSHIPS,
    INVITATIONS,
    BANS,
)
