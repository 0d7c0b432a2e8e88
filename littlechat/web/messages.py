"""Messages: the page of a room, parts of its history, posting, editing and removing."""

from dataclasses import replace

from markupsafe import Markup
from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from littlechat.core import (
    SEQ_MAX,
    Cursor,
    Draft,
    File,
    Invalid,
    Membership,
    Message,
    Page,
    Session,
    new_id,
    validate_client_id,
    validate_number,
    validate_switch,
)
from littlechat.messages import PAGE_DEFAULT
from littlechat.platform import SEND, Missing
from littlechat.text import may_mention_all
from littlechat.web.files import form_files
from littlechat.web.guards import member_of, signed_in, takes_files
from littlechat.web.pages import (
    cached_page,
    form_text,
    fragment,
    go,
    is_htmx,
    page,
    present_among,
)
from littlechat.web.services import services
from littlechat.web.setup import welcome

blueprint = Blueprint("messages", __name__)


@blueprint.get("/rooms/<room>")
@signed_in
async def show_room(session: Session, room: str) -> ResponseReturnValue:
    """Show a room to its members, and to others a page to join it."""
    # If the lists of rooms have to be read, the membership is cached by the same reading.
    await services().rooms.access.list_rooms(session.user, here=room)
    membership = await services().rooms.access.find_membership(room, session.user)
    if membership is None:
        found, _ = await services().rooms.store.get_visible(room, session.user)
        banned = await services().rooms.bans.is_banned(room, session.user.id)
        return page("rooms/join.html", 403 if banned else 200, room=found, banned=banned)
    thread = validate_number(request.args.get("thread", ""), "thread", None, least=1)
    return await _conversation(session, membership, 200, Draft("", "", thread=thread), "")


async def _conversation(
    session: Session,
    membership: Membership,
    status: int,
    draft: Draft,
    error: str,
    attached: tuple[File, ...] = (),
) -> ResponseReturnValue:
    """Return the room's page, with a draft that could not be posted in its field."""
    served, room_id = services(), membership.room_id
    panel = await _panel(room_id, draft.thread, draft, error) if draft.thread else None
    # Read before the messages: what is posted in between is then sent again rather than missed.
    head = await served.messages.head(room_id)
    end = await served.messages.end(room_id)
    stretch = await _stretch(room_id, head)
    joined, others = await served.rooms.access.list_rooms(session.user)
    members = await served.rooms.access.list_members(room_id)
    await served.renderer.prepare(stretch.messages)
    room = next((one for one in joined if one.id == room_id), None)
    read = room.read if room else membership.read
    return cached_page(
        "rooms/room.html",
        room_id,
        {
            "history": served.renderer.history(room_id, stretch),
            "cursor": head,
            "end": end.seq,
            "end_unlisted": end.unlisted,
            "client_id": new_id(),
            "panel": panel or "",
        },
        status,
        room=room or await served.rooms.store.get(room_id),
        membership=membership,
        joined=joined,
        others=others,
        present=present_among(joined),
        here=room_id,
        search="",
        members=members,
        may_mention_all=may_mention_all(members, session.user),
        displays=services().avatar_styles.displays,
        read=read,
        unread=max(0, end.listed - read.listed),
        online=served.realtime.feeds.online(room_id),
        away=served.realtime.feeds.away(room_id),
        stretch=replace(stretch, messages=[]),
        threaded=panel is not None,
        body="" if panel else draft.body,
        error="" if panel else error,
        attached=() if panel else attached,
        file_max=served.files.uploads.bytes_max,
        moderates=served.settings.moderate_direct_messages,
        welcome=await welcome(session, room_id),
    )


async def _panel(room_id: str, seq: int, draft: Draft, error: str) -> Markup:
    """Return the panel of a thread, with a draft that could not be posted in its field."""
    thread = await services().actions.threads.get(room_id, seq)
    await services().renderer.prepare([thread.root, *thread.replies])
    html = services().renderer.page(
        "messages/_thread.html",
        thread=thread,
        draft=draft,
        error=error,
        client_id=new_id(),
        file_max=services().files.uploads.bytes_max,
    )
    return Markup(html)  # noqa: S704 - our own template's autoescaped output


@blueprint.get("/rooms/<room>/messages")
@member_of
async def show_messages(session: Session, membership: Membership) -> ResponseReturnValue:
    """Return a part of the history, with links to what is around it, as a fragment."""
    room_id = membership.room_id
    head = await services().messages.head(room_id)
    stretch = await _stretch(room_id, head)
    end: Cursor | None = head
    # The page has what is on the near side: only the far end gets a link.
    if request.args.get("before"):
        stretch, end = replace(stretch, newer=False), None
    elif request.args.get("after"):
        stretch = replace(stretch, older=False)
    await services().renderer.prepare(stretch.messages)
    return fragment(services().renderer.history(room_id, stretch, end))


