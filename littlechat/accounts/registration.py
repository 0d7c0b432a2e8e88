"""Who may come in: open, by invitation or closed; and the links that let one person in once.

Of a link's token only the digest is stored: what is read from the database opens nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from littlechat.accounts.schema import PASSES, SETTINGS
from littlechat.core import Invalid, Refused, User
from littlechat.platform import (
    Database,
    Document,
    Duplicate,
    Missing,
    now,
)

Mode = Literal["open", "invitation", "closed"]

MODES: tuple[Mode, ...] = ("open", "invitation", "closed")
REGISTRATION = "registration"

LINK_LIFE = timedelta(hours=24)
"""How long a link to set a password works."""

DAYS_MAX, DAYS_DEFAULT = 90, 7
USES_MAX, USES_DEFAULT = 1_000, 1
LISTED_MAX = 200

CLOSED = "Registration is closed here. An administrator can make you an account."
INVITED_ONLY = "Registration is by invitation here. Ask an administrator for a link."
SPENT = "This invitation has been used up or has run out. Ask for a new one."


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """An invitation to register, as administrators see it: `id` is its digest, not its token."""

    id: str
    by_name: str
    created: datetime
    expires: datetime
    uses: int


def validate_mode(raw: str) -> Mode:
    """Return a mode of registration; raise `Invalid`."""
    for mode in MODES:
        if raw == mode:
            return mode
    raise Invalid(mode="Registration is open, by invitation or closed.")


class Registration:
    """The store of the mode and of the links."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def mode(self) -> Mode:
        """Return who may register; asked anew each time, so it holds everywhere at once."""
        document = await self._db[SETTINGS].find_one({"_id": REGISTRATION})
        return validate_mode(str(document["mode"])) if document else "open"

    async def set_mode(self, mode: Mode) -> None:
        """Set who may register."""
        if not await self._db[SETTINGS].update({"_id": REGISTRATION}, {"$set": {"mode": mode}}):
            try:
                await self._db[SETTINGS].insert({"_id": REGISTRATION, "mode": mode})
            except Duplicate:
                await self._db[SETTINGS].update({"_id": REGISTRATION}, {"$set": {"mode": mode}})

    async def require(self, token: str) -> None:
        """Raise `Refused` unless somebody with this invitation, or none, may register now."""
        mode = await self.mode()
        if mode == "closed":
            raise Refused(CLOSED)
        if mode == "invitation":
            if not token:
                raise Refused(INVITED_ONLY)
            if not await self._db[PASSES].find_one(_usable(token)):
                raise Refused(SPENT)

    async def take(self, token: str) -> bool:
        """Use an invitation up by one, where one is needed; raise `Refused`. Return if it was."""
        await self.require(token)
        if await self.mode() != "invitation":
            return False
        # One act of the database: of two who use the last one at once, one is refused.
        if not await self._db[PASSES].update(_usable(token), {"$inc": {"uses": -1}}):
            raise Refused(SPENT)
        return True

    async def give_back(self, token: str) -> None:
        """Undo `take`, for an account that was not made after all."""
        await self._db[PASSES].update({"_id": _digest(token)}, {"$inc": {"uses": 1}})

    async def invite(self, by: User, uses: int, days: int) -> str:
        """Make an invitation to register; return its token, which is stored nowhere."""
        return await self._insert("invitation", by, timedelta(days=days), {"uses": uses})

    async def list_invitations(self) -> list[OneTimeLink]:
        """Return the invitations that still let somebody in, the newest first."""
        documents = await self._db[PASSES].find({"kind": "invitation"}, limit=LISTED_MAX)
        open_ones = [one for one in documents if one["uses"] > 0 and one["expires"] > now()]
        return sorted(map(_pass, open_ones), key=lambda one: one.created, reverse=True)

    async def revoke(self, pass_id: str) -> None:
        """Close an invitation; raise `Missing`."""
        if not await self._db[PASSES].delete({"_id": pass_id[:64], "kind": "invitation"}):
            raise Missing

    async def end_invitations(self, by: User) -> None:
        """Close every invitation that somebody made."""
        await self._db[PASSES].delete({"kind": "invitation", "by": by.id})

    async def password_link(self, user: User, by: User | None) -> str:
        """Return the token of a link to set somebody's password; it ends those there were."""
        await self.end_password_links(user)
        return await self._insert("password", by, LINK_LIFE, {"user": user.id})

    async def end_password_links(self, user: User) -> None:
        """End the links that set somebody's password."""
        await self._db[PASSES].delete({"user": user.id})

    async def find_owner(self, token: str) -> str:
        """Return the id of whose password a link sets; raise `Missing`."""
        document = await self._db[PASSES].find_one({"_id": _digest(token), "kind": "password"})
        if document is None or document["expires"] <= now():
            raise Missing
        return str(document["user"])

    async def spend(self, token: str) -> None:
        """Use a link to set a password up; raise `Missing` for all but the first who do."""
        where = {"_id": _digest(token), "kind": "password"}
        if not await self._db[PASSES].delete(where):
            raise Missing

    async def _insert(self, kind: str, by: User | None, life: timedelta, more: Document) -> str:
        token, moment = secrets.token_urlsafe(32), now()
        await self._db[PASSES].insert(
            {
                "_id": _digest(token),
                "kind": kind,
                "by": by.id if by else "",
                "by_name": by.name if by else "",
                "created": moment,
                "expires": moment + life,
                **more,
            }
        )
        return token


def _digest(token: str) -> str:
    # Looked up by a digest: how long that takes tells nothing about the token.
    return hashlib.sha256(token[:200].encode(errors="replace")).hexdigest()


def _usable(token: str) -> Document:
    return {
        "_id": _digest(token),
        "kind": "invitation",
        "uses": {"$gt": 0},
        "expires": {"$gt": now()},
    }


def _pass(document: Document) -> OneTimeLink:
    return OneTimeLink(
        id=str(document["_id"]),
        by_name=str(document["by_name"]),
        created=document["created"],
        expires=document["expires"],
        uses=int(document["uses"]),
    )
