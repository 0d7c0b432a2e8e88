"""Joining and leaving rooms: who may join, leave, be removed or be banned."""

from littlechat.core import (
    LOBBY,
    Invitation,
    Membership,
    Refused,
    Role,
    Room,
    User,
)
from littlechat.platform import Duplicate, Missing
from littlechat.rooms.bans import Bans
from littlechat.rooms.invitations import INVITATION_DAYS, Invitations
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.store import RoomStore


class Members:
    """The rules of joining and leaving. It publishes no events; `actions` does."""

    def __init__(
        self, store: RoomStore, memberships: Memberships, bans: Bans, invitations: Invitations
    ) -> None:
        self._store, self._memberships = store, memberships
        self._bans, self._invitations = bans, invitations

    async def join(self, room_id: str, user: User) -> Room:
        """Make a user a member of a public room; raise `Missing`, or `Refused` if banned.

        May be repeated.
        """
        room, membership = await self._store.get_visible(room_id, user)
        if membership is None:
            # Whoever joins an abandoned room becomes its manager, except in the Lobby.
            abandoned = room.members == 0 and room.id != LOBBY
            await self._enter(room, user, "creator" if abandoned else "member")
        return room

    async def accept(self, token: str, user: User) -> Room:
        """Make a user a member by invitation; raise `Missing`, or `Refused` if banned."""
        _, room = await self.get_invitation(token)
        await self._enter(room, user, "member", token)
        return room

    async def invite(self, room_id: str, by: User, days: int = INVITATION_DAYS) -> Invitation:
        """Create an invitation link into the room; raise `Missing` or `Refused`."""
        if (await self._store.get(room_id)).is_direct:
            raise Refused("A direct conversation stays between its people: make a room for more.")
        return await self._invitations.make(room_id, by, days)

    async def get_invitation(self, token: str) -> tuple[Invitation, Room]:
        """Return an invitation and its room; raise `Missing`."""
        invitation = await self._invitations.get(token)
        return invitation, await self._store.get(invitation.room_id)

    async def _enter(self, room: Room, user: User, role: Role, token: str = "") -> None:
        await self._require_unbanned(room, user)
        try:
            await self._memberships.add(room.id, user, role, room.end)
        except Duplicate:
            return
        try:
            # Checked again: a ban that came in between found no membership to remove, and with a
            # removal or with its maker's right the invitation ended.
            await self._require_unbanned(room, user)
            if token:
                await self._invitations.get(token)
        except (Refused, Missing):
            await self._memberships.remove(room.id, user.id)
            raise
        await self._memberships.recount(room.id)

    async def _require_unbanned(self, room: Room, user: User) -> None:
        if await self._bans.is_banned(room.id, user.id):
            raise Refused(f"You are banned from {room.name}.")

    async def leave(self, room_id: str, user: User) -> None:
        """End a membership; raise `Missing`, or `Refused` for the last one in a private room.

        If the room's manager leaves, the member who has been there longest succeeds them.
        """
        room = await self._store.get(room_id)
        membership = await self._memberships.find(room_id, user)
        if membership is None:
            raise Missing
        if room.is_direct:
            raise Refused("A direct conversation cannot be left. Hide it instead.")
        # Bots do not count as members here.
        members = await self._memberships.list_of(room_id)
        others = [one for one in members if one.user_id != user.id and not one.bot]
        if room.is_private and not others:
            raise Refused("You are the last one here. Delete the room instead of leaving it.")
        if membership.may_manage and others:
            heir = min(others, key=lambda one: one.joined)
            await self._memberships.make_manager(room_id, heir.user_id)
        await self._exit(room_id, user.id)

    async def remove(self, room_id: str, name: str) -> Membership:
        """End the membership of the user with this name; raise `Missing` or `Refused`."""
        if (await self._store.get(room_id)).is_direct:
            raise Refused("Nobody can be removed from a direct conversation.")
        membership = await self._memberships.find_named(room_id, name)
        if membership is None:
            raise Missing
        if membership.may_manage:
            raise Refused("The room’s manager cannot be removed from it.")
        if membership.bot:
            raise Refused("A bot is removed on the room’s page of bots.")
        await self._exit(room_id, membership.user_id)
        return membership

    async def ban(self, room_id: str, name: str, by: User) -> Membership:
        """Ban the user with this name and end their membership; raise `Missing` or `Refused`."""
        if (await self._store.get(room_id)).is_direct:
            raise Refused("Nobody can be banned from a direct conversation.")
        member = await self._memberships.find_named(room_id, name)
        if member is None:
            raise Missing
        # The ban comes first, so that they cannot rejoin in between.
        if not member.may_manage and not member.bot:
            await self._bans.add(room_id, member.user_id, name, by)
        return await self.remove(room_id, name)

    async def ban_absent(self, room_id: str, user: User, by: User) -> None:
        """Ban somebody who is not in the room, who may have left it first."""
        await self._bans.add(room_id, user.id, user.name, by)
        # They may have come in meanwhile.
        await self._exit(room_id, user.id)

    async def _exit(self, room_id: str, user_id: str) -> None:
        await self._memberships.remove(room_id, user_id)
        await self._memberships.recount(room_id)
