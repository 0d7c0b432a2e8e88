"""The way in and out: register, log in, log out, and a person's sessions and password."""

from quart import Blueprint, current_app, request
from quart.typing import ResponseReturnValue
from quart_auth import Action, AuthUser, login_user, logout_user

from littlechat.accounts import WrongLogin
from littlechat.db import Duplicate
from littlechat.models import Invalid, Session, User, fold
from littlechat.throttle import (
    LOGIN_ADDRESS,
    LOGIN_NAME,
    LOGIN_PAIR,
    LOGIN_RATE,
    PASSWORD,
    REGISTER,
)
from littlechat.web import (
    client_address,
    client_network,
    find_session,
    form_text,
    go,
    local_path,
    page,
    services,
    session_cookie_is_secure,
    signed_in,
)

blueprint = Blueprint("auth", __name__)

USERNAME_READ_MAX = 500

WRONG_LOGIN = "This name and password do not belong together."


@blueprint.get("/")
async def show_start() -> ResponseReturnValue:
    """Send people to their rooms, and strangers to the door."""
    return go("/rooms" if await find_session() else "/login")


@blueprint.get("/register")
async def show_register() -> ResponseReturnValue:
    """Show the form for a new account."""
    if await find_session():
        return go("/rooms")
    return page("register.html", errors={}, username="", next=_next(request.args.get("next", "")))


@blueprint.post("/register")
async def post_register() -> ResponseReturnValue:
    """Make an account and sign in."""
    username, target = await form_text("username"), _next(await form_text("next"))
    throttle, network = services().throttle, client_network()
    # Tries of any outcome: a taken name tells that it exists, and a burst would queue for hashing.
    await throttle.hit(LOGIN_RATE, network)
    await throttle.check(REGISTER, network)
    try:
        user = await services().accounts.register(_bounded(username), await form_text("password"))
        await throttle.hit(REGISTER, network)
    except Invalid as invalid:
        return page("register.html", 422, errors=invalid.errors, username=username, next=target)
    except Duplicate:
        errors = {"username": "This name is taken. Choose another, or log in if it is yours."}
        return page("register.html", 409, errors=errors, username=username, next=target)
    await _sign_in(user)
    return go(target)


@blueprint.get("/login")
async def show_login() -> ResponseReturnValue:
    """Show the form to log in."""
    target = _next(request.args.get("next", ""))
    if await find_session():
        return go(target)
    return page("login.html", error="", username="", next=target, insecure=_cookie_will_not_stick())


@blueprint.post("/login")
async def post_login() -> ResponseReturnValue:
    """Check name and password; one text whatever is wrong."""
    username, target = await form_text("username"), _next(await form_text("next"))
    throttle, network = services().throttle, client_network()
    await throttle.hit(LOGIN_RATE, network)
    await throttle.check(LOGIN_ADDRESS, network)
    given = _bounded(username)
    name = fold(given.strip())[:64]
    await throttle.hit(LOGIN_PAIR, name, network)
    await throttle.hit(LOGIN_NAME, name)
    try:
        user = await services().accounts.check_password(given, await form_text("password"))
        await _sign_in(user)
    except WrongLogin:
        await throttle.hit(LOGIN_ADDRESS, network)
        return page(
            "login.html",
            401,
            error=WRONG_LOGIN,
            username=username,
            next=target,
            insecure=_cookie_will_not_stick(),
        )
    await throttle.clear(LOGIN_PAIR, name, network)
    await throttle.clear(LOGIN_NAME, name)
    return go(target)


@blueprint.post("/logout")
async def post_logout() -> ResponseReturnValue:
    """End the session here and everywhere it has sockets; being signed out already is fine."""
    if session := await find_session():
        await services().actions.log_out(session)
    logout_user()
    response = await current_app.make_response(go("/login"))
    # Drafts of one person must not wait for the next one at the same machine.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@blueprint.get("/account")
@signed_in
async def show_account(session: Session) -> ResponseReturnValue:
    """Show a person's sessions and the form for a new password."""
    return await _account(session, 200, {}, "")


@blueprint.post("/account/password")
@signed_in
async def post_password(session: Session) -> ResponseReturnValue:
    """Change the password, which ends the other sessions."""
    await services().throttle.hit(PASSWORD, session.user.id)
    current, new = await form_text("current"), await form_text("password")
    try:
        await services().actions.change_password(session, current, new)
    except WrongLogin:
        return await _account(session, 422, {"current": "This is not your current password."}, "")
    except Invalid as invalid:
        return await _account(session, 422, invalid.errors, "")
    return await _account(session, 200, {}, "Your password is changed; other browsers are out.")


@blueprint.post("/account/sessions/<session_id>/end")
@signed_in
async def post_end_session(session: Session, session_id: str) -> ResponseReturnValue:
    """End one of one's own sessions."""
    await services().actions.end_session(session.user, session_id)
    if session_id == session.id:
        logout_user()
        return go("/login")
    return go("/account")


@blueprint.post("/account/sessions/end")
@signed_in
async def post_end_sessions(session: Session) -> ResponseReturnValue:
    """End all one's sessions but this one."""
    await services().actions.end_other_sessions(session)
    return go("/account")


async def _account(
    session: Session, status: int, errors: dict[str, str], done: str
) -> ResponseReturnValue:
    sessions = await services().accounts.list_sessions(session.user)
    return page("account.html", status, sessions=sessions, errors=errors, done=done)


async def _sign_in(user: User) -> None:
    if old := await find_session():
        await services().actions.log_out(old)
    agent = request.headers.get("User-Agent", "")
    token, _ = await services().accounts.open_session(user, agent, client_address())
    login_user(AuthUser(token, Action.WRITE_PERMANENT))


def _bounded(username: str) -> str:
    # Normalizing takes time squared in a run of combining marks: 120 KB would stop everybody for
    # seconds. What is cut here is far too long for any name.
    return username[:USERNAME_READ_MAX]


def _next(target: str) -> str:
    return local_path(target) or "/rooms"


def _cookie_will_not_stick() -> bool:
    # Browsers drop Secure cookies that come over plain http, except on localhost: say so, instead
    # of letting every login end at the login page again.
    return session_cookie_is_secure() and not request.is_secure
