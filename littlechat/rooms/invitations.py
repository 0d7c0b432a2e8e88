"""The store of invitation links: whoever has one may join its room until it is revoked."""

import secrets

from littlechat.core import Invitation, Membership, User
from littlechat.platform import Database, Missing, now
from littlechat.rooms.documents import invitation_from
from littlechat.rooms.schema import INVITATIONS


class Invitations:
    """The store of invitations."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def make(self, room_id: str, by: User) -> Invitation:
        """Create a link into a room. Whether the room allows one is checked in `members`."""
        invitation = Invitation(secrets.token_urlsafe(24), room_id, by.id, by.name, now())
        await self._db[INVITATIONS].insert(
            {
                "_id": invitation.token,
                "room": room_id,
                "by": by.id,
                "by_name": by.name,
                "created": invitation.created,
            }
        )
        return invitation

    async def end_all_by(self, by: User) -> None:
        """Delete all links that a user created, in all rooms."""
        await self._db[INVITATIONS].delete({"by": by.id})

    async def list_of(self, room_id: str) -> list[Invitation]:
        """Return a room's invitations, the newest first."""
        documents = await self._db[INVITATIONS].find({"room": room_id}, limit=200)
        return sorted(map(invitation_from, documents), key=lambda one: one.created, reverse=True)

    async def get(self, token: str) -> Invitation:
        """Return an invitation; raise `Missing`."""
        document = await self._db[INVITATIONS].find_one({"_id": token[:64]})
        if document is None:
            raise Missing
        return invitation_from(document)

    async def revoke(self, room_id: str, token: str, by: Membership) -> None:
        """Close an invitation: one's own, or any for who manages the room; raise `Missing`."""
        where = {"_id": token[:64], "room": room_id}
        if not by.may_manage:
            where["by"] = by.user_id
        if not await self._db[INVITATIONS].delete(where):
            raise Missing

    async def end_those_of(self, room_id: str, user_id: str) -> None:
        """Delete the links that a user created into a room, when they leave it."""
        await self._db[INVITATIONS].delete({"room": room_id, "by": user_id})

    async def clear(self, room_id: str) -> None:
        """Delete all links into a deleted room."""
        await self._db[INVITATIONS].delete({"room": room_id})
