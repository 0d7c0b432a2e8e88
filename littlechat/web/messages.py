"""A room's conversation: its page, stretches of its history, and posting to it."""

from dataclasses import replace

from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from littlechat.db import Missing
from littlechat.messages import PAGE_DEFAULT
from littlechat.models import Cursor, Draft, Invalid, Membership, Message, Page, Session, new_id
from littlechat.throttle import SEND
from littlechat.web import (
    form_text,
    fragment,
    go,
    is_htmx,
    member_of,
    moulded_page,
    page,
    services,
    signed_in,
)

blueprint = Blueprint("messages", __name__)

SEQ_MAX = 10**15


@blueprint.get("/rooms/<room>")
@signed_in
async def show_room(session: Session, room: str) -> ResponseReturnValue:
    """Show a room's conversation to its members, its door to others."""
    membership = await services().access.find_membership(room, session.user)
    if membership is None:
        found, _ = await services().rooms.get_visible(room, session.user)
        banned = await services().rooms.bans.is_banned(room, session.user.id)
        return page("door.html", room=found, banned=banned)
    return await _conversation(session, membership, 200, "", "")


async def _conversation(
    session: Session, membership: Membership, status: int, body: str, error: str
) -> ResponseReturnValue:
    served, room_id = services(), membership.room_id
    # The cursor before the messages: what happens in between is then sent again, never missed.
    head = await served.messages.head(room_id)
    stretch = await _stretch(room_id, head)
    joined, others = await served.access.list_rooms(session.user)
    members = await served.access.list_members(room_id)
    room = next((one for one in joined if one.id == room_id), None)
    return moulded_page(
        "room.html",
        room_id,
        {
            "history": served.render.history(room_id, stretch),
            "cursor": head,
            "client_id": new_id(),
        },
        status,
        room=room or await served.rooms.get(room_id),
        membership=membership,
        joined=joined,
        others=others,
        here=room_id,
        search="",
        members=members,
        online=served.feeds.online(room_id),
        away=served.feeds.away(room_id),
        stretch=replace(stretch, messages=[]),
        body=body,
        error=error,
    )


@blueprint.get("/rooms/<room>/messages")
@member_of
async def show_messages(session: Session, membership: Membership) -> ResponseReturnValue:
    """Return a stretch of history with the links to what is around it, as a fragment."""
    room_id = membership.room_id
    head = await services().messages.head(room_id)
    stretch = await _stretch(room_id, head)
    end: Cursor | None = head
    # It continues what the page has, so only its far end leads on.
    if request.args.get("before"):
        stretch, end = replace(stretch, newer=False), None
    elif request.args.get("after"):
        stretch = replace(stretch, older=False)
    return fragment(services().render.history(room_id, stretch, end))


@blueprint.post("/rooms/<room>/messages")
@member_of
async def post_message(session: Session, membership: Membership) -> ResponseReturnValue:
    """Post a message; htmx gets its fragment, a plain browser the room again."""
    draft = Draft(await form_text("body"), await form_text("client_id"))
    await services().throttle.hit(SEND, session.user.id)
    try:
        message = await services().actions.say(membership.room_id, session.user, draft)
    except Invalid as invalid:
        if is_htmx():
            raise
        # The page again, with the text that was not sent in its field.
        sentence = str(invalid)
        return await _conversation(session, membership, 422, draft.body, sentence)
    if is_htmx():
        return fragment(services().render.message(message), 201)
    return go(f"/rooms/{membership.room_id}")


@blueprint.get("/rooms/<room>/messages/<int:seq>")
@member_of
async def show_message(session: Session, membership: Membership, seq: int) -> ResponseReturnValue:
    """Return one message as a fragment."""
    return fragment(services().render.message(await _message(membership, seq)))


@blueprint.get("/rooms/<room>/messages/<int:seq>/edit")
@member_of
async def show_edit(session: Session, membership: Membership, seq: int) -> ResponseReturnValue:
    """Show the form to edit one's own message."""
    message = await _message(membership, seq)
    if message.author_id != session.user.id or message.removed:
        raise Missing
    return _edit_form(message, 200, message.body, "")


@blueprint.post("/rooms/<room>/messages/<int:seq>/edit")
@member_of
async def post_edit(session: Session, membership: Membership, seq: int) -> ResponseReturnValue:
    """Replace the text of one's own message."""
    await services().throttle.hit(SEND, session.user.id)
    body = await form_text("body")
    try:
        message = await services().actions.edit(
            membership.room_id, _storable(seq), session.user, body
        )
    except Invalid as invalid:
        return _edit_form(await _message(membership, seq), 422, body, str(invalid))
    return _changed(message)


@blueprint.post("/rooms/<room>/messages/<int:seq>/remove")
@member_of
async def post_remove(session: Session, membership: Membership, seq: int) -> ResponseReturnValue:
    """Remove one's own message, or anybody's in a room that one manages."""
    await services().throttle.hit(SEND, session.user.id)
    message = await services().administration.remove_message(
        membership, _storable(seq), session.user
    )
    return _changed(message)


async def _message(membership: Membership, seq: int) -> Message:
    return await services().messages.get(membership.room_id, _storable(seq))


def _storable(seq: int) -> int:
    # The database has no longer numbers than 64 bits, and addresses have.
    if seq > SEQ_MAX:
        raise Missing
    return seq


def _edit_form(message: Message, status: int, body: str, error: str) -> ResponseReturnValue:
    template = "_edit.html" if is_htmx() else "edit.html"
    return page(template, status, message=message, body=body, error=error)


def _changed(message: Message) -> ResponseReturnValue:
    if is_htmx():
        return fragment(services().render.message(message))
    return go(f"/rooms/{message.room_id}?around={message.seq}#message-{message.seq}")


async def _stretch(room_id: str, head: Cursor) -> Page:
    """Return what the query asks for: before, after or around a seq, else the newest."""
    messages, limit = services().messages, _number("limit", PAGE_DEFAULT)
    if (seq := _number("before")) is not None:
        return await messages.before(room_id, min(seq, head.seq + 1), limit or 1)
    if (seq := _number("after")) is not None:
        return await messages.after(room_id, seq, limit or 1)
    if (seq := _number("around")) is not None:
        return await messages.around(room_id, seq, limit or 1)
    return await messages.newest(room_id, head, limit or 1)


def _number(name: str, default: int | None = None) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Invalid(**{name: f"“{name}” is a whole number."})
    return int(text)
