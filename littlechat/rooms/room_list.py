"""The entries of a user's list of rooms, with unread counts."""

from dataclasses import dataclass, field
from datetime import datetime

from littlechat.core import Membership, Position, Room


@dataclass(frozen=True, slots=True)
class RoomListEntry(Room):
    """A room that a user is in, as their lists show it."""

    joined: datetime | None = None
    read_seq: int = 0
    """The seq of the last message that they have read."""
    mentions: frozenset[int] = frozenset()
    """The seqs of the messages that are addressed to them, of those unread when this was loaded."""
    membership: Membership | None = field(default=None, compare=False)
    """Their membership as read with the list; `access` may have a newer one."""

    read_unlisted: int = field(default=0, kw_only=True)
    muted: bool = field(default=False, kw_only=True)
    """Whether they want to be told nothing of it: what is unread there is counted, quietly."""

    @property
    def read(self) -> Position:
        """How far they have read."""
        return Position(self.read_seq, self.read_unlisted)

    @property
    def unread(self) -> int:
        """How many messages that the room's list shows they have not read."""
        return max(0, self.end.listed - self.read.listed)

    @property
    def is_behind(self) -> bool:
        """Whether anything was said that they have not read, be it in a thread alone."""
        return self.last_seq > self.read_seq

    @property
    def unread_mentions(self) -> tuple[int, ...]:
        """The seqs of the messages that are addressed to them and unread."""
        return tuple(sorted(seq for seq in self.mentions if seq > self.read_seq))

    @property
    def unread_mention_count(self) -> int:
        """The number of unread messages that are addressed to them."""
        return len(self.unread_mentions)
