"""The store of invitation links: whoever has one may join its room until it ends.

Only the digest of a link's token is stored: it is shown once, to who made it. When a link ends with
its maker's right is decided in `actions/credentials.py`.
"""

import hashlib
import secrets
from datetime import timedelta

from littlechat.core import EndedRight, Invitation, Made, Membership, User
from littlechat.platform import Database, Document, Missing, now
from littlechat.rooms.documents import invitation_from
from littlechat.rooms.schema import INVITATIONS

INVITATION_DAYS, INVITATION_DAYS_MAX = 7, 90
"""For how long a link is valid by default, and at most."""

LISTED_MAX = 200


class Invitations:
    """The store of invitations."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self) -> None:
        """Store the links of an earlier version, which kept tokens, by digest and with an end."""
        for one in await self._db[INVITATIONS].find({"expires": None}):
            await self._db[INVITATIONS].delete({"_id": one["_id"]})
            ending = {"_id": _digest(str(one["_id"])), "expires": now() + _life(INVITATION_DAYS)}
            await self._db[INVITATIONS].insert({**one, **ending})

    async def make(self, room_id: str, by: User, days: int = INVITATION_DAYS) -> Invitation:
        """Create a link into a room. Whether the room allows one is checked in `members`."""
        token, moment = secrets.token_urlsafe(24), now()
        document: Document = {
            "_id": _digest(token),
            "room": room_id,
            "by": by.id,
            "by_name": by.name,
            "created": moment,
            "expires": moment + _life(days),
        }
        await self._db[INVITATIONS].insert(document)
        return invitation_from(document, token)

    async def end_made(self, ended: EndedRight) -> list[str]:
        """Delete the links that somebody made by a right that ended; return what that was."""
        match ended.kind:
            case "account":
                where: Document = {"by": ended.user_id}
            case "left":
                where = {"by": ended.user_id, "room": ended.room_id}
            case "removed":
                where = {"room": ended.room_id}
            case _:
                return []
        links = await self._db[INVITATIONS].delete(where)
        return [f"{links} open links into rooms"] if links else []

    async def list_made(self) -> set[Made]:
        """Return by whom the links were made: by members of their rooms."""
        documents = await self._db[INVITATIONS].find({})
        return {Made(str(one["by"]), "member", str(one["room"])) for one in documents}

    async def list_of(self, room_id: str) -> list[Invitation]:
        """Return a room's open invitations, the newest first."""
        valid = {"room": room_id, "expires": {"$gt": now()}}
        documents = await self._db[INVITATIONS].find(valid, limit=LISTED_MAX)
        return sorted(map(invitation_from, documents), key=lambda one: one.created, reverse=True)

    async def get(self, token: str) -> Invitation:
        """Return an invitation; raise `Missing`."""
        document = await self._db[INVITATIONS].find_one({"_id": _digest(token)})
        if document is None or document["expires"] <= now():
            raise Missing
        return invitation_from(document)

    async def revoke(self, room_id: str, invitation_id: str, by: Membership) -> None:
        """Close an invitation: one's own, or any for who manages the room; raise `Missing`."""
        where = {"_id": invitation_id[:64], "room": room_id}
        if not by.may_manage:
            where["by"] = by.user_id
        if not await self._db[INVITATIONS].delete(where):
            raise Missing

    async def clear(self, room_id: str) -> None:
        """Delete all links into a deleted room."""
        await self._db[INVITATIONS].delete({"room": room_id})


def _life(days: int) -> timedelta:
    return timedelta(days=days)


def _digest(token: str) -> str:
    # Cut before it is hashed: a token comes in an address, of whatever length.
    return hashlib.sha256(token[:64].encode(errors="replace")).hexdigest()
