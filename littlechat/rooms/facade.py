"""The one object by which other packages reach rooms."""

from littlechat.accounts import Sessions
from littlechat.messages import Messages
from littlechat.platform import Bus, Database
from littlechat.rooms.access import Access
from littlechat.rooms.bans import Bans
from littlechat.rooms.direct_messages import DirectMessages
from littlechat.rooms.inbox import Inbox
from littlechat.rooms.invitations import Invitations
from littlechat.rooms.members import Members
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.read_positions import ReadPositions
from littlechat.rooms.store import RoomStore


class Rooms:
    """The stores of rooms, and the cache in front of them."""

    def __init__(self, db: Database, sessions: Sessions, messages: Messages, bus: Bus) -> None:
        self.memberships, self.bans, self.invitations = Memberships(db), Bans(db), Invitations(db)
        self.store = RoomStore(db, self.memberships)
        self.members = Members(self.store, self.memberships, self.bans, self.invitations)
        self.direct_messages = DirectMessages(db)
        self.read_positions = ReadPositions(db)
        self.inbox = Inbox(messages)
        self.access = Access(sessions, self.store, self.memberships, self.inbox, bus)

    async def delete(self, room_id: str) -> None:
        """Delete a room with its memberships, invitations and bans; its messages stay for now."""
        await self.store.delete(room_id)
        await self.clear(room_id)

    async def clear(self, room_id: str) -> None:
        """Delete the memberships, invitations and bans of a deleted room."""
        await self.memberships.clear(room_id)
        await self.invitations.clear(room_id)
        await self.bans.clear(room_id)
