"""Read positions, and the inbox of what is addressed to a person."""

from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup
from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from littlechat.core import (
    Invalid,
    Membership,
    Message,
    Session,
    validate_number,
)
from littlechat.platform import READ
from littlechat.rooms import RoomListEntry
from littlechat.web.guards import member_of, signed_in
from littlechat.web.pages import (
    form_text,
    go,
    local_path,
    page,
    request_is_htmx,
)
from littlechat.web.services import services

blueprint = Blueprint("unread", __name__)

MOMENT_MAX = 10**13
"""The latest time that the query may hold, in milliseconds: in the year 2286."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message in an inbox, its text as HTML, and its room."""

    room: RoomListEntry
    message: Message
    text: Markup

    @property
    def is_new(self) -> bool:
        """Whether it is unread."""
        return self.message.seq > self.room.read_seq


@blueprint.post("/rooms/<room>/read")
@member_of
async def post_read(session: Session, membership: Membership) -> ResponseReturnValue:
    """Mark a room as read up to a message or, with `unread`, as unread from it on."""
    await services().platform.rate_limits.hit(READ, session.user.id)
    seq, room_id = validate_number(await form_text("seq"), "seq", None), membership.room_id
    if seq is None:
        raise Invalid(seq="How far it is read is not said.")
    if await form_text("unread"):
        await services().realtime.unread_signals.mark_unread(session.user, room_id, seq)
    else:
        await services().realtime.unread_signals.mark_read(session.user, room_id, seq)
    return ("", 204) if request_is_htmx() else go(f"/rooms/{room_id}")


@blueprint.post("/rooms/read")
@signed_in
async def post_read_all(session: Session) -> ResponseReturnValue:
    """Mark all rooms as read."""
    await services().platform.rate_limits.hit(READ, session.user.id)
    await services().realtime.unread_signals.mark_all_read(session.user)
    return go(local_path(await form_text("next")) or "/rooms")


@blueprint.get("/inbox")
@signed_in
async def show_inbox(session: Session) -> ResponseReturnValue:
    """Show the messages addressed to the person in all their rooms, the newest first."""
    served = services()
    joined, _ = await served.rooms.access.list_rooms(session.user)
    messages, before = await served.rooms.inbox.list_page(session.user, joined, _before())
    by_id = {room.id: room for room in joined}
    await served.renderer.prepare(messages)
    entries = [
        Entry(by_id[message.room_id], message, served.renderer.text(message))
        for message in messages
    ]
    return page(
        "rooms/inbox.html",
        joined=joined,
        entries=entries,
        earlier=round(before.timestamp() * 1_000) if before else None,
        later=bool(request.args.get("before")),
    )


def _before() -> datetime | None:
    """Return the time before which a page of the inbox begins; links hold it in milliseconds."""
    before = validate_number(request.args.get("before", ""), "before", None)
    return None if before is None else datetime.fromtimestamp(min(before, MOMENT_MAX) / 1_000, UTC)
