"""Who looks at a room right now, in whichever process: they need no notification."""

import asyncio
from collections.abc import Iterable

from littlechat.core import new_id
from littlechat.notifications.shutdown import Shutdown
from littlechat.platform import Bus, Event
from littlechat.realtime import Hub, room_topic

NOTIFICATIONS = "notifications"
"""The bus topic on which processes ask each other who looks, and say whose choices changed."""

ANSWER_SECONDS = 0.4
"""How long other processes may take to answer."""

LOOKED_SECONDS = 75.0
"""How long a page counts as looked at: it reports every 30 s that it is visible."""


class Viewers:
    """Asks the other processes who looks at a room, and answers them."""

    def __init__(self, hub: Hub, bus: Bus, shutdown: Shutdown) -> None:
        self._hub, self._bus, self._shutdown = hub, bus, shutdown
        self._process = new_id()
        self._answers: dict[str, set[str]] = {}

    async def list_viewers(self, room_id: str, user_ids: Iterable[str]) -> set[str]:
        """Return the ids of those who look at the room; at least those of `user_ids`."""
        question = new_id()
        answers = self._answers[question] = self._list_here(room_id)
        event = {"kind": "asked", "process": self._process, "question": question, "room": room_id}
        try:
            self._bus.publish(NOTIFICATIONS, {**event, "users": list(user_ids)})
            await self._shutdown.pause(ANSWER_SECONDS)
        finally:
            del self._answers[question]
        return answers

    def on_question(self, event: Event) -> None:
        """Answer another process which of its people look at a room here."""
        if event["process"] == self._process:
            return
        if looking := self._list_here(event["room"]) & set(event["users"]):
            answer = {"kind": "answered", "question": event["question"]}
            self._bus.publish(NOTIFICATIONS, {**answer, "users": sorted(looking)})

    def on_answer(self, event: Event) -> None:
        """Add the answer of another process to its question, if that is still open."""
        if event["question"] in self._answers:
            self._answers[event["question"]].update(event["users"])

    def _list_here(self, room_id: str) -> set[str]:
        since = asyncio.get_running_loop().time() - LOOKED_SECONDS
        sockets = self._hub.members(room_topic(room_id))
        return {socket.user for socket in sockets if socket.looked_at > since}
