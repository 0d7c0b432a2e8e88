"""A bot and its webhook."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from littlechat.core import User

When = Literal["mention", "message"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where messages are sent to a bot: those that mention it, or every one of its room."""

    url: str
    when: When
    origin: str
    """The address of this installation, for links to messages."""
    key: str
    """What its secret is derived from, together with the installation's; useless alone."""
    failures: int = 0
    """How many tries in a row have failed."""
    problem: str = ""
    """Why the last of them failed, as a sentence."""
    off: bool = False
    skipped: int = 0
    """How many messages were not queued, since too many waited already."""
    since: datetime | None = None
    """When it was set or switched on: earlier messages are not sent to it. None if an earlier
    version stored it, which kept no such time."""


@dataclass(frozen=True, slots=True)
class Bot:
    """A program that posts in one room."""

    id: str
    name: str
    room_id: str
    by_name: str
    created: datetime
    has_token: bool
    webhook: Webhook | None

    @property
    def user(self) -> User:
        """The bot as a user: the author of its messages."""
        return User(self.id, self.name, self.created, bot=True)
