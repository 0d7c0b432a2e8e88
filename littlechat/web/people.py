"""People: the directory, a person's page, and the avatar style sheet."""

from quart import Blueprint, Response, request
from quart.typing import ResponseReturnValue

from littlechat.accounts import current
from littlechat.core import SEARCH_MAX, Session, validate_number
from littlechat.platform import now
from littlechat.web.guards import signed_in
from littlechat.web.pages import is_htmx, page
from littlechat.web.services import services

blueprint = Blueprint("people", __name__)

PAGES_MAX = 1_000
FOR_EVER = "private, max-age=31536000, immutable"
INERT = "default-src 'none'; sandbox; frame-ancestors 'none'"


@blueprint.get("/people")
@signed_in
async def show_people(session: Session) -> ResponseReturnValue:
    """Show the directory; htmx gets only the list."""
    search = request.args.get("search", "").replace("\0", "")
    number = page_number()
    moment = now()
    # What is longer than any name finds nobody, and stays in its field as it was typed.
    found, more = (
        await services().accounts.profiles.list_page(search, number)
        if len(search) <= SEARCH_MAX
        else ([], False)
    )
    return page(
        "accounts/_people_list.html" if is_htmx() else "accounts/people.html",
        people=[current(one, moment) for one in found],
        search=search,
        number=number,
        more=more,
    )


@blueprint.get("/people/<name>")
@signed_in
async def show_person(session: Session, name: str) -> ResponseReturnValue:
    """Show a person's profile, whether they are online, and the rooms in common."""
    served, moment = services(), now()
    person = current(await served.accounts.profiles.get(name), moment)
    if person.bot:
        # Whoever may not see its room must not learn that there is such a bot.
        await served.rooms.store.get_visible(person.bot_room, session.user)
    online, away = served.realtime.presence.find(person.name)
    return page(
        "accounts/_person.html" if is_htmx() else "accounts/person.html",
        card=True,
        person=person,
        online=online,
        away=away,
        local=person.local_time(moment),
        common=await served.rooms.store.list_common(session.user, person.user_id),
        mine=person.user_id == session.user.id,
    )


@blueprint.get("/people.css")
@signed_in
async def show_avatar_styles(session: Session) -> ResponseReturnValue:
    """Return the avatar style sheet."""
    styles = services().avatar_styles
    response = Response(styles.sheet, content_type="text/css; charset=utf-8")
    await response.add_etag()
    await response.make_conditional(request)
    # Another process may have rendered the page, with a version that this one has not read yet.
    lasting = request.args.get("v") == styles.version
    response.headers["Cache-Control"] = FOR_EVER if lasting else "private, no-cache"
    return response


@blueprint.get("/avatars/<digest>")
@signed_in
async def show_avatar(session: Session, digest: str) -> ResponseReturnValue:
    """Return somebody's picture."""
    data, kind, _ = await services().accounts.profiles.avatars.get(digest)
    headers = {"Cache-Control": FOR_EVER, "Content-Security-Policy": INERT, "ETag": f'"{digest}"'}
    return Response(data, content_type=kind, headers=headers)


def page_number() -> int:
    """Return which page of a list is asked for, the first being 1; raise `Invalid`."""
    return validate_number(request.args.get("page", ""), "page", 1, least=1, most=PAGES_MAX)
