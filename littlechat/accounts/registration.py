"""Who may register, and the one-time links: invitations, and links to set a password.

Only the digest of a link's token is stored, so that nobody who reads the database can use it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from littlechat.accounts.schema import ONE_TIME_LINKS, SETTINGS
from littlechat.core import EndedRight, Invalid, Made, Refused, User
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

PASSWORD_LINK_LIFE = timedelta(hours=24)
"""How long a link to set a password is valid."""

DAYS_MAX, DAYS_DEFAULT = 90, 7
USES_MAX, USES_DEFAULT = 1_000, 1
LISTED_MAX = 200

CLOSED = "Registration is closed here. An administrator can make you an account."
INVITED_ONLY = "Registration is by invitation here. Ask an administrator for a link."
SPENT = "This invitation has been used up or has run out. Ask for a new one."


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """An invitation to register, as administrators see it. `id` is the digest of its token.

    `uses` is how often it may still be used.
    """

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
    """The store of the registration mode and of the one-time links."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def mode(self) -> Mode:
        """Return who may register. It is always read, so that a change applies to all processes."""
        document = await self._db[SETTINGS].find_one({"_id": REGISTRATION})
        return validate_mode(str(document["mode"])) if document else "open"

    async def set_mode(self, mode: Mode) -> None:
        """Set who may register."""
        if not await self._db[SETTINGS].update({"_id": REGISTRATION}, {"$set": {"mode": mode}}):
            try:
                await self._db[SETTINGS].insert({"_id": REGISTRATION, "mode": mode})
            except Duplicate:
                await self._db[SETTINGS].update({"_id": REGISTRATION}, {"$set": {"mode": mode}})

    async def require_allowed(self, token: str) -> None:
        """Raise `Refused` unless somebody may register with this invitation; "" is none."""
        mode = await self.mode()
        if mode == "closed":
            raise Refused(CLOSED)
        if mode == "invitation":
            if not token:
                raise Refused(INVITED_ONLY)
            if not await self._db[ONE_TIME_LINKS].find_one(_usable(token)):
                raise Refused(SPENT)

    async def use_invitation(self, token: str) -> bool:
        """Use an invitation once, if one is needed; return whether it was. Raises `Refused`."""
        await self.require_allowed(token)
        if await self.mode() != "invitation":
            return False
        # Checked and counted in one operation: only one person gets the last use.
        if not await self._db[ONE_TIME_LINKS].update(_usable(token), {"$inc": {"uses": -1}}):
            raise Refused(SPENT)
        return True

    async def require_still(self, token: str, *, used: bool) -> None:
        """Raise `Refused` if who came with this invitation may not register any more.

        `used` is what `use_invitation` returned.
        """
        mode = await self.mode()
        if mode == "closed":
            raise Refused(CLOSED)
        if mode == "invitation" and not used:
            raise Refused(INVITED_ONLY)
        if used and not await self._db[ONE_TIME_LINKS].find_one({"_id": _digest(token)}):
            raise Refused(SPENT)

    async def return_invitation(self, token: str) -> None:
        """Undo `use_invitation`, when the account could not be created."""
        await self._db[ONE_TIME_LINKS].update({"_id": _digest(token)}, {"$inc": {"uses": 1}})

    async def invite(self, by: User, uses: int, days: int) -> str:
        """Create an invitation to register; return its token, which is not stored."""
        return await self._insert("invitation", by, timedelta(days=days), {"uses": uses})

    async def list_invitations(self) -> list[OneTimeLink]:
        """Return the invitations that can still be used, the newest first."""
        documents = await self._db[ONE_TIME_LINKS].find({"kind": "invitation"}, limit=LISTED_MAX)
        open_ones = [one for one in documents if one["uses"] > 0 and one["expires"] > now()]
        return sorted(map(_link, open_ones), key=lambda one: one.created, reverse=True)

    async def revoke(self, link_id: str) -> None:
        """Delete an invitation; raise `Missing`."""
        if not await self._db[ONE_TIME_LINKS].delete({"_id": link_id[:64], "kind": "invitation"}):
            raise Missing

    async def end_made(self, ended: EndedRight) -> list[str]:
        """Delete the links that somebody made by a right that ended; return what that was."""
        if ended.kind not in ("account", "administer"):
            return []
        kinds = {"invitation": "invitations to register", "password": "links to set a password"}
        deleted = {
            words: await self._db[ONE_TIME_LINKS].delete({"kind": kind, "by": ended.user_id})
            for kind, words in kinds.items()
        }
        return [f"{number} {words}" for words, number in deleted.items() if number]

    async def list_made(self) -> set[Made]:
        """Return by whom the links were made: by administrators; on the command line by nobody."""
        documents = await self._db[ONE_TIME_LINKS].find({})
        return {Made(str(one["by"]), "administer") for one in documents if one["by"]}

    async def make_password_link(self, user: User, by: User | None) -> str:
        """Create a link to set a user's password, replacing earlier ones; return its token."""
        await self.end_password_links(user)
        return await self._insert("password", by, PASSWORD_LINK_LIFE, {"user": user.id})

    async def end_password_links(self, user: User) -> None:
        """Delete the links to set a user's password."""
        await self._db[ONE_TIME_LINKS].delete({"user": user.id})

    async def find_password_owner(self, token: str) -> str:
        """Return the id of the user whose password a link sets; raise `Missing`."""
        document = await self._db[ONE_TIME_LINKS].find_one(
            {"_id": _digest(token), "kind": "password"}
        )
        if document is None or document["expires"] <= now():
            raise Missing
        return str(document["user"])

    async def use_password_link(self, token: str) -> None:
        """Delete a link to set a password; raise `Missing` if it was used already."""
        where = {"_id": _digest(token), "kind": "password"}
        if not await self._db[ONE_TIME_LINKS].delete(where):
            raise Missing

    async def _insert(self, kind: str, by: User | None, life: timedelta, more: Document) -> str:
        token, moment = secrets.token_urlsafe(32), now()
        await self._db[ONE_TIME_LINKS].insert(
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
    # A digest also makes the look-up's timing independent of the token.
    return hashlib.sha256(token[:200].encode(errors="replace")).hexdigest()


def _usable(token: str) -> Document:
    return {
        "_id": _digest(token),
        "kind": "invitation",
        "uses": {"$gt": 0},
        "expires": {"$gt": now()},
    }


def _link(document: Document) -> OneTimeLink:
    return OneTimeLink(
        id=str(document["_id"]),
        by_name=str(document["by_name"]),
        created=document["created"],
        expires=document["expires"],
        uses=int(document["uses"]),
    )
