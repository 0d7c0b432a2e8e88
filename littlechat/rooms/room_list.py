"""A room as one of its members sees it in a list: what they have read of it, what concerns them."""

from dataclasses import dataclass, field
from datetime import datetime

from littlechat.core import Membership, Room


@dataclass(frozen=True, slots=True)
class RoomListEntry(Room):
    """A room that somebody is in, as their own lists show it."""

    joined: datetime | None = None
    read_seq: int = 0
    """How far they have read; the first one after it is where they go on."""
    mentions: frozenset[int] = frozenset()
    """The seqs of those messages, after `read_seq` when it was loaded, that concern them."""
    membership: Membership | None = field(default=None, compare=False)
    """Their place there as it was read with the list: `access` may know better since."""

    @property
    def unread(self) -> int:
        """How many messages they have not read."""
        return max(0, self.last_seq - self.read_seq)

    @property
    def unread_mentions(self) -> tuple[int, ...]:
        """The seqs of the messages that concern them and that they have not read."""
        return tuple(sorted(seq for seq in self.mentions if seq > self.read_seq))

    @property
    def unread_mention_count(self) -> int:
        """How many those are."""
        return len(self.unread_mentions)
