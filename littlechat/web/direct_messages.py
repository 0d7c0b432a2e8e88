"""Direct conversations: choosing people, opening the one they have, hiding it."""

from quart import Blueprint, current_app, request
from quart.typing import ResponseReturnValue

from littlechat.core import (
    NAME_MAX,
    Invalid,
    Membership,
    Session,
    User,
    fold,
    validate_people,
)
from littlechat.platform import OPEN_DIRECT
from littlechat.web.guards import member_of, signed_in
from littlechat.web.pages import (
    form_text,
    go,
    is_htmx,
    page,
)
from littlechat.web.services import services
from littlechat.web.undo import offer_undo

blueprint = Blueprint("direct_messages", __name__)

LISTED_MAX = 200
"""How many people are offered at once; others are found by typing."""

NAMES_TRIED_MAX = 50
"""How many names of a form are looked at, and shown again with an error."""


@blueprint.get("/direct/new")
@signed_in
async def show_new_direct(session: Session) -> ResponseReturnValue:
    """Show people to choose from, those already chosen first; htmx gets only the list."""
    chosen = request.args.getlist("name")[:NAMES_TRIED_MAX]
    return await _choice(session, chosen, request.args.get("q", ""))


@blueprint.post("/direct")
@signed_in
async def post_direct(session: Session) -> ResponseReturnValue:
    """Open the conversation with these people and redirect to it."""
    await services().platform.rate_limits.hit(OPEN_DIRECT, session.user.id)
    given = (await request.form).getlist("name")[:NAMES_TRIED_MAX]
    try:
        people = await _find_people(given)
        validate_people({session.user.name, *(user.name for user in people)})
    except Invalid as invalid:
        return await _choice(session, given, await form_text("q"), str(invalid))
    room_id = await services().actions.rooms.open_direct(session.user, people)
    return go(f"/rooms/{room_id}")


@blueprint.post("/rooms/<room>/hide")
@member_of
async def post_hide(session: Session, membership: Membership) -> ResponseReturnValue:
    """Hide a direct conversation from one's lists until the next message."""
    await services().actions.rooms.hide_direct(membership.room_id, session.user)
    return offer_undo(await current_app.make_response(go("/rooms")), "hidden", membership.room_id)


@blueprint.post("/rooms/<room>/show")
@member_of
async def post_show(session: Session, membership: Membership) -> ResponseReturnValue:
    """Put a hidden direct conversation back on one's lists."""
    await services().actions.rooms.show_direct(membership.room_id, session.user)
    return go("/rooms")


async def _find_people(given: list[str]) -> list[User]:
    names = validate_people(given)
    found = await services().accounts.users.find_several(names)
    if unknown := [name for name in names if fold(name) not in found]:
        raise Invalid(name=f"There is nobody called {' or '.join(unknown)} here.")
    return list(found.values())


async def _choice(
    session: Session, chosen: list[str], q: str, error: str = ""
) -> ResponseReturnValue:
    """Show the page, those chosen who exist first, and what was typed in its field."""
    accounts, q = services().accounts, q.strip()
    # Nobody's name begins with what is longer than any; it stays in its field as it was typed.
    is_name = len(q) <= NAME_MAX
    called = services().avatar_styles.find(q) if q and is_name else ()
    listed = await accounts.users.list_by_prefix(q, LISTED_MAX, called) if is_name else []
    names = [name[: NAME_MAX + 1] for name in chosen]
    found = await accounts.users.find_several(names)
    picked = list(dict.fromkeys(found[fold(name)] for name in names if fold(name) in found))
    template = (
        "rooms/_choose_people.html" if is_htmx() and not error else "rooms/new_direct_message.html"
    )
    return page(
        template,
        422 if error else 200,
        chosen=picked,
        candidates=[user for user in listed if user not in picked],
        more=len(listed) == LISTED_MAX,
        online=services().realtime.presence.names,
        q=q,
        error=error,
    )
