"""A right that somebody had, by which they made what lets people or programs in."""

from dataclasses import dataclass
from typing import Literal

EndedKind = Literal["account", "administer", "left", "removed"]
"""To sign in; to administer; to be in a room, which they left, or from which they were removed."""


@dataclass(frozen=True, slots=True)
class EndedRight:
    """The right of a user that has just ended; `room_id` is empty unless it was one in a room."""

    kind: EndedKind
    user_id: str
    user_name: str
    room_id: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """That a user made something which lets people in or messages out, and the right it needs.

    To administer, to manage the room `room_id`, or to be a member of it.
    """

    user_id: str
    needs: Literal["administer", "manage", "member"]
    room_id: str = ""
