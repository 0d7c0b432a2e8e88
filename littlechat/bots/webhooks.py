"""Sends messages to bots' webhooks, signed and repeated until answered, and posts the answers.

The queue is in the store, so that it outlives this process. A message that a bot wrote is sent to
no bot: two bots that answer each other would never end.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from littlechat.bots.deliveries import KEPT, Deliveries, Delivery
from littlechat.bots.payload import is_deliverable, is_for, payload, sign
from littlechat.bots.store import BotStore
from littlechat.bots.values import Bot, Webhook
from littlechat.core import (
    BODY_MAX,
    LONG_AGO,
    Draft,
    Invalid,
    Message,
    Room,
    User,
    is_blank,
)
from littlechat.messages import Messages
from littlechat.platform import (
    RESOLVER_THREADS,
    HttpClient,
    HttpResponse,
    Missing,
    Unavailable,
    Unreachable,
    now,
)
from littlechat.rooms import Rooms

AT_ONCE = RESOLVER_THREADS
"""How many tries may be under way in this process, one for each bot: a try costs a connection, and
a thread that resolves the host name."""

SLOW_AT_ONCE = 32
"""How many of these may go to receivers that were slow or failed the last time. Such receivers wait
for each other, and leave places for those that answer quickly."""

SLOW_SECONDS = 2.0
"""From how long on a try counts as slow."""

POLL_SECONDS = 20.0
"""How often the queue is read for deliveries that another process left."""

SWEEP_EVERY = timedelta(hours=1)
CATCH_UP_SECONDS = 3_600.0
"""How often messages are looked for that were stored and never queued."""

CATCH_UP_AGAIN_SECONDS = 60.0
"""The same after a try that failed."""

CAUGHT_UP_MAX = 100
"""How many of each room's latest messages are looked through for those never queued."""

CAUGHT_UP = KEPT - timedelta(hours=1)
"""How old such messages may be: for this long the queue surely keeps what is done."""

log = logging.getLogger(__name__)


class Poster(Protocol):
    """What posts a webhook's answer: plugged in by `app.py`."""

    async def post(self, room_id: str, author: User, draft: Draft) -> Message:
        """Post a draft, which may answer a message; raise `Invalid`."""


