"""Rooms, memberships and invitations, and how a room gets its id."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from littlechat.core.limits import RESERVED_ROOM_IDS
from littlechat.core.names import new_id

Visibility = Literal["public", "private", "direct"]


Role = Literal["creator", "member"]


Level = Literal["everything", "mentions", "nothing"]
"""Of what is said in a room, what somebody is notified of."""


@dataclass(frozen=True, slots=True)
class Room:
    """A place to talk. `last_seq` and `last_at` are hints for lists; messages hold the truth."""

    id: str
    name: str
    description: str
    visibility: Visibility
    creator_id: str | None
    created: datetime
    members: int = 0
    last_seq: int = 0
    last_at: datetime | None = None
    people: tuple[str, ...] = ()
    """Of a direct conversation: the usernames of all who are in it, for ever."""

    @property
    def is_private(self) -> bool:
        """Whether nobody but its members may know of it."""
        return self.visibility != "public"

    @property
    def is_direct(self) -> bool:
        """Whether it is a direct conversation: its people are what it is called."""
        return self.visibility == "direct"

    def others(self, me: str) -> tuple[str, ...]:
        """Return the people of a direct conversation but for the one named `me`."""
        return tuple(name for name in self.people if name != me)

    def title(self, me: str) -> str:
        """Return what the person named `me` calls it; others call a conversation otherwise."""
        if not self.is_direct:
            return self.name
        return ", ".join(self.others(me)) or f"{me} (you)"


@dataclass(frozen=True, slots=True)
class Membership:
    """One person's place in one room; holding one is the right to read and write there."""

    room_id: str
    user_id: str
    user_name: str
    role: Role
    joined: datetime
    read_seq: int = 0
    level: Level | None = None
    """None: what the person has chosen for all rooms."""
    bot: bool = field(default=False, kw_only=True)

    @property
    def may_manage(self) -> bool:
        """Whether this member may rename, invite for, clear up in and delete the room."""
        return self.role == "creator"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link into a private room; whoever holds `token` may join until it is revoked."""

    token: str
    room_id: str
    by_id: str
    by_name: str
    created: datetime


def all_of(room_id: str) -> str:
    """Return what stands among those a message concerns when it is addressed to the whole room."""
    return f"all:{room_id}"


def room_id_for(name: str, visibility: Visibility) -> str:
    """Return a readable id for a public room, a meaningless one for a private room.

    A private room's name must not show in addresses, which end up in logs and histories.
    """
    if visibility == "private":
        return new_id()
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return slug if slug and slug not in RESERVED_ROOM_IDS else new_id()
