"""People with accounts, and the browsers in which they are signed in."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Standing = Literal["admin", "member"]
"""What somebody is in the installation; a `Role` is what they are in one room."""


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
