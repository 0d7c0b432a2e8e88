"""Limits on input, in characters unless a comment says otherwise, and reserved values."""

from datetime import UTC, datetime, timedelta

NAME_MIN, NAME_MAX = 2, 32


NAME_READ_MAX = 200
"""Characters of a name that are looked up at most. Unicode normalization takes quadratic time in a
run of combining marks, and no stored name is this long."""


PASSWORD_MIN, PASSWORD_MAX = 8, 1024


ROOM_NAME_MAX = 60


DESCRIPTION_MAX = 300


SEARCH_MAX = 100
"""Characters by which a room or a person is looked for: more than any name has."""


BODY_MAX = 8_000


CLIENT_ID_MAX = 64


ROOM_ID_MAX = 60


SEQ_MAX = 10**15


LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Earlier than any stored time: the lower end of a range of times, or a stand-in for "never"."""


LAST_SEEN_INTERVAL = timedelta(minutes=5)
"""A last visit is stored at most this often, so that most requests cause no write."""


REACTIONS_MAX = 20
"""Different emoji with which one message can be reacted to."""


DIRECT_MAX = 9
"""People in a direct conversation, including the one who opens it; more need a room."""


DIRECTS_SHOWN = 20
"""Direct conversations in the sidebar, those with the latest activity."""


NO_PASSWORD = "-"  # noqa: S105 - not a password: no hash ever equals it
"""Stored in place of a hash for an account without a password: a bot's, or one whose owner has not
set it yet."""


LOBBY = "lobby"
"""The id of the room that every installation starts with."""


DELETED = "deleted"
"""The visibility of the tombstone of a deleted room whose messages are still being deleted."""


CLEARED = "cleared"
"""The visibility of a tombstone once all messages of its room are deleted."""


TOMBSTONE_VISIBILITIES = (DELETED, CLEARED)


RESERVED_ROOM_IDS = frozenset({"new"})
"""Words that would collide with other routes below `/rooms/`."""


RESERVED_NAMES = frozenset({"all", "here", "everyone", "channel"})
"""Names nobody may register: after an @ they address a whole room."""
