"""Who can be notified: what people have chosen, and the browsers that they subscribed."""

from collections.abc import Iterable
from dataclasses import dataclass

from cachetools import TTLCache

from littlechat.accounts import Sessions
from littlechat.notifications.rules import Preferences, Subscription
from littlechat.notifications.subscriptions import Subscriptions
from littlechat.notifications.viewers import NOTIFICATIONS
from littlechat.platform import Bus, Event
from littlechat.rooms import Access

CACHED_SECONDS = 60.0
CACHED_MAX = 20_000
"""How many people's choices a process caches, and how long."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What somebody has chosen, and the browsers in which they are notified."""

    preferences: Preferences
    subscriptions: tuple[Subscription, ...]


class Recipients:
    """Reads recipients from the store, and caches them until they change."""

    def __init__(
        self, subscriptions: Subscriptions, sessions: Sessions, access: Access, bus: Bus
    ) -> None:
        self._subscriptions, self._sessions = subscriptions, sessions
        self._access, self._bus = access, bus
        self._cache: TTLCache[str, Recipient] = TTLCache(CACHED_MAX, CACHED_SECONDS)

    async def list_reachable(self, user_ids: list[str]) -> dict[str, Recipient]:
        """Return, by user id, those of some people who have a browser to notify; cached."""
        found = {one: cached for one in user_ids if (cached := self._cache.get(one)) is not None}
        if unknown := [one for one in user_ids if one not in found]:
            read = await self.read(unknown)
            self._cache.update(read)
            found |= read
        return {user_id: one for user_id, one in found.items() if one.subscriptions}

    async def read(self, user_ids: list[str]) -> dict[str, Recipient]:
        """Return some people, by user id, as they are stored now."""
        preferences = await self._subscriptions.list_preferences(user_ids)
        browsers = await self._subscriptions.list_of(user_ids)
        return {one: Recipient(preferences[one], tuple(browsers[one])) for one in user_ids}

    async def list_live(self, subscriptions: Iterable[Subscription]) -> list[Subscription]:
        """Return those subscriptions whose session has not ended, and delete the others."""
        those = list(subscriptions)
        if not those:
            return []
        live = await self._sessions.list_live(list({one.session_id for one in those}))
        await self._subscriptions.drop(one.id for one in those if one.session_id not in live)
        return [one for one in those if one.session_id in live]

    def announce_change(self, user_id: str, room_id: str | None = None) -> None:
        """Make every process read a person's choices again, with `room_id` also those in a room."""
        event = {"kind": "chosen", "user": user_id, "room": room_id}
        self.on_change(event)
        self._bus.publish(NOTIFICATIONS, event)

    def on_change(self, event: Event) -> None:
        """Drop what is cached of a person whose choices changed."""
        self._cache.pop(event["user"], None)
        if event["room"]:
            self._access.invalidate(user=event["user"], room=event["room"])
