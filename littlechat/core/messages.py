"""Messages and what belongs to them, and the cursor that says how far a page has seen a room."""

import re
from dataclasses import dataclass, field
from datetime import datetime


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
    moves: bool = False
    """Whether it is a picture of several frames."""


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
