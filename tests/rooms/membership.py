"""People in rooms, put there without asking whether they may come in."""

from datetime import timedelta

from littlechat.core.people import User
from littlechat.core.rooms import Membership, Room
from littlechat.platform.database import (
    Database,
    now,
)
from littlechat.rooms.facade import Rooms
from littlechat.rooms.schema import MEMBERSHIPS


async def enter(db: Database, rooms: Rooms, room: Room, *people: User) -> None:
    """Let people into any room, one after the other."""
    for person in people:
        await rooms.members._enter(room, person, "member")
    for place, person in enumerate(people):
        joined = now() + timedelta(seconds=place)
        await db[MEMBERSHIPS].update(
            {"room": room.id, "user": person.id}, {"$set": {"joined": joined}}
        )


async def membership(rooms: Rooms, room: Room, user: User) -> Membership:
    found = await rooms.memberships.find(room.id, user)
    assert found
    return found
