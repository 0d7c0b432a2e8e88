"""The collections that `accounts` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

USERS = CollectionSpec(
    "users",
    Index("key", unique=True),
    Index("search_key"),
    # Skeletons: of what an earlier version stored, both of two that look alike stay.
    Index("looks", unique=True, sparse=True),
    Index("display_key", sparse=True),
    Index("display_looks", sparse=True),
    Index("faced", sparse=True),
    Index("standing", sparse=True),
)
"""People and bots by id: names, password hashes, standing, profiles."""

SESSIONS = CollectionSpec(
    "sessions",
    Index("user"),
    Index("expires", expireAfterSeconds=0),
)
"""Signed-in browsers, by the digest of their token."""

ENDED_SESSIONS = CollectionSpec(
    "endings",
    Index("expires", expireAfterSeconds=0),
)
"""Sessions that ended because their account was disabled, so that the browser can show why."""

ONE_TIME_LINKS = CollectionSpec(
    "passes",
    Index("user"),
    Index("kind"),
    Index("by"),
    Index("expires", expireAfterSeconds=0),
)
"""One-time links, by the digest of their token."""

SETTINGS = CollectionSpec("settings")
"""Single documents: the administrators, the registration mode, the head of the audit log."""

AUDIT = CollectionSpec("audit")
"""The entries of the audit log, by number."""

AVATARS = CollectionSpec(
    "avatars",
    Index("user"),
)
"""Avatars, by digest."""

COLLECTIONS = (
    USERS,
    SESSIONS,
    ENDED_SESSIONS,
    ONE_TIME_LINKS,
    SETTINGS,
    AUDIT,
    AVATARS,
)
