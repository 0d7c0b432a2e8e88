"""What this process tells all processes and itself: ended rights, changed lists, signals."""

from collections.abc import Iterable, Mapping
from typing import Any

from littlechat.platform import Bus
from littlechat.rooms import Access

EVERY_PROCESS = "all"
"""The bus topic that every process subscribes to."""


class Announcements:
    """Publishes; what is remembered here of what changed is forgotten at once."""

    def __init__(self, bus: Bus, access: Access) -> None:
        self._bus, self._access = bus, access

    def revoke(
        self,
        *,
        user: str | None = None,
        sessions: Iterable[str] = (),
        room: str | None = None,
        reason: str = "signed out",
    ) -> None:
        """Close, everywhere, the sockets of sessions, of a room, or of a user (in one room).

        `reason` is what their pages then say, a key of the sentences in the page’s socket script.
        """
        sessions = list(sessions)
        self._access.forget(user=user, sessions=sessions, room=room)
        self._bus.publish(
            EVERY_PROCESS,
            {
                "kind": "revoked",
                "user": user,
                "sessions": sessions,
                "room": room,
                "reason": reason,
            },
        )

    def refresh(self, user: str) -> None:
        """Make every process look anew at what somebody may, leaving their sockets open."""
        self._access.forget(user=user)
        self._bus.publish(EVERY_PROCESS, {"kind": "refreshed", "user": user})

    def signal(self, kind: str) -> None:
        """Let every process do what it does on the signal `kind`."""
        self._bus.publish(EVERY_PROCESS, {"kind": kind})

    def announce_rooms(self, users: Iterable[str] | None = None) -> None:
        """Make every page, or only those of some people, fetch its list of rooms again."""
        whose = None if users is None else list(users)
        self._access.forget_lists(whose)
        self._bus.publish(EVERY_PROCESS, {"kind": "rooms_changed", "users": whose})

    def announce_direct(self, users: Iterable[str], room_id: str) -> None:
        """Bring a direct conversation to the top of its people's lists: somebody spoke there."""
        whose = list(users)
        self._access.forget_lists(whose)
        self._bus.publish(EVERY_PROCESS, {"kind": "spoken", "users": whose, "room": room_id})

    def send_to_people(
        self, users: Iterable[str], key: str, frame: str, note: Mapping[str, Any] | None = None
    ) -> None:
        """Send every open page of some people, by their ids, a passing frame.

        A page that cannot take it yet gets the latest of its `key` only; one that is away none.
        `note` is what `Access` takes in of it, in every process: a room, and one of `end`, `call`,
        `read` and `unread`, each a seq.
        """
        self._bus.publish(
            EVERY_PROCESS,
            {"kind": "told", "users": list(users), "key": key, "frame": frame, "note": note},
        )
