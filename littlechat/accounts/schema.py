"""The collections that `accounts` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

USERS = CollectionSpec(
    "users",
    Index("key", unique=True),
    Index("search_key"),
    Index("display_key", sparse=True),
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

ENDINGS = CollectionSpec(
    "endings",
    Index("expires", expireAfterSeconds=0),
)
"""Sessions that an administrator ended, so that their browsers can be told."""

PASSES = CollectionSpec(
    "passes",
    Index("user"),
    Index("kind"),
    Index("expires", expireAfterSeconds=0),
)
"""One-time links, by the digest of their token."""

SETTINGS = CollectionSpec("settings")
"""The installation’s choices: who administers it, how one registers, how far the audit log is."""

AUDIT = CollectionSpec("audit")
"""What administrators and room managers did."""

AVATARS = CollectionSpec(
    "avatars",
    Index("user"),
)
"""Small pictures of people."""

COLLECTIONS = (
    USERS,
    SESSIONS,
    ENDINGS,
    PASSES,
    SETTINGS,
    AUDIT,
    AVATARS,
)
