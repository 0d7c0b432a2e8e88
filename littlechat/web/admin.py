"""The pages of administrators: people, registration, the audit log. All are for them only."""

from quart import Blueprint, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from littlechat.accounts import (
    DAYS_DEFAULT,
    DAYS_MAX,
    USES_DEFAULT,
    USES_MAX,
    validate_installation_name,
    validate_mode,
    validate_public_address,
)
from littlechat.core import (
    SEARCH_MAX,
    Invalid,
    Session,
    User,
    validate_number,
)
from littlechat.platform import Duplicate
from littlechat.web.guards import admin_only
from littlechat.web.hosts import is_settled_by_environment, site_origin
from littlechat.web.pages import form_text, go, page
from littlechat.web.proxies import trouble_here
from littlechat.web.services import services

blueprint = Blueprint("admin", __name__)

NAME_TAKEN = "This name is taken, or looks like one that is."


@blueprint.get("/admin")
@admin_only
async def show_accounts(session: Session) -> ResponseReturnValue:
    """Show all accounts, or those that a search finds."""
    return await _accounts(200)


@blueprint.post("/admin/people")
@admin_only
async def post_account(session: Session) -> ResponseReturnValue:
    """Create an account; the link that sets its password is shown only now."""
    name = await form_text("username")
    try:
        user, token = await services().actions.administration.make_account(session.user, name[:500])
    except Invalid as invalid:
        return await _accounts(422, errors=invalid.errors, username=name)
    except Duplicate:
        return await _accounts(409, errors={"username": NAME_TAKEN}, username=name)
    return await _accounts(200, link=_reset_link(token), whose=user)


@blueprint.post("/admin/people/<name>/password")
@admin_only
async def post_password_link(session: Session, name: str) -> ResponseReturnValue:
    """Create a link to set somebody's password; it is shown only now."""
    user, token = await services().actions.administration.password_link(session.user, name)
    return await _accounts(200, link=_reset_link(token), whose=user)


@blueprint.post("/admin/people/<name>/disable")
@admin_only
async def post_disable(session: Session, name: str) -> ResponseReturnValue:
    """Disable an account."""
    await services().actions.administration.disable(session.user, name)
    return go("/admin")


@blueprint.post("/admin/people/<name>/enable")
@admin_only
async def post_enable(session: Session, name: str) -> ResponseReturnValue:
    """Enable an account."""
    await services().actions.administration.enable(session.user, name)
    return go("/admin")


@blueprint.post("/admin/people/<name>/promote")
@admin_only
async def post_promote(session: Session, name: str) -> ResponseReturnValue:
    """Make a user an administrator."""
    await services().actions.administration.promote(session.user, name)
    return go("/admin")


@blueprint.post("/admin/people/<name>/demote")
@admin_only
async def post_demote(session: Session, name: str) -> ResponseReturnValue:
    """Make an administrator a user again."""
    await services().actions.administration.demote(session.user, name)
    return go("/admin")


@blueprint.get("/admin/registration")
@admin_only
async def show_registration(session: Session) -> ResponseReturnValue:
    """Show who may register, and the invitations that are open."""
    return await _registration(200)


@blueprint.post("/admin/registration")
@admin_only
async def post_registration(session: Session) -> ResponseReturnValue:
    """Set who may register."""
    try:
        mode = validate_mode(await form_text("mode"))
    except Invalid as invalid:
        return await _registration(422, errors=invalid.errors)
    await services().actions.administration.set_mode(session.user, mode)
    return go("/admin/registration")


@blueprint.post("/admin/installation")
@admin_only
async def post_name(session: Session) -> ResponseReturnValue:
    """Set what the installation is called."""
    given = await form_text("installation")
    try:
        name = validate_installation_name(given)
    except Invalid as invalid:
        return await _registration(422, errors=invalid.errors, name=given)
    await services().actions.administration.rename_installation(session.user, name)
    return go("/admin/registration")


@blueprint.post("/admin/address")
@admin_only
async def post_address(session: Session) -> ResponseReturnValue:
    """Set the public address."""
    if is_settled_by_environment():
        raise Forbidden("PUBLIC_URL or ALLOWED_HOSTS names the address of this littlechat.")
    given = await form_text("address")
    try:
        address = validate_public_address(given)
    except Invalid as invalid:
        return await _registration(422, errors=invalid.errors, address=given)
    await services().actions.administration.settle_address(session.user, address)
    return go("/admin/registration")


@blueprint.post("/admin/invitations")
@admin_only
async def post_invitation(session: Session) -> ResponseReturnValue:
    """Create an invitation to register; its link is shown only now."""
    given = {name: await form_text(name) for name in ("uses", "days")}
    try:
        uses = validate_number(given["uses"].strip(), "uses", USES_DEFAULT, least=1, most=USES_MAX)
        days = validate_number(given["days"].strip(), "days", DAYS_DEFAULT, least=1, most=DAYS_MAX)
    except Invalid as invalid:
        return await _registration(422, errors=invalid.errors, **given)
    token = await services().actions.administration.invite(session.user, uses, days)
    return await _registration(200, link=f"{site_origin()}/register?invitation={token}")


@blueprint.post("/admin/invitations/<link_id>/revoke")
@admin_only
async def post_revoke_invitation(session: Session, link_id: str) -> ResponseReturnValue:
    """Revoke an invitation."""
    await services().actions.administration.revoke_invitation(session.user, link_id)
    return go("/admin/registration")


@blueprint.get("/admin/audit")
@admin_only
async def show_audit(session: Session) -> ResponseReturnValue:
    """Show a page of the audit log, the newest lines first."""
    before = validate_number(request.args.get("before", ""), "before", None)
    lines, older = await services().accounts.audit.page(before)
    return page(
        "accounts/audit_log.html",
        lines=lines,
        older=older,
        newest=before is None,
        trouble=trouble_here(),
    )


async def _accounts(
    status: int,
    errors: dict[str, str] | None = None,
    username: str = "",
    link: str = "",
    whose: User | None = None,
) -> ResponseReturnValue:
    search = request.args.get("search", "").replace("\0", "")
    # What is longer than any name finds nobody, and stays in its field as it was typed.
    is_name = len(search) <= SEARCH_MAX
    return page(
        "accounts/admin.html",
        status,
        trouble=trouble_here(),
        users=await services().accounts.users.list_matching(search) if is_name else [],
        search=search,
        errors=errors or {},
        username=username,
        link=link,
        whose=whose,
    )


async def _registration(
    status: int,
    errors: dict[str, str] | None = None,
    link: str = "",
    uses: str = str(USES_DEFAULT),
    days: str = str(DAYS_DEFAULT),
    name: str | None = None,
    address: str | None = None,
) -> ResponseReturnValue:
    called, place = services().accounts.installation.name, site_origin()
    if not is_settled_by_environment():
        place = services().accounts.installation.address or ""
    return page(
        "accounts/registration.html",
        status,
        name=called if name is None else name,
        address=place if address is None else address,
        address_is_fixed=is_settled_by_environment(),
        trouble=trouble_here(),
        mode=await services().accounts.registration.mode(),
        one_time_links=await services().accounts.registration.list_invitations(),
        errors=errors or {},
        link=link,
        uses=uses,
        days=days,
    )


def _reset_link(token: str) -> str:
    return f"{site_origin()}/reset/{token}"
