"""A thread: the panel beside its room."""

from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from littlechat.core import (
    SEQ_MAX,
    Draft,
    Membership,
    Session,
    new_id,
    validate_number,
)
from littlechat.platform import Missing
from littlechat.web.guards import member_of
from littlechat.web.pages import go, is_htmx, page
from littlechat.web.services import services

blueprint = Blueprint("threads", __name__)


@blueprint.get("/rooms/<room>/messages/<int:seq>/thread")
@member_of
async def show_thread(session: Session, membership: Membership, seq: int) -> ResponseReturnValue:
    """Return a thread's panel, or with `before` older replies.

    A plain browser is redirected to the room with the thread open.
    """
    room_id = membership.room_id
    before = validate_number(request.args.get("before", ""), "before", None, least=1)
    if seq > SEQ_MAX:
        raise Missing
    thread = await services().actions.threads.get(room_id, seq, before)
    await services().renderer.prepare([thread.root, *thread.replies])
    if not is_htmx():
        return go(f"/rooms/{room_id}?thread={thread.root.seq}")
    if before is not None:
        return page("messages/_thread_replies.html", thread=thread)
    return page(
        "messages/_thread.html",
        thread=thread,
        draft=Draft("", ""),
        error="",
        client_id=new_id(),
        file_max=services().files.uploads.bytes_max,
    )
