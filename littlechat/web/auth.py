"""Registering, logging in and out, and setting a password by a link."""

from quart import Blueprint, current_app, request
from quart.typing import ResponseReturnValue
from quart_auth import AuthUser, current_user, login_user, logout_user

from littlechat.accounts import Disabled, WrongLogin
from littlechat.core import (
    Invalid,
    Refused,
    User,
    fold,
)
from littlechat.platform import (
    LOGIN_RATE,
    REGISTER,
    Duplicate,
    Unavailable,
)
from littlechat.web.clients import (
    client_address,
    client_network,
    cookie_certainly_will_not_stick,
    cookie_will_not_stick,
)
from littlechat.web.devices import known_device, remember_device
from littlechat.web.guards import find_session
from littlechat.web.hosts import require_first_right
from littlechat.web.pages import (
    form_text,
    go,
    local_path,
    page,
)
from littlechat.web.proxies import trouble_here
from littlechat.web.services import services

blueprint = Blueprint("auth", __name__)

USERNAME_READ_MAX = 500
"""Normalizing takes time squared in a run of combining marks: 120 KB would stop everybody for
seconds. What is cut is far too long for any name."""

TOKEN_READ_MAX = 200

NAME_TAKEN = (
    "This name is taken, or looks like one that is. Choose another, or log in if it is yours."
)
DISABLED = "This account is disabled. An administrator of this installation can enable it again."
WRONG_LOGIN = "This name and password do not belong together."


@blueprint.get("/")
async def show_start() -> ResponseReturnValue:
    """Send people to their rooms, strangers to the door, and the very first to the first page."""
    if await find_session():
        return go("/rooms")
    return go("/login" if await _is_set_up() else "/setup")


@blueprint.get("/register")
async def show_register() -> ResponseReturnValue:
    """Show the form for a new account."""
    if await find_session():
        return go("/rooms")
    await require_first_right()
    token = request.args.get("invitation", "")[:TOKEN_READ_MAX]
    try:
        await services().accounts.registration.require_allowed(token)
    except Refused as refused:
        return _refused(refused)
    target = _next(request.args.get("next", ""))
    return await _register_page(200, {}, "", target, token)


async def _register_page(
    status: int, errors: dict[str, str], username: str, target: str, token: str
) -> ResponseReturnValue:
    return page(
        "accounts/register.html",
        status,
        errors=errors,
        username=username,
        next=target,
        ticket=token,
        insecure=cookie_will_not_stick(),
        first=not await _is_set_up(),
    )


def _refused(refused: Refused) -> ResponseReturnValue:
    return page("accounts/registration_refused.html", 403, sentence=str(refused))


@blueprint.post("/register")
async def post_register() -> ResponseReturnValue:
    """Create an account and sign in."""
    username, target = await form_text("username"), _next(await form_text("next"))
    invitation = (await form_text("invitation"))[:TOKEN_READ_MAX]
    throttle, network = services().platform.rate_limits, client_network()
    # All tries are counted: each shows whether a name is taken, and each costs a password hash.
    await throttle.hit(LOGIN_RATE, network)
    await throttle.check(REGISTER, network)
    await require_first_right()
    if cookie_certainly_will_not_stick():
        return await _register_page(403, {}, username, target, invitation)
    try:
        password = await form_text("password")
        async with services().platform.hashing.take(network):
            user = await services().actions.administration.register(
                username[:USERNAME_READ_MAX], password, invitation
            )
        await throttle.hit(REGISTER, network)
    except Refused as refused:
        return _refused(refused)
    except Invalid as invalid:
        return await _register_page(422, invalid.errors, username, target, invitation)
    except Duplicate:
        errors = {"username": NAME_TAKEN}
        return await _register_page(409, errors, username, target, invitation)
    await sign_in(user)
    return go(target)


@blueprint.get("/login")
async def show_login() -> ResponseReturnValue:
    """Show the form to log in."""
    target = _next(request.args.get("next", ""))
    if await find_session():
        return go(target)
    done = "Your password is set. Log in with it." if request.args.get("done") else ""
    return await _login(200, await _why_signed_out(), "", target, done)


async def _login(
    status: int, error: str, username: str, target: str, done: str = ""
) -> ResponseReturnValue:
    return page(
        "accounts/login.html",
        status,
        error=error,
        username=username,
        next=target,
        insecure=cookie_will_not_stick(),
        trouble=trouble_here(),
        first=not await _is_set_up(),
        registers=await _may_register(),
        done=done,
    )


async def _is_set_up() -> bool:
    try:
        return await services().accounts.roles.are_given()
    except Unavailable:
        return True


async def _may_register() -> bool:
    try:
        return await services().accounts.registration.mode() == "open"
    except Unavailable:
        return True  # The login page is shown without the database, too.


async def _why_signed_out() -> str:
    """Return the reason if this browser's session ended because its account was disabled."""
    token = current_user.auth_id
    return DISABLED if token and await services().accounts.sessions.was_disabled(token) else ""


@blueprint.post("/login")
async def post_login() -> ResponseReturnValue:
    """Check name and password; the error does not say which of them is wrong."""
    username, target = await form_text("username"), _next(await form_text("next"))
    password = await form_text("password")
    if cookie_certainly_will_not_stick():
        return await _login(403, "", username, target)
    given = username[:USERNAME_READ_MAX]
    name = fold(given.strip())[:64]
    limits, network = services().platform.login_limits, client_network()
    device = known_device(name)
    if not await limits.count(name, network, device):
        device = ""
    try:
        async with services().platform.hashing.take(device or network, first=bool(device)):
            user = await services().accounts.users.check_password(given, password)
        await sign_in(user)
    except Disabled:
        return await _login(403, DISABLED, username, target)
    except WrongLogin:
        return await _login(401, WRONG_LOGIN, username, target)
    await limits.was_right(name, network, device)
    return go(target)


@blueprint.post("/logout")
async def post_logout() -> ResponseReturnValue:
    """End the session and close its sockets everywhere; no error if it has ended already."""
    if session := await find_session():
        await services().actions.sessions.log_out(session)
    logout_user()
    response = await current_app.make_response(go("/login"))
    # Drafts must not be left for the next person who uses this browser.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@blueprint.get("/reset/<token>")
async def show_reset(token: str) -> ResponseReturnValue:
    """Show the form to set a password; the token is all that is needed."""
    user = await services().actions.administration.find_owner(token)
    return page("accounts/reset_password.html", user=user, token=token, errors={})


@blueprint.post("/reset/<token>")
async def post_reset(token: str) -> ResponseReturnValue:
    """Set a password by a link, which ends all sessions, and redirect to the login."""
    await services().platform.rate_limits.hit(LOGIN_RATE, client_network())
    password = await form_text("password")
    try:
        async with services().platform.hashing.take(client_network()):
            await services().actions.administration.reset_password(token, password)
    except Invalid as invalid:
        user = await services().actions.administration.find_owner(token)
        return page(
            "accounts/reset_password.html", 422, user=user, token=token, errors=invalid.errors
        )
    logout_user()
    return go("/login?done=password")


async def sign_in(user: User) -> None:
    """Begin a session of this browser, which ends the one it had."""
    if old := await find_session():
        await services().actions.sessions.log_out(old)
    agent = request.headers.get("User-Agent", "")
    token, _ = await services().accounts.sessions.open(user, agent, client_address())
    # With an action of its own a user would be signed in until the browser is closed:
    # `login_user` overwrites it.
    login_user(AuthUser(token), remember=True)
    remember_device(user.name)


def _next(target: str) -> str:
    return local_path(target) or "/rooms"
