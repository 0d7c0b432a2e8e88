"""Settings of notifications: browsers, levels and quiet hours; and the level of one room."""

from urllib.parse import urlsplit

from quart import Blueprint
from quart.typing import ResponseReturnValue

from littlechat.accounts import zones
from littlechat.core import Invalid, Membership, Session
from littlechat.notifications import (
    AUTH_BYTES,
    P256DH_BYTES,
    validate_endpoint,
    validate_key,
    validate_level,
    validate_preferences,
)
from littlechat.platform import SUBSCRIBE
from littlechat.web.guards import member_of, signed_in
from littlechat.web.hosts import site_origin
from littlechat.web.pages import (
    form_text,
    go,
    is_htmx,
    local_path,
    page,
)
from littlechat.web.services import services

blueprint = Blueprint("notifications", __name__)

PATH = "/account/notifications"
FIELDS = ("level", "quiet_from", "quiet_to", "zone")


@blueprint.get(PATH)
@signed_in
async def show_notifications(session: Session) -> ResponseReturnValue:
    """Show what the person is notified of, and in which browsers."""
    return await _page(session)


@blueprint.post(PATH)
@signed_in
async def post_notifications(session: Session) -> ResponseReturnValue:
    """Store what the person is notified of, and when not."""
    given = {name: await form_text(name) for name in FIELDS}
    try:
        chosen = validate_preferences(**given)
    except Invalid as invalid:
        return await _page(session, 422, errors=invalid.errors, given=given)
    await services().notifications.set_preferences(session, chosen)
    return await _page(session, done="Saved.")


@blueprint.post(f"{PATH}/subscribe")
@signed_in
async def post_subscribe(session: Session) -> ResponseReturnValue:
    """Subscribe this browser, by its push service's address and its keys."""
    await services().platform.rate_limits.hit(SUBSCRIBE, session.user.id)
    private = services().settings.push_private
    endpoint = validate_endpoint(await form_text("endpoint"), private=private)
    p256dh = validate_key(await form_text("p256dh"), P256DH_BYTES)
    auth = validate_key(await form_text("auth"), AUTH_BYTES)
    await services().notifications.subscribe(session, endpoint, p256dh, auth, _contact())
    return go(PATH)


@blueprint.post(f"{PATH}/unsubscribe")
@signed_in
async def post_unsubscribe(session: Session) -> ResponseReturnValue:
    """Unsubscribe one of the person's browsers."""
    await services().notifications.unsubscribe(session, await form_text("browser"))
    return go(PATH)


@blueprint.post(f"{PATH}/test")
@signed_in
async def post_test(session: Session) -> ResponseReturnValue:
    """Send a test notification to all the person's browsers."""
    await services().platform.rate_limits.hit(SUBSCRIBE, session.user.id)
    answers = await services().notifications.send_test(session)
    if not answers:
        return await _page(session, 422, error="Turn notifications on first, in this browser.")
    failed = [answer for answer in answers if answer.kind != "sent"]
    if not failed:
        return await _page(session, done="A test is on its way. It may take a few seconds.")
    reason = f"answered {failed[0].status}" if failed[0].status else "could not be reached"
    error = f"{len(failed)} of {len(answers)} did not get through: the push service {reason}."
    return await _page(session, 422, error=error)


@blueprint.post("/rooms/<room>/level")
@member_of
async def post_level(session: Session, membership: Membership) -> ResponseReturnValue:
    """Store the level of one room; empty is the person's usual one."""
    raw, room_id = await form_text("level"), membership.room_id
    level = validate_level(raw) if raw else None
    await services().notifications.set_level(room_id, session, level)
    # Lists show whether a room is muted, and what is remembered of the person is from before.
    services().realtime.announcements.refresh(session.user.id)
    services().realtime.announcements.announce_rooms([session.user.id])
    if is_htmx():
        return page("notifications/_room_level.html", room_id=room_id, level=level, back="")
    return go(local_path(await form_text("back")) or f"/rooms/{room_id}")


def _contact() -> str:
    # Push services want an address to contact us; Apple's accepts only one of this form.
    name = urlsplit(site_origin()).hostname or ""
    return f"https://{name if name and ':' not in name else 'localhost'}"


async def _page(
    session: Session,
    status: int = 200,
    *,
    errors: dict[str, str] | None = None,
    given: dict[str, str] | None = None,
    done: str = "",
    error: str = "",
) -> ResponseReturnValue:
    recipient = await services().notifications.get_recipient(session)
    chosen = recipient.preferences
    person = await services().accounts.profiles.get(session.user.name)
    kept = {
        "level": chosen.level,
        "quiet_from": f"{chosen.quiet_from:%H:%M}" if chosen.quiet_from else "",
        "quiet_to": f"{chosen.quiet_to:%H:%M}" if chosen.quiet_to else "",
        "zone": chosen.zone or person.zone,
    }
    return page(
        "notifications/settings.html",
        status,
        browsers=recipient.subscriptions,
        key=services().notifications.public_key,
        given=given or kept,
        zones=zones(),
        errors=errors or {},
        done=done,
        error=error,
    )
