"""The quick switcher: finds rooms, conversations and people by the beginnings of words."""

from collections.abc import Sequence

from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from littlechat.core import NAME_MAX, Room, Session
from littlechat.rooms import (
    QUERY_MAX,
    SHOWN_MAX,
    Place,
    rank,
)
from littlechat.web.guards import signed_in
from littlechat.web.pages import is_htmx, page
from littlechat.web.services import services

blueprint = Blueprint("switcher", __name__)


@blueprint.get("/jump")
@signed_in
async def show_switcher(session: Session) -> ResponseReturnValue:
    """Show the places to go to; htmx gets only the list."""
    q = request.args.get("q", "").strip()
    # What is longer than any name leads nowhere, and stays in its field as it was typed.
    is_name = len(q) <= QUERY_MAX
    places = await _list_places(session, q, request.args.get("here", "")) if is_name else []
    template = "rooms/_switcher_results.html" if is_htmx() else "rooms/switcher.html"
    return page(template, places=rank(q, places), q=q, online=services().realtime.presence.names)


async def _list_places(session: Session, q: str, here: str) -> list[Place]:
    me = session.user.name
    joined, others = await services().rooms.access.list_rooms(session.user)
    displays = services().avatar_styles.displays
    mine = [
        Place(
            "mine", room.title(me), room, " ".join(displays.get(one, "") for one in room.others(me))
        )
        for room in joined
        if room.id != here or q
    ]
    if not q:
        return mine
    people = await _list_people(me, q, joined)
    return [*mine, *people, *(Place("other", room.name, room) for room in others)]


async def _list_people(me: str, q: str, joined: Sequence[Room]) -> list[Place]:
    """Return people who match, without those that one has a conversation of two with."""
    met = {room.title(me) for room in joined if len(room.others(me)) == 1}
    called = services().avatar_styles.find(q)
    limit = SHOWN_MAX + len(met)
    listed = await services().accounts.users.list_by_prefix(q[:NAME_MAX], limit, called)
    displays = services().avatar_styles.displays
    return [
        Place("person", user.name, named=displays.get(user.name, ""))
        for user in listed
        if user.name not in met
    ]
