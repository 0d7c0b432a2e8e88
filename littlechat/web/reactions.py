"""Reactions: adding and removing an emoji under a message, and the emoji picker."""

import hashlib
from functools import cache

from quart import Blueprint, Response, request
from quart.typing import ResponseReturnValue

from littlechat.core import (
    SEQ_MAX,
    Membership,
    Session,
    validate_switch,
)
from littlechat.messages import reacted
from littlechat.platform import REACT, Missing
from littlechat.text import list_groups, validate_emoji
from littlechat.web.guards import member_of, signed_in
from littlechat.web.pages import (
    form_text,
    fragment,
    go,
    is_htmx,
)
from littlechat.web.services import services

blueprint = Blueprint("reactions", __name__)


@blueprint.post("/rooms/<room>/messages/<int:seq>/reactions")
@member_of
async def post_reaction(session: Session, membership: Membership, seq: int) -> ResponseReturnValue:
    """Add one's emoji to a message (`on=1`), remove it (`on=0`), or toggle it (without `on`)."""
    await services().platform.rate_limits.hit(REACT, session.user.id)
    if seq > SEQ_MAX:
        raise Missing
    emoji = validate_emoji(await form_text("emoji"))
    on = validate_switch(await form_text("on"), "on")
    message = await services().actions.messages.change(
        membership.room_id, seq, reacted(emoji, session.user, on=on)
    )
    if is_htmx():
        return fragment(services().renderer.message(message))
    address = f"thread={message.thread}" if message.thread else f"around={seq}"
    return go(f"/rooms/{membership.room_id}?{address}#message-{seq}")


@blueprint.get("/emoji")
@signed_in
async def show_emoji(session: Session) -> ResponseReturnValue:
    """Return all emoji to choose from, as a fragment that browsers cache."""
    html = _picker()
    version = hashlib.sha256(html.encode()).hexdigest()[:12]
    response = Response(html, content_type="text/html; charset=utf-8")
    response.set_etag(version)
    response.headers["Cache-Control"] = "private, max-age=86400"
    return await response.make_conditional(request)


@cache
def _picker() -> str:
    return services().renderer.page("messages/_emoji_list.html", groups=list_groups())