class Webhooks:
    """The deliveries of this process."""

    def __init__(
        self,
        bots: BotStore,
        deliveries: Deliveries,
        rooms: Rooms,
        messages: Messages,
        poster: Poster,
        client: HttpClient,
    ) -> None:
        self._bots, self._deliveries = bots, deliveries
        self._access, self._store, self._messages = rooms.access, rooms.store, messages
        self._poster, self._client = poster, client
        self.clock: Callable[[], datetime] = now
        self._wake = asyncio.Event()
        self._trying: dict[str, asyncio.Task[None]] = {}
        self._slow: set[str] = set()
        self._swept = LONG_AGO
        self._running: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Start to deliver, in the background."""
        # Two tasks, so that what is due does not wait until all rooms have been looked through.
        self._running = [
            asyncio.create_task(self._run(), name="webhooks"),
            asyncio.create_task(self._keep_caught_up(), name="webhooks catch up"),
        ]

    async def close(self) -> None:
        """Stop; what was under way is due again after its lease, for any process."""
        tasks = [*self._trying.values(), *self._running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()

    async def on_posted(self, message: Message) -> None:
        """Queue a posted message for the webhooks that it is to be sent to."""
        if message.bot:
            return
        members = await self._access.list_members(message.room_id)
        if not any(one.bot for one in members):
            return
        for bot in await self._bots.list_bots(message.room_id):
            if bot.webhook and not bot.webhook.off and is_for(bot, bot.webhook, message):
                await self._add(bot, message)

    async def _add(self, bot: Bot, message: Message) -> None:
        if not await self._deliveries.add(bot.id, message.room_id, message.seq, self.clock()):
            await self._bots.note_skipped(bot)
            log.warning("webhook skipped", extra={"bot": bot.id, "seq": message.seq})
        self._wake.set()

    async def _keep_caught_up(self) -> None:
        while True:
            wait = CATCH_UP_SECONDS
            try:
                await self.catch_up()
            except Exception:
                log.exception("webhooks not caught up")
                wait = CATCH_UP_AGAIN_SECONDS
            await asyncio.sleep(wait)

    async def catch_up(self) -> None:
        """Queue the messages that a process had stored but not queued when it died."""
        at = self.clock()
        bots = [one for one in await self._bots.list_with_webhook() if one.webhook]
        for room_id in sorted({bot.room_id for bot in bots}):
            end = (await self._messages.head(room_id)).seq
            page = await self._messages.before(room_id, end + 1, CAUGHT_UP_MAX)
            recent = [
                one for one in page.messages if one.at > at - CAUGHT_UP and is_deliverable(one)
            ]
            for bot in bots:
                if bot.room_id == room_id and bot.webhook:
                    await self._catch_up_for(bot, bot.webhook, recent, at)

    async def _catch_up_for(
        self, bot: Bot, hook: Webhook, messages: list[Message], at: datetime
    ) -> None:
        if hook.since is None:
            # Stored by an earlier version, which kept no done deliveries: all would seem lost.
            await self._bots.note_since(bot, at)
            return
        wanted = [one for one in messages if one.at >= hook.since and is_for(bot, hook, one)]
        known = await self._deliveries.list_known(bot.id, [one.seq for one in wanted])
        for message in wanted:
            if message.seq not in known:
                await self._add(bot, message)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = POLL_SECONDS
            try:
                wait = await self.pump()
            except Unavailable:
                pass  # The database is down, which is logged elsewhere; tried again soon.
            except Exception:
                log.exception("webhooks failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def pump(self) -> float:
        """Start the tries that are due; return in how many seconds to call this again."""
        at = self.clock()
        if at - self._swept >= SWEEP_EVERY:
            await self._deliveries.sweep(at)
            self._swept = at
        for delivery in await self._deliveries.list_until(at + timedelta(seconds=POLL_SECONDS)):
            if delivery.due > at:
                return (delivery.due - at).total_seconds()
            await self._begin(delivery, at)
        return POLL_SECONDS

    async def _begin(self, delivery: Delivery, at: datetime) -> None:
        bot_id, clock = delivery.bot_id, asyncio.get_running_loop().time
        if delivery.tries:
            self._slow.add(bot_id)  # Its last try failed, in this process or another.
        if not self._has_place(bot_id):
            return  # `_end` of another try wakes the task that calls this.
        if await self._deliveries.take(delivery, at):
            self._trying[bot_id] = asyncio.create_task(self._try(delivery), name="webhook")
            slow_at = clock() + SLOW_SECONDS
            self._trying[bot_id].add_done_callback(
                lambda task: self._end(bot_id, task, slow=clock() >= slow_at)
            )

    def _has_place(self, bot_id: str) -> bool:
        if bot_id in self._trying or len(self._trying) >= AT_ONCE:
            return False
        return bot_id not in self._slow or len(self._slow & self._trying.keys()) < SLOW_AT_ONCE

    def _end(self, bot_id: str, task: "asyncio.Task[None]", *, slow: bool) -> None:
        del self._trying[bot_id]
        (self._slow.add if slow else self._slow.discard)(bot_id)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()):
            # The delivery is due again when its lease ends.
            log.error("webhook try failed", exc_info=error)

    async def settle(self) -> None:
        """Wait until no try is under way."""
        while self._trying:
            await asyncio.gather(*self._trying.values(), return_exceptions=True)

    async def _try(self, delivery: Delivery) -> None:
        try:
            message = await self._messages.get(delivery.room_id, delivery.seq)
            room = await self._store.get(delivery.room_id)
        except Missing:
            message, room = None, None
        bot = await self._bots.find(delivery.bot_id)
        hook = bot.webhook if bot else None
        # All are read now: what was removed meanwhile is not sent.
        if not (bot and hook and not hook.off and room and message and not message.removed):
            await self._deliveries.finish(delivery)
            return
        try:
            answer = await self._post(bot, hook, room, message, delivery)
        except Unreachable as error:
            await self._failed(bot, delivery, str(error), again=not error.permanent)
            if error.resolving:
                # The thread that resolves cannot be cancelled: the place stays taken until it ends.
                await asyncio.wait([error.resolving])
        else:
            await self._answered(bot, message, delivery, answer)

    async def _post(
        self, bot: Bot, hook: Webhook, room: Room, message: Message, delivery: Delivery
    ) -> HttpResponse:
        body = json.dumps(payload(bot, hook, room, message), ensure_ascii=False).encode()
        stamp = str(int(self.clock().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Littlechat-Delivery": delivery.id,
            "X-Littlechat-Timestamp": stamp,
            "X-Littlechat-Signature": sign(self._bots.secret(hook.key), stamp, body),
        }
        return await self._client.post(hook.url, body, headers)

    async def _answered(
        self, bot: Bot, message: Message, delivery: Delivery, answer: HttpResponse
    ) -> None:
        status = answer.status
        if 200 <= status < 300:
            await self._bots.note_success(bot)
            await self._post_answer(bot, message, answer.text)
            await self._deliveries.finish(delivery)
        else:
            again = status in (408, 429) or status >= 500
            problem = f"It answered with status {status}."
            if 300 <= status < 400:
                problem = f"It answered with a redirect ({status}), which is not followed."
            await self._failed(bot, delivery, problem, again=again, least=answer.retry_after)

    async def _post_answer(self, bot: Bot, message: Message, text: str) -> None:
        member = await self._access.find_membership(bot.room_id, bot.user)
        if member is None or is_blank(text):
            return
        # The same id for the same message: one that is delivered twice is answered once.
        client_id = f"answer-{message.seq}"
        draft = Draft(text[:BODY_MAX], client_id, thread=message.thread, shown=message.shown)
        try:
            await self._poster.post(bot.room_id, bot.user, draft)
        except Invalid as invalid:
            await self._bots.note_failure(bot, f"Its answer could not be said. {invalid}")

    async def _failed(
        self, bot: Bot, delivery: Delivery, problem: str, *, again: bool, least: int = 0
    ) -> None:
        log.warning("webhook failed", extra={"bot": bot.id, "tries": delivery.tries + 1})
        if await self._bots.note_failure(bot, problem):
            log.warning("webhook switched off", extra={"bot": bot.id})
            await self._deliveries.finish(delivery)
            await self._deliveries.drop(bot.id)
        elif again:
            await self._deliveries.put_off(delivery, self.clock(), least)
        else:
            await self._deliveries.finish(delivery)
