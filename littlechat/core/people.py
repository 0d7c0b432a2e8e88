"""Users and their sessions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Standing = Literal["admin", "member"]
"""A user's role in the whole installation; a `Role` is a member's role in one room."""


@dataclass(frozen=True, slots=True)
class User:
    """An account of a person or a bot. `name` never changes, so it may be copied into messages."""

    id: str
    name: str
    created: datetime
    password_at: datetime | None = field(default=None, compare=False)
    """When the password was set, as read with this user. `Sessions.open` compares it with the
    stored time to see whether the password was changed meanwhile; None skips that check."""
    standing: Standing = "member"
    disabled: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether they may administer the installation and manage every room they are in."""
        return self.standing == "admin"

    bot: bool = field(default=False, kw_only=True)
    """Whether it is a bot's account, with which nobody can sign in."""


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser. `id` is the digest of its token, which itself is never stored.

    `agent` is the browser's User-Agent, `address` its IP address when it signed in.
    """

    id: str
    user: User
    created: datetime
    seen: datetime
    agent: str
    address: str
