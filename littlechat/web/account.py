"""One's own account: the profile that others see, the password, and the sessions."""

from quart import Blueprint, g, request
from quart.typing import ResponseReturnValue
from quart_auth import AuthUser, login_user, logout_user
from werkzeug.exceptions import Unauthorized

from littlechat.accounts import (
    PROFILE_LIMITS,
    STATUS_HOURS,
    WrongLogin,
    current,
    validate_bio,
    validate_display,
    validate_status,
    validate_zone,
    zones,
)
from littlechat.core import Invalid, Session
from littlechat.platform import PASSWORD, PROFILE, Missing, now
from littlechat.rendering import AVATAR_STYLES
from littlechat.web.guards import SIGNED_OUT, require_still, signed_in, takes_files
from littlechat.web.pages import form_text, go, page
from littlechat.web.services import services

blueprint = Blueprint("account", __name__)

AVATAR_PIXELS = 256
CHOOSE = "Choose a picture first."
DONE = {
    "profile": "What others see of you is saved.",
    "status": "Your status is set.",
    "avatar": "Your picture is saved.",
    "pictures": "What your pictures tell is set.",
}
"""Sentences by the key that a redirect carries: no other text from an address is shown."""


@blueprint.get("/account")
@signed_in
async def show_account(session: Session) -> ResponseReturnValue:
    """Show a person's profile, sessions and the form for a new password."""
    return await _account(session, 200, {}, DONE.get(request.args.get("done", ""), ""))


@blueprint.post("/account/profile")
@signed_in
async def post_profile(session: Session) -> ResponseReturnValue:
    """Save what others see of a person."""
    await services().platform.rate_limits.hit(PROFILE, session.user.id)
    given = {name: await form_text(name) for name in ("display", "bio", "zone")}
    valid: dict[str, str] = {}
    errors: dict[str, str] = {}
    for name, validate in (
        ("display", validate_display),
        ("bio", validate_bio),
        ("zone", validate_zone),
    ):
        try:
            valid[name] = validate(given[name])
        except Invalid as invalid:
            errors |= invalid.errors
    try:
        if not errors:
            await _change_profile(session, "describe", **valid)
    except Invalid as invalid:
        errors = invalid.errors
    if errors:
        return await _account(session, 422, errors, "", **given)
    return go("/account?done=profile")


@blueprint.post("/account/status")
@signed_in
async def post_status(session: Session) -> ResponseReturnValue:
    """Set or clear one's status."""
    await services().platform.rate_limits.hit(PROFILE, session.user.id)
    text, hours = await form_text("status"), await form_text("hours")
    try:
        await services().accounts.profiles.set_status(
            session.user, validate_status(text, hours, now())
        )
    except Invalid as invalid:
        return await _account(session, 422, invalid.errors, "", status=text)
    return go("/account?done=status")


@blueprint.post("/account/avatar")
@takes_files
@signed_in
async def post_avatar(session: Session) -> ResponseReturnValue:
    """Replace one's picture by a small square cut from the uploaded one."""
    await services().platform.rate_limits.hit(PROFILE, session.user.id)
    chosen = (await request.files).get("file")
    try:
        if not (chosen and chosen.stream.read(1)):
            raise Invalid(file=CHOOSE)
        chosen.stream.seek(0)
        picture = await services().files.thumbnails.make(
            chosen.stream, AVATAR_PIXELS, session.user.id, square=True
        )
    except Invalid as invalid:
        return await _account(session, 422, invalid.errors, "")
    await require_still()  # Others' pictures may have been drawn first.
    await _change_profile(session, "set_avatar", picture.data, picture.type)
    return go("/account?done=avatar")


@blueprint.post("/account/pictures")
@signed_in
async def post_pictures(session: Session) -> ResponseReturnValue:
    """Set whether the pictures one sends go on telling where they were taken."""
    await services().platform.rate_limits.hit(PROFILE, session.user.id)
    keeps = await form_text("position") == "keep"
    await services().accounts.profiles.keep_position(session.user, keeps)
    return go("/account?done=pictures#pictures")


@blueprint.post("/account/avatar/remove")
@signed_in
async def post_remove_avatar(session: Session) -> ResponseReturnValue:
    """Remove one's picture."""
    await services().platform.rate_limits.hit(PROFILE, session.user.id)
    await _change_profile(session, "remove_avatar")
    return go("/account?done=avatar")


async def _change_profile(session: Session, act: str, *values: object, **named: str) -> None:
    """Call a method of the profiles by its name, and make every process read the styles again."""
    served = services()

    async def whole() -> None:
        await getattr(served.accounts.profiles, act)(session.user, *values, **named)
        served.realtime.announcements.signal(AVATAR_STYLES)

    await served.platform.tasks.run_to_completion(whole())


@blueprint.post("/account/password")
@signed_in
async def post_password(session: Session) -> ResponseReturnValue:
    """Change the password, which ends the other sessions."""
    await services().platform.rate_limits.hit(PASSWORD, session.user.id)
    current_, new = await form_text("current"), await form_text("password")
    try:
        # Their turns come before those of strangers, but they have one line however many they ask.
        async with services().platform.hashing.take(session.user.id, first=True):
            token = await services().actions.sessions.change_password(session, current_, new)
    except Missing:
        raise Unauthorized(SIGNED_OUT) from None
    except WrongLogin:
        return await _account(session, 422, {"current": "This is not your current password."}, "")
    except Invalid as invalid:
        return await _account(session, 422, invalid.errors, "")
    login_user(AuthUser(token), remember=True)
    g.session = await services().rooms.access.find_session(token)
    return await _account(
        g.session or session, 200, {}, "Your password is changed; other browsers are out."
    )


@blueprint.post("/account/sessions/<session_id>/end")
@signed_in
async def post_end_session(session: Session, session_id: str) -> ResponseReturnValue:
    """End one of one's own sessions."""
    await services().actions.sessions.end(session.user, session_id)
    if session_id == session.id:
        logout_user()
        return go("/login")
    return go("/account")


@blueprint.post("/account/sessions/end")
@signed_in
async def post_end_sessions(session: Session) -> ResponseReturnValue:
    """End all one's sessions except this one."""
    await services().actions.sessions.end_others(session)
    return go("/account")


async def _account(
    session: Session, status_code: int, errors: dict[str, str], done: str, **given: str
) -> ResponseReturnValue:
    profile = current(await services().accounts.profiles.get(session.user.name), now())
    shown = {
        "display": profile.display,
        "bio": profile.bio,
        "zone": profile.zone,
        "status": profile.status.text,
    }
    return page(
        "accounts/account.html",
        status_code,
        sessions=await services().accounts.sessions.list_of(session.user),
        errors=errors,
        done=done,
        profile=profile,
        given={**shown, **given},
        zones=zones(),
        hours=STATUS_HOURS,
        profile_limits=PROFILE_LIMITS,
    )
