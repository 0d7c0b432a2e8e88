"""The bounds of what may be sent and kept, and the fixed words that stand among it."""

from datetime import UTC, datetime, timedelta

NAME_MIN, NAME_MAX = 2, 32


NAME_READ_MAX = 200
"""Normalizing takes time squared in a run of combining marks; no name is this long."""


PASSWORD_MIN, PASSWORD_MAX = 8, 1024


ROOM_NAME_MAX = 60


DESCRIPTION_MAX = 300


BODY_MAX = 8_000


CLIENT_ID_MAX = 64


ROOM_ID_MAX = 60


SEQ_MAX = 10**15


LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Before anything that is kept: where a range of times begins, or what was never done."""


SEEN_EVERY = timedelta(minutes=5)
"""How precisely a last visit is kept: a visit costs a read, rarely a write."""


REACTIONS_MAX = 20
"""Different emoji under one message."""


DIRECT_MAX = 9
"""People in a direct conversation, oneself among them; more are a room."""


DIRECTS_SHOWN = 20
"""Direct conversations in the sidebar: the latest."""


NO_PASSWORD = "-"  # noqa: S105 - what no password ever hashes to
"""Stands for the password of an account that has none: a bot, or somebody not yet let in."""


LOBBY = "lobby"
"""The id of the room that every installation starts with."""


DELETED = "deleted"
"""The visibility of what is left of a deleted room."""


CLEARED = "cleared"
"""The same, once nothing of what was said there is left."""


GONE = (DELETED, CLEARED)


RESERVED_ROOM_IDS = frozenset({"new"})
"""Words that stand where a room's id stands in an address."""


RESERVED_NAMES = frozenset({"all", "here", "everyone", "channel"})
"""Words that stand for a whole room where a person's name stands after an @."""
