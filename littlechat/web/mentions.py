"""Tells the author of a text which names in it nobody has, and whose they may be."""

from dataclasses import dataclass

from quart import Blueprint
from quart.typing import ResponseReturnValue

from littlechat.core import BODY_MAX, Membership, Session
from littlechat.platform import CHECK_NAMES
from littlechat.text import list_similar
from littlechat.web.guards import member_of
from littlechat.web.pages import form_text, page
from littlechat.web.services import services

blueprint = Blueprint("mentions", __name__)

UNKNOWN_MAX = 3
OUTSIDE_MAX = 5
SIMILAR_MAX = 4
"""What fits under a message field on a phone."""


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name that nobody has, and the people who may be meant: usernames and display names."""

    typed: str
    similar: tuple[tuple[str, str], ...]


# A POST, since the text of an address ends up in logs and histories.
@blueprint.post("/rooms/<room>/mentions")
@member_of
async def post_check_names(session: Session, membership: Membership) -> ResponseReturnValue:
    """Return, as a fragment, which names in a text reach nobody; nothing is stored or sent."""
    await services().platform.rate_limits.hit(CHECK_NAMES, session.user.id)
    text = (await form_text("body"))[:BODY_MAX]
    unreached = await services().actions.messages.find_unreached(membership.room_id, text)
    unknown = [
        UnknownName(typed, await _list_similar(session, membership.room_id, typed))
        for typed in unreached.unknown[:UNKNOWN_MAX]
    ]
    return page(
        "messages/_unknown_names.html",
        unknown=unknown,
        outside=unreached.outside[:OUTSIDE_MAX],
    )


async def _list_similar(session: Session, room_id: str, typed: str) -> tuple[tuple[str, str], ...]:
    """Return who may be meant: members of the room, then others."""
    displays = services().avatar_styles.displays
    members = await services().rooms.access.list_members(room_id)
    inside = {
        member.user_name: displays.get(member.user_name, "")
        for member in members
        if member.user_id != session.user.id
    }
    found = list_similar(typed, inside)[:SIMILAR_MAX]
    if len(found) < SIMILAR_MAX:
        called = services().avatar_styles.find(typed)
        listed = await services().accounts.users.list_by_prefix(typed, SIMILAR_MAX + 1, called)
        others = (user.name for user in listed if user.id != session.user.id)
        found += [name for name in others if name not in inside]
    return tuple((name, displays.get(name, "")) for name in found[:SIMILAR_MAX])
