"""Rooms, memberships and invitations, and the ids of new rooms."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from littlechat.core.limits import RESERVED_ROOM_IDS
from littlechat.core.messages import Position
from littlechat.core.names import new_id

Visibility = Literal["public", "private", "direct"]


Role = Literal["creator", "member"]


Level = Literal["everything", "mentions", "nothing"]
"""Which of a room's messages a member is notified of."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room or a direct conversation.

    `last_seq` and `last_at` are hints for lists and may lag behind; the messages are the truth.
    """

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
    """For a direct conversation, the usernames of its people, which never change; else empty."""
    last_unlisted: int = field(default=0, kw_only=True)

    @property
    def end(self) -> Position:
        """How far the room has come."""
        return Position(self.last_seq, self.last_unlisted)

    @property
    def is_private(self) -> bool:
        """Whether its existence is hidden from everybody but its members."""
        return self.visibility != "public"

    @property
    def is_direct(self) -> bool:
        """Whether it is a direct conversation, which has no name: lists show its people."""
        return self.visibility == "direct"

    def others(self, me: str) -> tuple[str, ...]:
        """Return the usernames of a direct conversation without `me`."""
        return tuple(name for name in self.people if name != me)

    def title(self, me: str) -> str:
        """Return the room's title for the person named `me`.

        A direct conversation is titled by its other people, so each of them sees another title.
        """
        if not self.is_direct:
            return self.name
        return ", ".join(self.others(me)) or f"{me} (you)"


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's membership in a room, which is the right to read and write there."""

    room_id: str
    user_id: str
    user_name: str
    role: Role
    joined: datetime
    read_seq: int = 0
    level: Level | None = None
    """None if the member's own default for all rooms applies."""
    bot: bool = field(default=False, kw_only=True)
    read_unlisted: int = field(default=0, kw_only=True)

    @property
    def read(self) -> Position:
        """How far they have read."""
        return Position(self.read_seq, self.read_unlisted)

    @property
    def may_manage(self) -> bool:
        """Whether this member may rename and delete the room, invite, and remove messages."""
        return self.role == "creator"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link into a room, by which whoever has it may join until it expires or is revoked.

    `id` is the digest of its token.
    """

    id: str
    room_id: str
    by_id: str
    by_name: str
    created: datetime
    expires: datetime
    token: str = field(default="", compare=False, kw_only=True)
    """Known only when it has just been made."""


def everyone_in(room_id: str) -> str:
    """Return the entry in `Message.addressed_to` that stands for all members of a room."""
    return f"all:{room_id}"


def room_id_for(name: str, visibility: Visibility) -> str:
    """Return an id: for a public room made of its name, for a private one random.

    A private room's name must not appear in URLs, which end up in logs and browser histories.
    """
    if visibility == "private":
        return new_id()
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return slug if slug and slug not in RESERVED_ROOM_IDS else new_id()
