"""Messages with their quotes, reactions and files, and the cursor into a room's messages."""

import re
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `seq` is its number in the room, from 1; `version` counts its changes."""

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
    """The usernames that its text mentions, and `all` or `here`; with `here` also the usernames of
    those who were online."""
    addressed_to: tuple[str, ...] = ()
    """The ids of the users that it mentions or replies to; `everyone_in(room_id)` for `@all`."""
    thread: int | None = None
    """For a reply, the seq of the root message of its thread."""
    shown: bool = True
    """False for a reply that only its thread shows, not the room's list."""
    quote: "Quote | None" = None
    replies: int = 0
    replied_at: datetime | None = None
    reactions: "tuple[Reaction, ...]" = ()
    files: "tuple[File, ...]" = ()
    bot: bool = field(default=False, kw_only=True)
    """Whether a bot wrote it."""
    unlisted: int = field(default=0, kw_only=True)
    """How many messages of its room, up to and with this one, stand in their threads alone."""

    @property
    def position(self) -> "Position":
        """How far somebody is who has read it and all before it."""
        return Position(self.seq, self.unlisted)


@dataclass(frozen=True, slots=True)
class Quote:
    """The part of a message that a reply to it shows: the author's name and the first line."""

    author_name: str
    text: str
    version: int = field(default=0, compare=False)
    """Of the message that says so."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji and the usernames of those who reacted with it, the earliest first."""

    emoji: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file attached to a message. `type` is the media type found in its content.

    `size` is in bytes; `width` and `height` are in pixels, None unless it is a picture.
    """

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
    """A message that has no `seq` yet. The fields mean the same as those of `Message`."""

    body: str
    client_id: str
    mentions: tuple[str, ...] = ()
    addressed_to: tuple[str, ...] = ()
    thread: int | None = None
    shown: bool = True
    quote: Quote | None = None
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a room: a message's number, and how many up to it stand in their threads alone.

    Both only grow along a room, so what lies between two places in the room's own list is counted
    without reading it.
    """

    seq: int = 0
    unlisted: int = 0

    @property
    def listed(self) -> int:
        """How many messages the room's list shows up to here."""
        return self.seq - self.unlisted

    def furthest(self, other: "Position") -> "Position":
        """Return the further one of two places in the same room."""
        return Position(max(self.seq, other.seq), max(self.unlisted, other.unlisted))


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """How far a page is up to date with a room: its last message and its last numbered change."""

    seq: int = 0
    change: int = 0

    def __str__(self) -> str:
        return f"c{self.seq}-{self.change}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Return the cursor that `str` wrote as `text`, None if `text` is not a cursor."""
        match = re.fullmatch(r"c(\d{1,15})-(\d{1,15})", text, re.ASCII)
        return cls(int(match[1]), int(match[2])) if match else None

    def covers(self, other: "Cursor") -> bool:
        """Whether a page at this cursor has everything that a page at `other` has."""
        return self.seq >= other.seq and self.change >= other.change


@dataclass(frozen=True, slots=True)
class Page:
    """Consecutive messages of one room, oldest first, and whether there are older or newer ones."""

    messages: list[Message] = field(default_factory=list)
    older: bool = False
    newer: bool = False
