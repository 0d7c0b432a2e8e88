"""Documents become rooms, memberships and invitations, also those stored by earlier versions."""

from datetime import UTC, datetime

from littlechat.rooms.documents import entry_from, invitation_from, membership_from, room_from

AT = datetime(2026, 1, 1, tzinfo=UTC)
ROOM = {
    "_id": "garden",
    "name": "Garden",
    "key": "garden",
    "description": "",
    "visibility": "public",
    "creator": None,
    "created": AT,
    "members": 2,
    "last_seq": 7,
    "last_at": None,
}
MEMBERSHIP = {"room": "garden", "user": "u-1", "name": "Ada", "role": "creator", "joined": AT}


def test_a_room_without_people_is_no_direct_conversation() -> None:
    room = room_from(ROOM)
    assert (room.id, room.last_seq, room.people, room.is_direct) == ("garden", 7, (), False)
    people = room_from({**ROOM, "visibility": "direct", "people": ["Ada", "Ben"]})
    assert people.others("Ada") == ("Ben",)


def test_a_membership_without_newer_fields_has_read_nothing_and_is_no_bots() -> None:
    membership = membership_from(MEMBERSHIP)
    assert (membership.read_seq, membership.level, membership.bot) == (0, None, False)
    assert membership.may_manage
    newer = membership_from({**MEMBERSHIP, "read_seq": 3, "level": "nothing", "bot": True})
    assert (newer.read_seq, newer.level, newer.bot) == (3, "nothing", True)


def test_an_entry_has_the_room_and_the_members_place_in_it() -> None:
    entry = entry_from(ROOM, {**MEMBERSHIP, "read_seq": 5})
    assert (entry.name, entry.joined, entry.unread) == ("Garden", AT, 2)
    assert entry.membership == membership_from({**MEMBERSHIP, "read_seq": 5})


def test_an_invitation_keeps_its_token_and_its_maker() -> None:
    document = {"_id": "token", "room": "garden", "by": "u-1", "by_name": "Ada", "created": AT}
    invitation = invitation_from(document)
    assert (invitation.token, invitation.room_id, invitation.by_name) == ("token", "garden", "Ada")
