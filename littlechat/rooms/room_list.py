"""The entries of a user's list of rooms, with unread counts."""

from dataclasses import dataclass, field
from datetime import datetime

from littlechat.core import Membership, Room


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

    @property
    def unread(self) -> int:
        """The number of messages that they have not read."""
        return max(0, self.last_seq - self.read_seq)

    @property
    def unread_mentions(self) -> tuple[int, ...]:
        """The seqs of the messages that are addressed to them and unread."""
        return tuple(sorted(seq for seq in self.mentions if seq > self.read_seq))

    @property
    def unread_mention_count(self) -> int:
        """The number of unread messages that are addressed to them."""
        return len(self.unread_mentions)
