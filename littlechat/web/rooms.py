"""Rooms: the list, creating, joining, leaving, settings, members, bans and invitations."""

from quart import Blueprint, current_app, request
from quart.typing import ResponseReturnValue

from littlechat.core import (
    SEARCH_MAX,
    Invalid,
    Membership,
    Refused,
    Room,
    Session,
    validate_number,
)
from littlechat.platform import (
    CREATE_ROOM,
    INVITE,
    JOIN,
    Duplicate,
    Missing,
)
from littlechat.rooms import INVITATION_DAYS, INVITATION_DAYS_MAX
from littlechat.text import may_mention_all
from littlechat.web.guards import manager_of, member_of, signed_in
from littlechat.web.hosts import site_origin
from littlechat.web.pages import (
    form_text,
    go,
    is_htmx,
    page,
    present_among,
)
from littlechat.web.services import services
from littlechat.web.undo import find_undo, forget_undo, offer_undo

blueprint = Blueprint("rooms", __name__)

NAME_TAKEN = "There is a room of this name already, or of one that looks like it."
NOBODY = "There is nobody of this name here."


@blueprint.get("/rooms")
@signed_in
async def show_rooms(session: Session) -> ResponseReturnValue:
    """Show the rooms that the person may see; htmx gets only the list, for page or sidebar."""
    # MongoDB refuses a pattern with a NUL in it.
    search = request.args.get("search", "").replace("\0", "")
    # What is longer than any name finds nothing, and stays in its field as it was typed.
    joined, others = (
        await services().rooms.access.find_rooms(session.user, search)
        if len(search) <= SEARCH_MAX
        else ([], [])
    )
    view = request.args.get("view", "page")
    template = "rooms/room_list.html"
    if is_htmx():
        template = "rooms/_sidebar.html" if view == "sidebar" else "rooms/_room_list.html"
    here = request.args.get("here", "")
    shown = page(
        template,
        joined=joined,
        others=others,
        present=present_among(joined),
        search=search,
        here=here,
        undo=None if is_htmx() else await find_undo(session),
    )
    return shown if is_htmx() else forget_undo(shown)


@blueprint.get("/rooms/new")
@signed_in
async def show_new_room(session: Session) -> ResponseReturnValue:
    """Show the form for a new room."""
    return page("rooms/new_room.html", errors={}, name="", description="", visibility="public")


@blueprint.post("/rooms")
@signed_in
async def post_room(session: Session) -> ResponseReturnValue:
    """Create a room and redirect to it."""
    await services().platform.rate_limits.hit(CREATE_ROOM, session.user.id)
    values = {name: await form_text(name) for name in ("name", "description", "visibility")}
    try:
        room = await services().actions.rooms.create(session.user, **values)
    except Invalid as invalid:
        return page("rooms/new_room.html", 422, errors=invalid.errors, **values)
    except Duplicate:
        return page("rooms/new_room.html", 409, errors={"name": NAME_TAKEN}, **values)
    return go(f"/rooms/{room.id}")


@blueprint.post("/rooms/<room>/join")
@signed_in
async def post_join(session: Session, room: str) -> ResponseReturnValue:
    """Join a public room."""
    await services().platform.rate_limits.hit(JOIN, session.user.id)
    await services().actions.members.join(room, session.user)
    return go(f"/rooms/{room}")


@blueprint.post("/rooms/<room>/leave")
@signed_in
async def post_leave(session: Session, room: str) -> ResponseReturnValue:
    """Leave a room."""
    await services().platform.rate_limits.hit(JOIN, session.user.id)
    left, _ = await services().rooms.store.get_visible(room, session.user)
    await services().actions.members.leave(room, session.user)
    response = await current_app.make_response(go("/rooms"))
    return response if left.is_private else offer_undo(response, "left", room)


@blueprint.get("/rooms/<room>/members")
@member_of
async def show_members(session: Session, membership: Membership) -> ResponseReturnValue:
    """Return the list of a room's members as a fragment."""
    members = await services().rooms.access.list_members(membership.room_id)
    return page(
        "rooms/_members.html",
        room=await services().rooms.store.get(membership.room_id),
        members=members,
        may_mention_all=may_mention_all(members, session.user),
        displays=services().avatar_styles.displays,
    )


@blueprint.get("/rooms/<room>/settings")
@member_of
async def show_settings(session: Session, membership: Membership) -> ResponseReturnValue:
    """Show a room's settings, its members and invitations."""
    room = await _get_named(membership)
    return await _settings(session, room, membership, 200, {}, room.name, room.description)


@blueprint.post("/rooms/<room>/settings")
@manager_of
async def post_settings(session: Session, membership: Membership) -> ResponseReturnValue:
    """Set a room's name and description."""
    await services().platform.rate_limits.hit(CREATE_ROOM, session.user.id)
    room = await _get_named(membership)
    name, description = await form_text("name"), await form_text("description")
    try:
        await services().actions.rooms.describe(room, name, description, session.user)
    except Invalid as invalid:
        return await _settings(session, room, membership, 422, invalid.errors, name, description)
    except Duplicate:
        errors = {"name": NAME_TAKEN}
        return await _settings(session, room, membership, 409, errors, name, description)
    return go(f"/rooms/{room.id}")


