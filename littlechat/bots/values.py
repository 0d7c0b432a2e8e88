"""A bot and its webhook."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from littlechat.core import User

MASK = "••••••"
"""Stands for the part of an address that is not shown."""

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
    by_id: str = ""
    """Whose address it is; empty for the maker of the bot."""

    @property
    def masked(self) -> str:
        """The address as it may be shown: its path and query may hold the receiver's key."""
        parts = urlsplit(self.url)
        secret = parts.path not in ("", "/") or parts.query
        return f"{parts.scheme}://{parts.netloc}/{MASK}" if secret else self.url


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
    ended_with: str = ""
    """Whose right ended, and with it the token or the webhook that this bot had; else empty."""

    @property
    def user(self) -> User:
        """The bot as a user: the author of its messages."""
        return User(self.id, self.name, self.created, bot=True)
