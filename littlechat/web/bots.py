"""A room's bots, for its room managers: creating and removing them, their tokens and webhooks.

A token or a secret is shown in the response to its creation, and never again.
"""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from quart import Blueprint
from quart.typing import ResponseReturnValue

from littlechat.bots import URL_MAX, Bot
from littlechat.core import (
    NAME_READ_MAX,
    Invalid,
    Membership,
    Refused,
    Room,
    Session,
)
from littlechat.platform import CREATE_BOT, Duplicate
from littlechat.web.guards import manager_of
from littlechat.web.hosts import site_origin
from littlechat.web.pages import form_text, go, page
from littlechat.web.services import services

blueprint = Blueprint("bots", __name__)

Result = TypeVar("Result")

NAME_TAKEN = "This name is taken, or looks like one that is. Choose another."


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed into the form of one bot, or of a new one, with errors: it is shown again."""

    bot_id: str = ""
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@blueprint.get("/rooms/<room>/bots")
@manager_of
async def show_bots(session: Session, membership: Membership) -> ResponseReturnValue:
    """Show a room's bots."""
    return await _page(membership)


@blueprint.post("/rooms/<room>/bots")
@manager_of
async def post_bot(session: Session, membership: Membership) -> ResponseReturnValue:
    """Create a bot and show its token."""
    await services().platform.rate_limits.hit(CREATE_BOT, session.user.id)
    await _room(membership)
    name = await form_text("name")
    making = services().bots.store.create(membership.room_id, name, session.user)
    try:
        # The audit log gets only what was validated: longer text could be made to look like
        # entries.
        judged = name[:NAME_READ_MAX].strip()
        bot, token = await _change(session, membership, making, "made a bot", judged)
    except Invalid as invalid:
        return await _page(membership, 422, form=Form("", {"name": name}, invalid.errors))
    except Refused as refused:
        errors = {"name": str(refused)}
        return await _page(membership, 422, form=Form("", {"name": name}, errors))
    except Duplicate:
        errors = {"name": NAME_TAKEN}
        return await _page(membership, 409, form=Form("", {"name": name}, errors))
    return await _page(membership, 201, shown=bot.id, token=token)


@blueprint.post("/rooms/<room>/bots/<bot>/token")
@manager_of
async def post_token(session: Session, membership: Membership, bot: str) -> ResponseReturnValue:
    """Replace a bot's token and show the new one."""
    await services().platform.rate_limits.hit(CREATE_BOT, session.user.id)
    found = await services().bots.store.get(membership.room_id, bot)
    renewing = services().bots.store.replace_token(found, session.user)
    act = "gave a bot a new token"
    token = await _change(session, membership, renewing, act, found.name)
    return await _page(membership, shown=found.id, token=token)


@blueprint.post("/rooms/<room>/bots/<bot>/revoke")
@manager_of
async def post_revoke(session: Session, membership: Membership, bot: str) -> ResponseReturnValue:
    """End a bot's token."""
    found = await services().bots.store.get(membership.room_id, bot)
    ending = services().bots.store.revoke_token(found)
    await _change(session, membership, ending, "ended a bot’s token", found.name)
    return _back(found)


@blueprint.post("/rooms/<room>/bots/<bot>/webhook")
@manager_of
async def post_webhook(session: Session, membership: Membership, bot: str) -> ResponseReturnValue:
    """Set or remove a bot's webhook; a new secret is shown."""
    await services().platform.rate_limits.hit(CREATE_BOT, session.user.id)
    found = await services().bots.store.get(membership.room_id, bot)
    typed = {name: await form_text(name) for name in ("url", "when")}
    origin = site_origin()
    setting = services().bots.store.set_webhook(
        found, typed["url"], typed["when"], origin, session.user
    )
    try:
        secret = await _change(session, membership, setting, "set a bot’s webhook", found.name)
    except Invalid as invalid:
        return await _page(membership, 422, form=Form(found.id, typed, invalid.errors))
    return await _page(membership, shown=found.id, secret=secret) if secret else _back(found)


@blueprint.post("/rooms/<room>/bots/<bot>/remove")
@manager_of
async def post_remove(session: Session, membership: Membership, bot: str) -> ResponseReturnValue:
    """Remove a bot."""
    found = await services().bots.store.get(membership.room_id, bot)
    removing = services().bots.store.remove(found)
    await _change(session, membership, removing, "removed a bot", found.name)
    return go(f"/rooms/{membership.room_id}/bots")


async def _change(
    session: Session,
    membership: Membership,
    work: Coroutine[Any, Any, Result],
    act: str,
    name: str,
) -> Result:
    """Run a change to its end, with what must follow it.

    Every process drops its cache of who is in the room, and the audit log gets an entry.
    """

    async def whole() -> Result:
        result = await work
        # The empty user matches no socket: nothing is closed, only caches are dropped.
        served.realtime.announcements.revoke(user="", room=membership.room_id)
        await served.accounts.audit.note(session.user, act, name, membership.room_id)
        return result

    served = services()
    return await served.platform.tasks.run_to_completion(whole())


async def _room(membership: Membership) -> Room:
    room = await services().rooms.store.get(membership.room_id)
    if room.is_direct:
        raise Refused("A direct conversation has no bots: make a room for them.")
    return room


def _back(bot: Bot) -> ResponseReturnValue:
    return go(f"/rooms/{bot.room_id}/bots#bot-{bot.id}")


async def _page(
    membership: Membership,
    status: int = 200,
    *,
    form: Form | None = None,
    shown: str = "",
    token: str = "",
    secret: str = "",
) -> ResponseReturnValue:
    return page(
        "bots/bots.html",
        status,
        room=await _room(membership),
        bots=await services().bots.store.list_bots(membership.room_id),
        origin=site_origin(),
        url_max=URL_MAX,
        form=form or Form(),
        shown=shown,
        token=token,
        secret=secret,
    )
