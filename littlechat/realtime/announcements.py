"""What one process publishes to all, itself included: revoked rights, changed lists, signals."""

from collections.abc import Iterable, Mapping
from typing import Any

from littlechat.platform import Bus
from littlechat.rooms import Access

EVERY_PROCESS = "all"
"""The bus topic that every process subscribes to."""


class Announcements:
    """Publishes events, and drops from this process's `Access` cache what they make stale."""

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
        """Close, on every process, the sockets of sessions, of a room, or of a user (in one room).

        `reason` is a key of the sentences in `static/layout/socket.js`: the page then shows it.
        """
        sessions = list(sessions)
        self._access.invalidate(user=user, sessions=sessions, room=room)
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

    def renew(self, session: str) -> None:
        """Make the pages of a session that was replaced by another connect again, everywhere."""
        self._access.invalidate(sessions=[session])
        self._bus.publish(EVERY_PROCESS, {"kind": "renewed", "session": session})

    def refresh(self, user: str) -> None:
        """Make every process read again what somebody may do, leaving their sockets open."""
        self._access.invalidate(user=user)
        self._bus.publish(EVERY_PROCESS, {"kind": "refreshed", "user": user})

    def signal(self, kind: str) -> None:
        """Make every process call what it has for the signal `kind` (`Dispatcher.on_signal`)."""
        self._bus.publish(EVERY_PROCESS, {"kind": kind})

    def announce_rooms(self, users: Iterable[str] | None = None) -> None:
        """Make every page, or only those of some people, fetch its list of rooms again."""
        whose = None if users is None else list(users)
        self._access.invalidate_lists(whose)
        self._bus.publish(EVERY_PROCESS, {"kind": "rooms_changed", "users": whose})

    def announce_direct_message(self, users: Iterable[str], room_id: str) -> None:
        """Move a direct conversation to the top of its people's lists: it has a new message."""
        whose = list(users)
        self._access.invalidate_lists(whose)
        self._bus.publish(EVERY_PROCESS, {"kind": "spoken", "users": whose, "room": room_id})

    def send_to_people(
        self, users: Iterable[str], key: str, frame: str, note: Mapping[str, Any] | None = None
    ) -> None:
        """Send an ephemeral frame to every open page of some people, by their ids.

        A page that is slow to read gets only the latest frame of the same `key`. `note` is what the
        `Access` cache of every process updates: a room's id, one of `end`, `call`, `read` and
        `unread`, each a seq, and `unlisted`, which makes it a position.
        """
        self._bus.publish(
            EVERY_PROCESS,
            {"kind": "told", "users": list(users), "key": key, "frame": frame, "note": note},
        )
