"""What littlechat talks about: people, rooms, messages, and the rules that need only them.

Values are frozen and know nothing of storage, HTML or time; whatever comes from outside becomes one
of them through the `clean_*` functions or is refused with a sentence in `Invalid`.
"""

import re
import secrets
import unicodedata
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

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

Visibility = Literal["public", "private", "direct"]
Role = Literal["creator", "member"]
Standing = Literal["admin", "member"]
"""What somebody is in the installation; a `Role` is what they are in one room."""
Level = Literal["everything", "mentions", "nothing"]
"""Of what is said in a room, what somebody is notified of."""


class Invalid(Exception):
    """What a person sent breaks a rule; `errors` holds one sentence for each field at fault."""

    def __init__(self, **errors: str) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


class Refused(Exception):
    """The act is understood but not allowed here; the text is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account. `name` never changes, so it may be copied into messages."""

    id: str
    name: str
    created: datetime
    password_at: datetime | None = field(default=None, compare=False)
    """When the password was set that somebody just gave; None where nobody gave one."""
    standing: Standing = "member"
    disabled: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether they may do what `web/admin.py` offers, and manage the rooms they are in."""
        return self.standing == "admin"

    bot: bool = field(default=False, kw_only=True)
    """Whether a program speaks under this name, which nobody can sign in with."""


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser. `id` is the digest of its token; the token itself is never stored."""

    id: str
    user: User
    created: datetime
    seen: datetime
    agent: str
    address: str


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


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `seq` is its place in the room's one order; `version` counts its changes."""

    room_id: str
    seq: int
    author_id: str
    author_name: str
    body: str
    at: datetime
    version: int = 0
    edited: bool = False
    removed: bool = False
    mentions: tuple[str, ...] = ()
    """The usernames that its text means, and `all` or `here`, which means those online by name."""
    concerns: tuple[str, ...] = ()
    """Whom it is addressed to: the ids of those it names and answers, and `all_of` its room."""
    thread: int | None = None
    """For a reply: the seq of the message that began its thread."""
    shown: bool = True
    """False for a reply that stands in its thread alone."""
    quote: "Quote | None" = None
    replies: int = 0
    replied_at: datetime | None = None
    reactions: "tuple[Reaction, ...]" = ()
    files: "tuple[File, ...]" = ()
    bot: bool = field(default=False, kw_only=True)
    """Whether a program wrote it."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a reply shows of the message it answers: who wrote it, and its first line."""

    author_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji under a message, and the usernames of those who put it there, in their order."""

    emoji: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file with a message. `type` was found in its content; sizes are in bytes and pixels."""

    id: str
    name: str
    type: str
    size: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that has no place yet; what its fields mean, `Message` tells."""

    body: str
    client_id: str
    mentions: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()
    thread: int | None = None
    shown: bool = True
    quote: Quote | None = None
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """How far a page has seen a room: the last post, and the last numbered change to posts."""

    seq: int = 0
    change: int = 0

    def __str__(self) -> str:
        return f"c{self.seq}-{self.change}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Return the cursor that `text` spells, None for anything else."""
        match = re.fullmatch(r"c(\d{1,15})-(\d{1,15})", text, re.ASCII)
        return cls(int(match[1]), int(match[2])) if match else None

    def covers(self, other: "Cursor") -> bool:
        """Whether a page at this cursor has seen all that a page at `other` has."""
        return self.seq >= other.seq and self.change >= other.change


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of one room's messages, oldest first, and whether there is more on either side."""

    messages: list[Message] = field(default_factory=list)
    older: bool = False
    newer: bool = False


def all_of(room_id: str) -> str:
    """Return what stands among those a message concerns when it is addressed to the whole room."""
    return f"all:{room_id}"


def new_id() -> str:
    """Return an id that cannot be guessed: 15 characters of 75 random bits."""
    return b32encode(secrets.token_bytes(10)).decode().lower()[:15]


def fold(name: str) -> str:
    """Return the form under which two names count as the same, whatever their case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def room_id_for(name: str, visibility: Visibility) -> str:
    """Return a readable id for a public room, a meaningless one for a private room.

    A private room's name must not show in addresses, which end up in logs and histories.
    """
    if visibility == "private":
        return new_id()
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return slug if slug and slug not in RESERVED_ROOM_IDS else new_id()
