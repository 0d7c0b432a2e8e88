"""The questions before acts that cannot be undone: each names what the act brings about.

A form that asks sends its act's address here, with GET; the answer is a page, or for the script of
`layout/confirm.js` what stands in its dialog, with the form that does it. The words are made here
and never taken from a request; what nobody here knows is `Missing`.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from quart import Blueprint, request
from quart.typing import ResponseReturnValue

from littlechat.core import NAME_READ_MAX, Membership, Refused, Room, Session
from littlechat.platform import Missing
from littlechat.web.guards import signed_in
from littlechat.web.pages import is_htmx, local_path, page
from littlechat.web.services import services

blueprint = Blueprint("confirmations", __name__)

FIELDS = ("next", "browser")
"""Fields that a form may bring along for its act."""
FIELD_MAX = 500


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, what then happens, and what the button that does it says."""

    title: str
    consequence: str
    button: str
    back: str = "/rooms"


Ask = Callable[..., Awaitable[Question]]
QUESTIONS: list[tuple[re.Pattern[str], Ask]] = []


def asks(address: str) -> Callable[[Ask], Ask]:
    """Let a function make the question before the act at an address, of whose parts it is told."""

    def keep(ask: Ask) -> Ask:
        QUESTIONS.append((re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", address)), ask))
        return ask

    return keep


@blueprint.get("/confirm")
@signed_in
async def show_question(session: Session) -> ResponseReturnValue:
    """Ask whether an act is meant; htmx gets what stands in a dialog."""
    act = local_path(request.args.get("act", "")) or ""
    for address, ask in QUESTIONS:
        if match := address.fullmatch(act):
            parts = {name: unquote(part) for name, part in match.groupdict().items()}
            question = await ask(session, **parts)
            fields = {
                name: request.args[name][:FIELD_MAX] for name in FIELDS if name in request.args
            }
            template = "layout/_question.html" if is_htmx() else "layout/question.html"
            return page(template, question=question, act=act, fields=fields)
    raise Missing


@asks("/rooms/<room>/leave")
async def ask_leave(session: Session, room: str) -> Question:
    found, membership = await _room(session, room)
    members = await services().rooms.access.list_members(room)
    others = [one for one in members if one.user_id != session.user.id and not one.bot]
    if found.is_private and not others:
        # What the act itself would say only after the question.
        raise Refused("You are the last one here. Delete the room instead of leaving it.")
    if found.is_private:
        after = "It is private: you come back only with an invitation of somebody in it."
    else:
        after = "You can join it again."
    if membership.may_manage:
        heir = "whoever has been in it longest does so" if others else "whoever joins next does so"
        after += f" You manage it now; {heir} from then on."
    after += " Links into it that you made end, and so do bots’ tokens and webhooks of yours."
    return Question(f"Leave {found.name}?", after, "Leave", f"/rooms/{room}/settings")


@asks("/rooms/<room>/members/<name>/remove")
async def ask_remove_member(session: Session, room: str, name: str) -> Question:
    found, _ = await _room(session, room)
    way = "only with an invitation made after that" if found.is_private else "whenever they like"
    return Question(
        f"Remove {_named(name)} from {found.name}?",
        f"They are out at once, on every page they have open, and can come back {way}. Every open "
        "link into the room ends, since they may have it, and so does what they made here.",
        "Remove",
        f"/rooms/{room}/settings",
    )


@asks("/rooms/<room>/members/<name>/ban")
async def ask_ban(session: Session, room: str, name: str) -> Question:
    found, _ = await _room(session, room)
    return Question(
        f"Ban {_named(name)} from {found.name}?",
        "They are out at once and cannot come back, by no link either, until the ban is lifted. "
        "Every open link into the room ends, and so does what they made here.",
        "Ban",
        f"/rooms/{room}/settings",
    )


@asks("/rooms/<room>/invitations/<invitation>/revoke")
async def ask_revoke_link(session: Session, room: str, invitation: str) -> Question:
    await _room(session, room)
    return Question(
        "Revoke this link?",
        "It lets nobody in any more, wherever it was sent. It cannot be brought back, but you can "
        "make another.",
        "Revoke",
        f"/rooms/{room}/settings#invitations",
    )


@asks("/rooms/<room>/messages/<seq>/remove")
async def ask_remove_message(session: Session, room: str, seq: str) -> Question:
    await _room(session, room)
    return Question(
        "Remove this message for everybody?",
        "Its text, files and reactions are deleted, for good. Replies to it stay.",
        "Remove",
        f"/rooms/{room}",
    )


@asks("/rooms/<room>/bots/<bot>/remove")
async def ask_remove_bot(session: Session, room: str, bot: str) -> Question:
    name = await _bot_name(session, room, bot)
    return Question(
        f"Remove {name}?",
        "Its token and its webhook end at once. What it wrote stays.",
        "Remove",
        f"/rooms/{room}/bots",
    )


@asks("/rooms/<room>/bots/<bot>/(token|revoke)")
async def ask_end_token(session: Session, room: str, bot: str) -> Question:
    name = await _bot_name(session, room, bot)
    return Question(
        f"End the token of {name}?",
        "Programs that write with it are refused from now on. It cannot be brought back.",
        "End the token",
        f"/rooms/{room}/bots",
    )


@asks("/rooms/read")
async def ask_read_all(session: Session) -> Question:
    return Question(
        "Mark everything as read?",
        "Every room and conversation counts as read, and where you had stopped is not kept.",
        "Mark all read",
    )


@asks("/account/avatar/remove")
async def ask_remove_avatar(session: Session) -> Question:
    return Question(
        "Remove your picture?",
        "It is deleted, and your initial is shown instead. You can choose a picture again.",
        "Remove",
        "/account",
    )


@asks("/account/sessions/<session_id>/end")
async def ask_end_session(session: Session, session_id: str) -> Question:
    return Question(
        "Sign this browser out?",
        "It is out at once, and needs your password to come back.",
        "Sign out",
        "/account",
    )


@asks("/account/sessions/end")
async def ask_end_sessions(session: Session) -> Question:
    return Question(
        "Sign out everywhere else?",
        "Every other browser and device of yours is out at once, and needs your password.",
        "Sign out everywhere else",
        "/account",
    )


@asks("/account/notifications/unsubscribe")
async def ask_unsubscribe(session: Session) -> Question:
    return Question(
        "End notifications there?",
        "They can be turned on again only in that browser itself.",
        "End them",
        "/account/notifications",
    )


@asks("/admin/people/<name>/disable")
async def ask_disable(session: Session, name: str) -> Question:
    _require_admin(session)
    return Question(
        f"Disable {_named(name)}?",
        "They are signed out everywhere at once and cannot sign in until an administrator enables "
        "them again. Links, bots’ tokens and webhooks that they made end for good.",
        "Disable",
        "/admin",
    )


@asks("/admin/people/<name>/promote")
async def ask_promote(session: Session, name: str) -> Question:
    _require_admin(session)
    return Question(
        f"Make {_named(name)} an administrator?",
        "They can then do all that you can: make and disable accounts, set passwords by link, "
        "decide who registers, and remove you as administrator.",
        "Make administrator",
        "/admin",
    )


@asks("/admin/people/<name>/demote")
async def ask_demote(session: Session, name: str) -> Question:
    _require_admin(session)
    if _named(name) == session.user.name:
        after = "You can do none of this any more, until another administrator makes you one again."
    else:
        after = "They keep their account and can do none of this any more."
    after += " Invitations and links to set a password that they made end."
    return Question(f"Remove {_named(name)} as administrator?", after, "Remove admin", "/admin")


@asks("/admin/invitations/<pass_id>/revoke")
async def ask_revoke_invitation(session: Session, pass_id: str) -> Question:
    _require_admin(session)
    return Question(
        "Revoke this invitation?",
        "Nobody can register with its link any more. It cannot be brought back, but you can make "
        "another.",
        "Revoke",
        "/admin/registration",
    )


def _named(name: str) -> str:
    return name[:NAME_READ_MAX]


def _require_admin(session: Session) -> None:
    if not session.user.is_admin:
        raise Missing


async def _room(session: Session, room_id: str) -> tuple[Room, Membership]:
    """Return a room and the person's membership; raise `Missing` for who is not in it."""
    membership = await services().rooms.access.find_membership(room_id, session.user)
    if membership is None:
        raise Missing
    return await services().rooms.store.get(room_id), membership


async def _bot_name(session: Session, room_id: str, bot_id: str) -> str:
    """Return a bot's name; raise `Missing` for who does not manage its room."""
    _, membership = await _room(session, room_id)
    if not (membership.may_manage or session.user.is_admin):
        raise Missing
    return (await services().bots.store.get(room_id, bot_id)).name
