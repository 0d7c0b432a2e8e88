"""The way back from an act that can be undone, offered on the next page for a few seconds.

A cookie of the browser's carries which act it was; what the page says and does is found out anew.
"""

from dataclasses import dataclass

from quart import Response, request
from quart.typing import ResponseTypes

from littlechat.core import Session
from littlechat.platform import Missing
from littlechat.web.services import services

COOKIE = "littlechat-undo"
COOKIE_SECONDS = 20
PATH = "/rooms"


@dataclass(frozen=True, slots=True)
class Undo:
    """What was done, in a sentence, and the address that takes it back."""

    sentence: str
    act: str


def offer_undo(response: ResponseTypes, kind: str, room_id: str) -> ResponseTypes:
    """Let the list of rooms, which comes next, offer to undo what was done to a room."""
    response.set_cookie(
        COOKIE,
        f"{kind}:{room_id}",
        max_age=COOKIE_SECONDS,
        path=PATH,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )
    return response


async def find_undo(session: Session) -> Undo | None:
    """Return what this browser has just done to a room, if it can still be undone."""
    kind, _, room_id = request.cookies.get(COOKIE, "").partition(":")
    rooms = services().rooms
    try:
        if kind == "left":
            room, membership = await rooms.store.get_visible(room_id, session.user)
            if membership is None:
                return Undo(f"You left {room.name}.", f"/rooms/{room.id}/join")
        elif kind == "hidden" and await rooms.access.find_membership(room_id, session.user):
            title = (await rooms.store.get(room_id)).title(session.user.name)
            return Undo(f"{title} is off your list.", f"/rooms/{room_id}/show")
    except Missing:
        pass
    return None


def forget_undo(response: Response) -> Response:
    """Let what was offered once not be offered again."""
    if COOKIE in request.cookies:
        response.delete_cookie(COOKIE, path=PATH)
    return response
