"""Tells bots' webhooks of messages, signed and repeated until heard, and posts what they answer.

What is to be told stands in the store, so that it outlives this process. A message that a bot wrote
is told to no bot: two that answer each other would never end.
"""

import asyncio
import contextlib
import hmac
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from littlechat.bots.deliveries import KEPT, Deliveries, Delivery
from littlechat.bots.store import Bot, BotStore, Webhook
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
from littlechat.rendering import iso
from littlechat.rooms import Rooms

AT_ONCE = RESOLVER_THREADS
"""Tries under way in this process, one a bot: each is a connection and little else, and has a
thread that resolves its name."""

SLOW_AT_ONCE = 32
"""Of these to receivers that were slow or failed the last time: they delay themselves and each
other, and one that answers finds a place among the rest."""

SLOW_SECONDS = 2.0

POLL_SECONDS = 20.0
"""How soon what a dead process left is found."""

SWEEP_EVERY = timedelta(hours=1)
CATCH_UP_SECONDS = 3_600.0
CATCH_UP_AGAIN_SECONDS = 60.0
"""After one that failed."""

CAUGHT_UP_MAX = 100
"""Of each room's messages, the last that are looked through for what was never queued."""

CAUGHT_UP = KEPT - timedelta(hours=1)
"""How far back: as long as the queue surely knows what it had."""

log = logging.getLogger(__name__)


class Poster(Protocol):
    """Who posts what a webhook answers: plugged in by `app.py`."""

    async def post(self, room_id: str, author: User, draft: Draft) -> Message:
        """Post a draft, which may answer a message; raise `Invalid`."""


class Webhooks:
    """The tries of this process."""

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
        """Begin to deliver."""
        # Beside each other: what is due does not wait until all rooms have been looked through.
        self._running = [
            asyncio.create_task(self._run(), name="webhooks"),
            asyncio.create_task(self._keep_caught_up(), name="webhooks catch up"),
        ]

    async def close(self) -> None:
        """Stop; what was under way is tried again by whoever runs then."""
        tasks = [*self._trying.values(), *self._running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()

    async def on_posted(self, message: Message) -> None:
        """Let a message that was posted wait for the webhooks that are to hear of it."""
        if message.bot:
            return
        members = await self._access.list_members(message.room_id)
        if not any(one.bot for one in members):
            return
        for bot in await self._bots.list_bots(message.room_id):
            if bot.webhook and not bot.webhook.off and _is_for(bot, bot.webhook, message):
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
        """Queue what a process that died had stored and not yet queued."""
        at = self.clock()
        bots = [one for one in await self._bots.list_hooked() if one.webhook]
        for room_id in sorted({bot.room_id for bot in bots}):
            end = (await self._messages.head(room_id)).seq
            page = await self._messages.before(room_id, end + 1, CAUGHT_UP_MAX)
            recent = [one for one in page.messages if one.at > at - CAUGHT_UP and _is_told(one)]
            for bot in bots:
                if bot.room_id == room_id and bot.webhook:
                    await self._catch_up_for(bot, bot.webhook, recent, at)

    async def _catch_up_for(
        self, bot: Bot, hook: Webhook, messages: list[Message], at: datetime
    ) -> None:
        if hook.since is None:
            # Its queue was never compared: all of it would look lost.
            await self._bots.note_since(bot, at)
            return
        meant = [one for one in messages if one.at >= hook.since and _is_for(bot, hook, one)]
        known = await self._deliveries.list_known(bot.id, [one.seq for one in meant])
        for message in meant:
            if message.seq not in known:
                await self._add(bot, message)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = POLL_SECONDS
            try:
                wait = await self.pump()
            except Unavailable:
                pass  # Whoever asks the database is told so; the next round is soon.
            except Exception:
                log.exception("webhooks failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def pump(self) -> float:
        """Begin the tries that are due; return in how many seconds to look again."""
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
            self._slow.add(bot_id)  # It failed, be it in another process.
        if not self._has_place(bot_id):
            return  # The end of a try wakes us.
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
            # It is due again when its lease ends.
            log.error("webhook try failed", exc_info=error)

    async def settle(self) -> None:
        """Return when no try is under way."""
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
        # As they are now: what was removed meanwhile is told to nobody.
        if not (bot and hook and not hook.off and room and message and not message.removed):
            await self._deliveries.finish(delivery)
            return
        try:
            answer = await self._post(bot, hook, room, message, delivery)
        except Unreachable as error:
            await self._failed(bot, delivery, str(error), again=not error.permanent)
            if error.resolving:
                # Its place is free again when its thread is, so that every place has one.
                await asyncio.wait([error.resolving])
        else:
            await self._answered(bot, message, delivery, answer)

    async def _post(
        self, bot: Bot, hook: Webhook, room: Room, message: Message, delivery: Delivery
    ) -> HttpResponse:
        body = json.dumps(_payload(bot, hook, room, message), ensure_ascii=False).encode()
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
            await self._say(bot, message, answer.text)
            await self._deliveries.finish(delivery)
        else:
            again = status in (408, 429) or status >= 500
            problem = f"It answered with status {status}."
            if 300 <= status < 400:
                problem = f"It answered with a redirect ({status}), which is not followed."
            await self._failed(bot, delivery, problem, again=again, least=answer.retry_after)

    async def _say(self, bot: Bot, message: Message, text: str) -> None:
        member = await self._access.find_membership(bot.room_id, bot.user)
        if member is None or is_blank(text):
            return
        # Its own id for each question: one that is delivered twice is answered once.
        said, client_id = text[:BODY_MAX], f"answer-{message.seq}"
        draft = Draft(said, client_id, thread=message.thread, shown=message.shown)
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


def sign(secret: str, stamp: str, body: bytes) -> str:
    """Return what proves that a body was sent by us, and at which second."""
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, "sha256")
    return f"sha256={digest.hexdigest()}"


def mentions(bot: Bot, message: Message) -> bool:
    """Whether a message names a bot, or answers it."""
    return bot.id in message.addressed_to


def _is_told(message: Message) -> bool:
    # One that was edited may name a bot only since then.
    return not (message.bot or message.removed or message.edited)


def _is_for(bot: Bot, hook: Webhook, message: Message) -> bool:
    return hook.when == "message" or mentions(bot, message)


def _payload(bot: Bot, hook: Webhook, room: Room, message: Message) -> dict[str, object]:
    place = f"/rooms/{room.id}?around={message.seq}#message-{message.seq}"
    return {
        "event": "mention" if mentions(bot, message) else "message",
        "bot": bot.name,
        "room": {"id": room.id, "name": room.name},
        "message": {
            "seq": message.seq,
            "author": message.author_name,
            "text": message.body,
            "at": iso(message.at),
            "thread": message.thread,
            "files": [
                {"name": one.name, "type": one.type, "size": one.size} for one in message.files
            ],
            "url": hook.origin + place,
        },
    }