@blueprint.post("/rooms/<room>/delete")
@manager_of
async def post_delete(session: Session, membership: Membership) -> ResponseReturnValue:
    """Delete a room whose name was typed to confirm it."""
    room = await _get_named(membership)
    try:
        await services().actions.rooms.delete(room, await form_text("confirmation"))
    except Refused as refused:
        errors = {"confirmation": str(refused)}
        name, description = room.name, room.description
        return await _settings(session, room, membership, 422, errors, name, description)
    return go("/rooms")


@blueprint.post("/rooms/<room>/members/<name>/remove")
@manager_of
async def post_remove_member(
    session: Session, membership: Membership, name: str
) -> ResponseReturnValue:
    """Remove a member from the room."""
    await _get_named(membership)
    await services().actions.members.remove(membership.room_id, name, session.user)
    return go(f"/rooms/{membership.room_id}/settings")


@blueprint.post("/rooms/<room>/members/<name>/ban")
@manager_of
async def post_ban(session: Session, membership: Membership, name: str) -> ResponseReturnValue:
    """Ban a member, or somebody who left first, from the room."""
    await services().actions.administration.ban(membership.room_id, name, session.user)
    return go(f"/rooms/{membership.room_id}/settings#bans")


@blueprint.post("/rooms/<room>/bans")
@manager_of
async def post_ban_by_name(session: Session, membership: Membership) -> ResponseReturnValue:
    """Ban somebody by name, who need not be in the room."""
    room, name = await _get_named(membership), await form_text("username")
    try:
        await services().actions.administration.ban(room.id, name.strip(), session.user)
    except (Missing, Refused) as error:
        errors = {"username": str(error) or NOBODY}
        about = room.description
        return await _settings(
            session, room, membership, 422, errors, room.name, about, banned=name
        )
    return go(f"/rooms/{room.id}/settings#bans")


@blueprint.post("/rooms/<room>/bans/<name>/lift")
@manager_of
async def post_lift_ban(session: Session, membership: Membership, name: str) -> ResponseReturnValue:
    """Lift a ban."""
    await services().actions.administration.lift_ban(membership.room_id, name, session.user)
    return go(f"/rooms/{membership.room_id}/settings#bans")


@blueprint.post("/rooms/<room>/invitations")
@member_of
async def post_invitation(session: Session, membership: Membership) -> ResponseReturnValue:
    """Create an invitation link, which is shown only now."""
    room = await _get_named(membership)
    await services().platform.rate_limits.hit(INVITE, session.user.id)
    raw = (await form_text("days")).strip()
    days = validate_number(raw, "days", INVITATION_DAYS, least=1, most=INVITATION_DAYS_MAX)
    made = await services().rooms.members.invite(
        membership.room_id, session.user, days or INVITATION_DAYS
    )
    link = f"{site_origin()}/join/{made.token}"
    name, about = room.name, room.description
    return await _settings(session, room, membership, 200, {}, name, about, link=link)


@blueprint.post("/rooms/<room>/invitations/<invitation>/revoke")
@member_of
async def post_revoke(
    session: Session, membership: Membership, invitation: str
) -> ResponseReturnValue:
    """Revoke an invitation link."""
    await services().rooms.invitations.revoke(membership.room_id, invitation, membership)
    return go(f"/rooms/{membership.room_id}/settings#invitations")


@blueprint.get("/join/<token>")
@signed_in
async def show_invitation(session: Session, token: str) -> ResponseReturnValue:
    """Show who invites, and to which room."""
    invitation, room = await services().rooms.members.get_invitation(token)
    if await services().rooms.memberships.find(room.id, session.user):
        return go(f"/rooms/{room.id}")
    return page("rooms/invitation.html", invitation=invitation, room=room)


@blueprint.post("/join/<token>")
@signed_in
async def post_accept(session: Session, token: str) -> ResponseReturnValue:
    """Join a room by invitation."""
    await services().platform.rate_limits.hit(JOIN, session.user.id)
    room = await services().actions.members.accept(token, session.user)
    return go(f"/rooms/{room.id}")


async def _get_named(membership: Membership) -> Room:
    """Return a room with settings; raise `Missing` for a direct conversation, which has none."""
    room = await services().rooms.store.get(membership.room_id)
    if room.is_direct:
        raise Missing
    return room


async def _settings(
    session: Session,
    room: Room,
    membership: Membership,
    status: int,
    errors: dict[str, str],
    name: str,
    description: str,
    link: str = "",
    banned: str = "",
) -> ResponseReturnValue:
    manages = membership.may_manage or session.user.is_admin
    return page(
        "rooms/settings.html",
        status,
        room=room,
        membership=membership,
        manages=manages,
        bans=await services().rooms.bans.list_bans(room.id) if manages else [],
        members=[one for one in await services().rooms.memberships.list_of(room.id) if not one.bot],
        invitations=await services().rooms.invitations.list_of(room.id),
        link=link,
        banned=banned,
        days=INVITATION_DAYS,
        errors=errors,
        name=name,
        description=description,
    )
