"""Converts stored documents to rooms, memberships and invitations."""

from typing import Any

from littlechat.core import Invitation, Membership, Room
from littlechat.platform import Document
from littlechat.rooms.room_list import RoomListEntry


def room_from(document: Document) -> Room:
    """Return the room stored in a document."""
    return Room(**_values(document))


def entry_from(document: Document, membership: Document) -> RoomListEntry:
    """Return the room list entry of a member, from the documents of room and membership."""
    place = membership_from(membership)
    values = _values(document) | {"joined": place.joined, "read_seq": place.read_seq}
    return RoomListEntry(**values, membership=place)


def _values(document: Document) -> dict[str, Any]:
    return {
        "id": str(document["_id"]),
        "name": str(document["name"]),
        "description": str(document["description"]),
        "visibility": document["visibility"],
        "creator_id": document["creator"],
        "created": document["created"],
        "members": int(document["members"]),
        "last_seq": int(document["last_seq"]),
        "last_at": document["last_at"],
        "people": tuple(map(str, document.get("people", ()))),
    }


def membership_from(document: Document) -> Membership:
    """Return the membership stored in a document."""
    return Membership(
        room_id=str(document["room"]),
        user_id=str(document["user"]),
        user_name=str(document["name"]),
        role=document["role"],
        joined=document["joined"],
        read_seq=int(document.get("read_seq", 0)),
        level=document.get("level"),
        bot=bool(document.get("bot", False)),
    )


def invitation_from(document: Document) -> Invitation:
    """Return the invitation stored in a document."""
    return Invitation(
        token=str(document["_id"]),
        room_id=str(document["room"]),
        by_id=str(document["by"]),
        by_name=str(document["by_name"]),
        created=document["created"],
    )
