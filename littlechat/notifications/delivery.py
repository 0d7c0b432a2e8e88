"""From a posted message to the browsers of those who are to be notified of it.

Posts that follow each other are gathered, so that a burst is one notification for each person. It
is best effort by contract: what is under way when a process stops is lost, and nothing here may
delay a post. Unread counts, which are stored, show the same messages.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any

from littlechat.core import Membership, Message, Room
from littlechat.messages import Messages
from littlechat.notifications.content import Digest, notification_for
from littlechat.notifications.recipients import Recipient, Recipients
from littlechat.notifications.rules import Subscription, wants
from littlechat.notifications.sender import Sender
from littlechat.notifications.shutdown import Shutdown
from littlechat.notifications.viewers import Viewers
from littlechat.platform import Missing, Unavailable, now
from littlechat.rooms import Rooms

GATHER_SECONDS = 0.5
"""How long a post waits for those that follow it."""

GATHERED_MAX = 200
"""How many posts of a room are gathered; later ones are left out of the notification."""

RETRY_SECONDS = (2.0, 10.0, 45.0)
RETRY_AFTER_MAX = 120.0
"""The longest that a push service may make us wait for another try."""

UNDER_WAY_MAX = 1_000
"""How many notifications may be under way; beyond it new ones are dropped, counted and logged."""

UNDER_WAY_EACH = 60
"""How many of them one person's browsers may have, lest the slow ones of few push out others'."""

CLOSE_SECONDS = 2.0
"""How long a stopping process waits for what is under way."""

log = logging.getLogger(__name__)


class Delivery:
    """Decides who is notified of posted messages, and sends the notifications, with retries."""

    def __init__(
        self,
        rooms: Rooms,
        messages: Messages,
        recipients: Recipients,
        viewers: Viewers,
        sender: Sender,
        shutdown: Shutdown,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._access, self._store, self._memberships = rooms.access, rooms.store, rooms.memberships
        self._messages, self._recipients, self._viewers = messages, recipients, viewers
        self._sender, self._shutdown, self.clock = sender, shutdown, clock
        self._gathering: dict[str, list[Message]] = {}
        self._under_way: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[None]] = set()
        """What is under way."""

    async def close(self) -> None:
        """Give what is under way a moment, then cancel it."""
        self._shutdown.begin()
        clock = asyncio.get_running_loop().time
        until = clock() + CLOSE_SECONDS
        # In a loop, since the task that gathered a room's posts starts those that send.
        while self.tasks and clock() < until:
            await asyncio.wait(self.tasks, timeout=until - clock())
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    # From a post to those who are notified of it

    async def on_posted(self, message: Message) -> None:
        """Notify people of a posted message, in the background."""
        gathered = self._gathering.get(message.room_id)
        if gathered is None:
            self._gathering[message.room_id] = [message]
            self._start(self._notify_soon(message.room_id))
        elif len(gathered) < GATHERED_MAX:
            gathered.append(message)

    async def on_changed(self, message: Message) -> None:
        """Replace a gathered message by what it is now: it was corrected or removed at once."""
        gathered = self._gathering.get(message.room_id, [])
        gathered[:] = [message if one.seq == message.seq else one for one in gathered]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: "asyncio.Task[None]") -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("notification failed", exc_info=error)

    async def _notify_soon(self, room_id: str) -> None:
        try:
            await self._shutdown.pause(GATHER_SECONDS)
        finally:
            messages = self._gathering.pop(room_id)
        # A room that cannot be read notifies nobody: the messages stay unread.
        with contextlib.suppress(Unavailable, Missing):
            await self._notify(room_id, messages)

    async def _notify(self, room_id: str, messages: list[Message]) -> None:
        members = await self._access.list_members(room_id)
        recipients = await self._recipients.list_reachable([one.user_id for one in members])
        if not recipients:
            return
        room = await self._store.get(room_id)
        digests = self._digests(room, members, recipients, messages)
        if not digests:
            return
        for user_id in await self._viewers.list_viewers(room_id, digests):
            digests.pop(user_id, None)
        browsers = (one for user_id in digests for one in recipients[user_id].subscriptions)
        for browser in await self._recipients.list_live(browsers):
            self._send(browser, digests[browser.user_id])

    def _digests(
        self,
        room: Room,
        members: list[Membership],
        recipients: dict[str, Recipient],
        messages: list[Message],
    ) -> dict[str, Digest]:
        """Return, by user id, what each member is notified of now."""
        moment = self.clock()
        digests = {}
        for member in members:
            recipient = recipients.get(member.user_id)
            if recipient is None or recipient.preferences.is_quiet(moment):
                continue
            preferences, direct = recipient.preferences, room.is_direct
            wanted = [one for one in messages if wants(member, preferences, one, direct=direct)]
            if wanted:
                digests[member.user_id] = Digest(room, member.user_name, wanted)
        return digests

    # From a recipient to their browser

    def _send(self, subscription: Subscription, digest: Digest) -> None:
        mine = self._under_way[subscription.user_id]
        if len(self.tasks) >= UNDER_WAY_MAX or mine >= UNDER_WAY_EACH:
            self._sender.counters.dropped += 1
            log.warning("notification dropped", extra={"reason": "too many are under way"})
            return
        self._start(self._deliver_counted(subscription, digest))

    async def _deliver_counted(self, subscription: Subscription, digest: Digest) -> None:
        user_id = subscription.user_id
        self._under_way[user_id] += 1
        try:
            await self._deliver(subscription, digest)
        finally:
            self._under_way[user_id] -= 1
            if not self._under_way[user_id]:
                del self._under_way[user_id]

    async def _deliver(self, subscription: Subscription, digest: Digest) -> None:
        user_id = subscription.user_id
        answer = await self._sender.send(subscription, notification_for(digest, user_id))
        for seconds in RETRY_SECONDS:
            if answer.kind != "later":
                break
            wait = min(answer.retry_after or seconds, RETRY_AFTER_MAX)
            stopping = await self._shutdown.pause(wait)
            messages = [] if stopping else await self._list_visible(subscription, digest)
            if not messages:
                return
            digest = replace(digest, messages=messages)
            answer = await self._sender.send(subscription, notification_for(digest, user_id))
        if answer.kind in ("later", "refused"):
            log.warning("notification not delivered", extra={"status": answer.status})

    async def _list_visible(self, subscription: Subscription, digest: Digest) -> list[Message]:
        """Return what the person may still see of a digest, as it is now."""
        room_id, user_id = digest.room.id, subscription.user_id
        if not await self._recipients.list_live([subscription]):
            return []
        if not await self._memberships.list_among(room_id, [user_id]):
            return []
        found = await self._messages.list_some(room_id, [one.seq for one in digest.messages])
        return [one for one in found if not one.removed]
