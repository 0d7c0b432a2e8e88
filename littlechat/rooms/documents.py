"""Converts stored documents to rooms, memberships and invitations."""

from typing import Any

from littlechat.core import Invitation, Membership, Position, Room
from littlechat.platform import Document
from littlechat.rooms.room_list import RoomListEntry


def room_from(document: Document) -> Room:
    """Return the room stored in a document."""
    return Room(**_values(document))


def entry_from(document: Document, membership: Document) -> RoomListEntry:
    """Return the room list entry of a member, from the documents of room and membership."""
    place = membership_from(membership)
    own: dict[str, Any] = {
        "joined": place.joined,
        "read_seq": place.read_seq,
        "read_unlisted": place.read_unlisted,
        "muted": place.level == "nothing",
    }
    return RoomListEntry(**_values(document), **own, membership=place)


def _values(document: Document) -> dict[str, Any]:
    return {
        "id": str(document["_id"]),
        "name": str(document["name"]),
        "description": str(document["description"]),
        "visibility": document["visibility"],
        "creator_id": document["creator"],
        "created": document["created"],
        "members": int(document["members"]),
        "last_seq": (end := end_of(document)).seq,
        "last_unlisted": end.unlisted,
        "last_at": document["last_at"],
        "people": tuple(map(str, document.get("people", ()))),
    }


def end_of(document: Document) -> Position:
    """Return how far a room has come by the hint in its document."""
    return Position(int(document["last_seq"]), int(document.get("last_unlisted", 0)))


def membership_from(document: Document) -> Membership:
    """Return the membership stored in a document."""
    return Membership(
        room_id=str(document["room"]),
        user_id=str(document["user"]),
        user_name=str(document["name"]),
        role=document["role"],
        joined=document["joined"],
        read_seq=int(document.get("read_seq", 0)),
        read_unlisted=int(document.get("read_unlisted", 0)),
        level=document.get("level"),
        bot=bool(document.get("bot", False)),
    )


def invitation_from(document: Document, token: str = "") -> Invitation:
    """Return the invitation stored in a document; `token` if it has just been made."""
    return Invitation(
        id=str(document["_id"]),
        room_id=str(document["room"]),
        by_id=str(document["by"]),
        by_name=str(document["by_name"]),
        created=document["created"],
        expires=document["expires"],
        token=token,
    )
