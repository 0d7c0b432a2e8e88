"""What is stored of rooms is read back as values, fields that older documents lack included."""

from datetime import UTC, datetime, timedelta

from littlechat.core.rooms import Membership, Room
from littlechat.platform.database import Document
from littlechat.rooms.documents import entry_from, invitation_from, membership_from, room_from

MADE = datetime(2026, 1, 1, tzinfo=UTC)
ROOM: Document = {
    "_id": "garden",
    "name": "Garden",
    "key": "garden",
    "description": "Green.",
    "visibility": "private",
    "creator": "u1",
    "created": MADE,
    "members": 2,
    "last_seq": 9,
    "last_at": MADE + timedelta(hours=1),
}
BEN: Document = {
    "room": "garden",
    "user": "u2",
    "name": "Ben",
    "role": "member",
    "joined": MADE + timedelta(minutes=1),
}


def test_a_room_without_people_of_its_own_is_no_conversation() -> None:
    assert room_from(ROOM) == Room(
        "garden",
        "Garden",
        "Green.",
        "private",
        "u1",
        MADE,
        members=2,
        last_seq=9,
        last_at=ROOM["last_at"],
    )
    assert room_from({**ROOM, "people": ["Ada", "Ben"]}).people == ("Ada", "Ben")


def test_a_membership_has_read_nothing_until_it_says_so() -> None:
    assert membership_from(BEN) == Membership("garden", "u2", "Ben", "member", BEN["joined"])
    kept = membership_from({**BEN, "read_seq": 7, "level": "nothing", "bot": True})
    assert (kept.read_seq, kept.level, kept.bot) == (7, "nothing", True)


def test_an_entry_of_a_list_knows_how_much_its_member_has_not_read() -> None:
    entry = entry_from(ROOM, {**BEN, "read_seq": 7})
    assert (entry.name, entry.joined, entry.unread) == ("Garden", BEN["joined"], 2)
    assert entry.membership == membership_from({**BEN, "read_seq": 7})


def test_an_invitation_keeps_its_maker_and_its_room() -> None:
    stored = {"_id": "t", "room": "garden", "by": "u1", "by_name": "Ada", "created": MADE}
    invitation = invitation_from({**stored, "expires": MADE})
    assert (invitation.id, invitation.token, invitation.room_id) == ("t", "", "garden")
    assert (invitation.by_id, invitation.by_name, invitation.created) == ("u1", "Ada", MADE)
    assert invitation.expires == MADE
