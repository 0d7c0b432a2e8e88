"""Sends one notification to one browser, signed with the installation's key, and counts them."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from littlechat.notifications.places import Places
from littlechat.notifications.recipients import Recipients
from littlechat.notifications.rules import Notification, Subscription
from littlechat.notifications.subscriptions import Subscriptions
from littlechat.notifications.web_push import Answer, Push, new_key, public_key


@dataclass(slots=True)
class Counters:
    """What `/metrics` shows of notifications."""

    sent: int = 0
    failed: int = 0
    dropped: int = 0


class Sender:
    """Hands notifications to push services."""

    def __init__(self, push: Push, subscriptions: Subscriptions, recipients: Recipients) -> None:
        self._push, self._subscriptions, self._recipients = push, subscriptions, recipients
        self._key = ""
        self._places = Places()
        self.counters = Counters()

    async def open(self) -> None:
        """Read the installation's key, or create it; raise `Unavailable`."""
        self._key = await self._subscriptions.settle_key(new_key())

    async def close(self) -> None:
        """Close the connections to the push services."""
        await self._push.close()

    @property
    def public_key(self) -> str:
        """The key with which browsers subscribe, so that nobody else can send to them."""
        return public_key(self._key)

    async def send(self, subscription: Subscription, notification: Notification) -> Answer:
        """Send a notification and return the push service's answer.

        A subscription that does not exist any more is deleted.
        """
        service, clock = urlsplit(subscription.endpoint).netloc, asyncio.get_running_loop().time
        async with self._places.take(service, subscription.user_id):
            began = clock()
            answer = await self._push.send(self._key, subscription, notification)
            self._places.note(service, answered=answer.status > 0, seconds=clock() - began)
            # The thread that looks a name up cannot be cancelled: the place stays taken.
            await self._push.settle(service)
        if answer.kind == "sent":
            self.counters.sent += 1
            return answer
        self.counters.failed += 1
        if answer.kind == "gone":
            await self._subscriptions.drop([subscription.id])
            self._recipients.announce_change(subscription.user_id)
        return answer
