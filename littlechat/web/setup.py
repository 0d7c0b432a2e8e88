"""The first page of an installation: its administrator, its name, and who may register.

It is there until the first account is made, by whatever way; of two at once, one wins.
"""

from dataclasses import dataclass, field, replace

from quart import Blueprint, current_app, request
from quart.typing import ResponseReturnValue, ResponseTypes

from littlechat.accounts import (
    INSTALLATION_NAME_MAX,
    NAME_DEFAULT,
    Mode,
    validate_installation_name,
    validate_mode,
)
from littlechat.core import LOBBY, Invalid, Refused, Session, User
from littlechat.platform import LOGIN_RATE, REGISTER
from littlechat.web.auth import USERNAME_READ_MAX, sign_in
from littlechat.web.clients import (
    client_network,
    cookie_certainly_will_not_stick,
    cookie_will_not_stick,
)
from littlechat.web.guards import find_session
from littlechat.web.hosts import brought_token, require_first_right, settle_address, site_origin
from littlechat.web.pages import form_text, go, page
from littlechat.web.proxies import trouble_here
from littlechat.web.services import services

blueprint = Blueprint("setup", __name__)

GUESTS, GUEST_DAYS = 25, 7
"""For how many people and days the first invitation is."""

INVITATION_COOKIE = "littlechat-invitation"
COOKIE_SECONDS = 600
"""How long the Lobby goes on showing the first invitation, whose token is stored nowhere else."""


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed, to be shown again."""

    installation: str = NAME_DEFAULT
    username: str = ""
    mode: str = "invitation"
    errors: dict[str, str] = field(default_factory=dict)


@blueprint.get("/setup")
async def show_setup() -> ResponseReturnValue:
    """Show the first page, as long as there is no account."""
    if await find_session() or await services().accounts.roles.are_given():
        return go("/rooms")
    await require_first_right()
    return _page(200, Form())


@blueprint.post("/setup")
async def post_setup() -> ResponseReturnValue:
    """Set the installation up, sign its administrator in and lead to the Lobby."""
    installation, username, mode = [
        await form_text(name) for name in ("installation", "username", "mode")
    ]
    given = Form(installation, username, mode)
    throttle, network = services().platform.rate_limits, client_network()
    await throttle.hit(LOGIN_RATE, network)
    await throttle.check(REGISTER, network)
    await require_first_right()
    if cookie_certainly_will_not_stick():
        return _page(403, given)
    try:
        user, chosen = await _set_up(installation, username, mode)
        await throttle.hit(REGISTER, network)
    except Refused as refused:
        return page("accounts/setup_refused.html", 409, sentence=str(refused))
    except Invalid as invalid:
        return _page(422, replace(given, errors=invalid.errors))
    await settle_address(user)
    await sign_in(user)
    await services().actions.members.join(LOBBY, user)
    response = await current_app.make_response(go(f"/rooms/{LOBBY}?welcome=1"))
    if chosen == "invitation":
        acts = services().actions.administration
        _keep_invitation(await acts.invite(user, GUESTS, GUEST_DAYS), response)
    return response


async def _set_up(installation: str, username: str, mode: str) -> tuple[User, Mode]:
    name, chosen = validate_installation_name(installation), validate_mode(mode)
    password = await form_text("password")
    acts = services().actions.administration
    async with services().platform.hashing.take(client_network()):
        user = await acts.set_up(username[:USERNAME_READ_MAX], password, name, chosen)
    return user, chosen


def _keep_invitation(token: str, response: ResponseTypes) -> None:
    response.set_cookie(
        INVITATION_COOKIE,
        token,
        max_age=COOKIE_SECONDS,
        path=f"/rooms/{LOBBY}",
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )


async def welcome(session: Session, room_id: str) -> dict[str, str] | None:
    """Return what the Lobby shows an administrator who has just set the installation up."""
    if room_id != LOBBY or "welcome" not in request.args or not session.user.is_admin:
        return None
    mode = await services().accounts.registration.mode()
    link = f"{site_origin()}/register"
    if mode == "invitation":
        token = request.cookies.get(INVITATION_COOKIE, "")
        link = f"{link}?invitation={token}" if token else ""
    return {"mode": mode, "link": "" if mode == "closed" else link}


def _page(status: int, form: Form) -> ResponseReturnValue:
    return page(
        "accounts/setup.html",
        status,
        setup=form,
        token=brought_token(),
        insecure=cookie_will_not_stick(),
        trouble=trouble_here(),
        name_max=INSTALLATION_NAME_MAX,
    )