@blueprint.post("/rooms/<room>/messages")
@takes_files
@member_of
async def post_message(session: Session, membership: Membership) -> ResponseReturnValue:
    """Post a message; htmx gets it as a fragment, a plain browser is redirected to the room."""
    draft, room_id, ids = await _draft(), membership.room_id, list[str]()
    await services().platform.rate_limits.hit(SEND, session.user.id)
    try:
        draft = await services().actions.threads.address(room_id, session.user, draft)
        await form_files(room_id, session.user, ids)
        client_id = validate_client_id(draft.client_id)
        files = await services().files.attachments.claim(room_id, session.user, ids, client_id)
        draft = replace(draft, client_id=client_id, files=files)
        message = await services().actions.messages.say(room_id, session.user, draft)
    except Invalid as invalid:
        if is_htmx():
            raise
        # The page again, with what was not posted in its fields.
        if "thread" in invalid.errors:
            draft = replace(draft, thread=None)
        attached = await services().files.attachments.list_unattached(room_id, session.user, ids)
        return await _conversation(session, membership, 422, draft, str(invalid), tuple(attached))
    if is_htmx():
        return fragment(services().renderer.message(message), 201)
    # Without scripts a page does not report what was read: who posts has read the room.
    services().platform.tasks.spawn(
        services().realtime.unread_signals.mark_read(session.user, room_id, message.seq)
    )
    thread = f"?thread={message.thread}" if message.thread else ""
    return go(f"/rooms/{room_id}{thread}")


async def _draft() -> Draft:
    thread = validate_number(await form_text("thread"), "thread", None, least=1)
    shown = validate_switch(await form_text("shown"), "shown")
    return Draft(
        await form_text("body"),
        await form_text("client_id"),
        thread=thread,
        shown=thread is None or bool(shown),
    )


@blueprint.get("/rooms/<room>/messages/<int:seq>")
@member_of
async def show_message(session: Session, membership: Membership, seq: int) -> ResponseReturnValue:
    """Return one message as a fragment."""
    message = await _message(membership, seq)
    await services().renderer.prepare([message])
    return fragment(services().renderer.message(message))


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
    await services().platform.rate_limits.hit(SEND, session.user.id)
    body = await form_text("body")
    try:
        message = await services().actions.messages.edit(
            membership.room_id, _storable(seq), session.user, body
        )
    except Invalid as invalid:
        return _edit_form(await _message(membership, seq), 422, body, str(invalid))
    return _changed(message)


@blueprint.post("/rooms/<room>/messages/<int:seq>/remove")
@member_of
async def post_remove(session: Session, membership: Membership, seq: int) -> ResponseReturnValue:
    """Remove one's own message, or any message of a room that one manages."""
    await services().platform.rate_limits.hit(SEND, session.user.id)
    message = await services().actions.administration.remove_message(
        membership, _storable(seq), session.user
    )
    return _changed(message)


async def _message(membership: Membership, seq: int) -> Message:
    return await services().messages.get(membership.room_id, _storable(seq))


def _storable(seq: int) -> int:
    # Addresses may hold larger numbers than the database can (64 bits).
    if seq > SEQ_MAX:
        raise Missing
    return seq


def _edit_form(message: Message, status: int, body: str, error: str) -> ResponseReturnValue:
    template = "messages/_edit.html" if is_htmx() else "messages/edit.html"
    return page(template, status, message=message, body=body, error=error)


def _changed(message: Message) -> ResponseReturnValue:
    if is_htmx():
        return fragment(services().renderer.message(message))
    return go(f"/rooms/{message.room_id}?around={message.seq}#message-{message.seq}")


async def _stretch(room_id: str, head: Cursor) -> Page:
    """Return the messages that the query asks for: before, after or around a seq, or the newest."""
    messages = services().messages
    limit = validate_number(request.args.get("limit", ""), "limit", PAGE_DEFAULT)
    if (seq := _number("before")) is not None:
        return await messages.before(room_id, min(seq, head.seq + 1), limit or 1)
    if (seq := _number("after")) is not None:
        return await messages.after(room_id, seq, limit or 1)
    if (seq := _number("around")) is not None:
        return await messages.around(room_id, seq, limit or 1)
    return await messages.newest(room_id, head, limit or 1)


def _number(name: str) -> int | None:
    return validate_number(request.args.get(name, ""), name, None)
