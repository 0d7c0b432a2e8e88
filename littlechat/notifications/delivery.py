"""Tells people's browsers of what was said to them while they look elsewhere.

Posts of a moment are gathered, so that a burst is one notification a person. Best effort, by
contract: what is under way when a process stops is lost, and nothing here may delay a post. Unread
counts, which are stored, tell the same.
"""

import asyncio
import contextlib
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from littlechat.accounts import Sessions
from littlechat.core import (
    Level,
    Message,
    Room,
    Session,
    new_id,
)
from littlechat.messages import Messages
from littlechat.notifications.rules import (
    Notice,
    Preferences,
    Subscription,
    is_concerned,
    wants,
)
from littlechat.notifications.subscriptions import Subscriptions
from littlechat.notifications.web_push import (
    Answer,
    Push,
    new_key,
    public_key,
)
from littlechat.platform import (
    Bus,
    Event,
    Missing,
    Unavailable,
    now,
)
from littlechat.realtime import Hub, room_topic
from littlechat.rooms import Rooms
from littlechat.text import markdown

NOTICES = "notices"
"""The bus topic on which processes ask each other who looks at a room, and tell what changed."""

GATHER_SECONDS = 0.5
"""How long a post waits for those that follow it."""

GATHERED_MAX = 200
"""Posts of one room in one moment; of more the last are not told of."""

ANSWER_SECONDS = 0.4
"""How long other processes may take to say who looks."""

LOOKED_SECONDS = 75.0
"""A page says every 30 s that somebody looks at it; without that word nobody does."""

RETRY_SECONDS = (2.0, 10.0, 45.0)
RETRY_AFTER_MAX = 120.0
"""How long a push service may make us wait for another try."""

AT_ONCE = 8
UNDER_WAY_MAX = 1_000
"""Notifications under way; beyond it new ones are dropped, counted and logged."""

KEPT_SECONDS = 60.0
KEPT_MAX = 20_000
CLOSE_SECONDS = 2.0
FILES_CHARS = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reach:
    """How somebody is reached, and whether they want to be."""

    preferences: Preferences
    subscriptions: tuple[Subscription, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody is told of: messages of a room, which they know by their own `name`."""

    room: Room
    name: str
    messages: list[Message]


@dataclass(slots=True)
class Counters:
    """What `/metrics` tells of notifications."""

    sent: int = 0
    failed: int = 0
    dropped: int = 0


class Notifications:
    """From a post to the browsers of those who are to hear of it."""

    def __init__(
        self,
        sessions: Sessions,
        rooms: Rooms,
        messages: Messages,
        subscriptions: Subscriptions,
        push: Push,
        hub: Hub,
        bus: Bus,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._sessions, self._access = sessions, rooms.access
        self._store, self._memberships = rooms.store, rooms.memberships
        self._messages, self._subscriptions, self._push = messages, subscriptions, push
        self._hub, self._bus, self._clock = hub, bus, clock
        self.counters = Counters()
        self._process = new_id()
        self._key = ""
        self._gathering: dict[str, list[Message]] = {}
        self._asked: dict[str, set[str]] = {}
        self._kept: OrderedDict[str, tuple[Reach, float]] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._closing = asyncio.Event()

    async def open(self) -> None:
        """Find the installation's key, or make it; raise `Unavailable`."""
        self._key = await self._subscriptions.settle_key(new_key())

    @property
    def public_key(self) -> str:
        """What browsers subscribe with: only we can send to those who did."""
        return public_key(self._key)

    async def close(self) -> None:
        """Give what is under way a moment, then let go of it."""
        self._closing.set()
        clock = asyncio.get_running_loop().time
        until = clock() + CLOSE_SECONDS
        # What is gathered begins what is sent.
        while self._tasks and clock() < until:
            await asyncio.wait(self._tasks, timeout=until - clock())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._push.close()

    async def _pause(self, seconds: float) -> bool:
        """Wait, but not for one who stops; return whether somebody does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        return self._closing.is_set()

    # What people choose

    async def subscribe(
        self, session: Session, endpoint: str, p256dh: str, auth: str, contact: str
    ) -> None:
        """Let a browser of this session be notified. The fields are clean."""
        await self._subscriptions.add(session, endpoint, p256dh, auth, contact)
        self._changed(session.user.id)

    async def unsubscribe(self, session: Session, subscription_id: str) -> None:
        """Notify one of the person's browsers no more; raise `Missing`."""
        await self._subscriptions.remove(session.user.id, subscription_id)
        self._changed(session.user.id)

    async def prefer(self, session: Session, preferences: Preferences) -> None:
        """Keep what the person wants to hear of, and when not."""
        await self._subscriptions.set_preferences(session.user.id, preferences)
        self._changed(session.user.id)

    async def set_level(self, room_id: str, session: Session, level: Level | None) -> None:
        """Keep what the person wants to hear of in one room."""
        await self._memberships.set_level(room_id, session.user.id, level)
        self._changed(session.user.id, room_id)

    async def get_reach(self, session: Session) -> Reach:
        """Return what the person has chosen, and those of their browsers that are signed in."""
        reach = (await self._read([session.user.id]))[session.user.id]
        live = await self._live(reach.subscriptions)
        return Reach(reach.preferences, tuple(one for one in reach.subscriptions if one in live))

    async def try_out(self, session: Session) -> list[Answer]:
        """Notify all browsers of the person at once; return what became of it."""
        text = "This is how littlechat reaches you."
        notice = Notice("A test", text, "/account/notifications", "test", True, True)
        reach = await self.get_reach(session)
        answers = [await self._hand_over(one, notice) for one in reach.subscriptions]
        self._changed(session.user.id)
        return answers

    def _changed(self, user_id: str, room_id: str | None = None) -> None:
        event = {"kind": "chosen", "user": user_id, "room": room_id}
        self.on_event(event)
        self._bus.publish(NOTICES, event)

    # What other processes say

    def on_event(self, event: Event) -> None:
        """Take in what a process asks, answers, or tells."""
        match event["kind"]:
            case "chosen":
                self._kept.pop(event["user"], None)
                if event["room"]:
                    self._access.forget(user=event["user"], room=event["room"])
            case "asked" if event["process"] != self._process:
                if looking := self._list_looking(event["room"]) & set(event["users"]):
                    answer = {"kind": "answered", "question": event["question"]}
                    self._bus.publish(NOTICES, {**answer, "users": sorted(looking)})
            case "answered" if event["question"] in self._asked:
                self._asked[event["question"]].update(event["users"])

    def _list_looking(self, room_id: str) -> set[str]:
        since = asyncio.get_running_loop().time() - LOOKED_SECONDS
        sockets = self._hub.members(room_topic(room_id))
        return {socket.user for socket in sockets if socket.looked_at > since}

    async def _ask_who_looks(self, room_id: str, users: Iterable[str]) -> set[str]:
        """Return those of `users` who have the room before their eyes, wherever they are served."""
        question = new_id()
        answers = self._asked[question] = self._list_looking(room_id)
        event = {"kind": "asked", "process": self._process, "question": question, "room": room_id}
        try:
            self._bus.publish(NOTICES, {**event, "users": list(users)})
            await self._pause(ANSWER_SECONDS)
        finally:
            del self._asked[question]
        return answers

    # From a post to its notices

    async def on_posted(self, message: Message) -> None:
        """Hear of a post; the rest is done beside."""
        gathered = self._gathering.get(message.room_id)
        if gathered is None:
            self._gathering[message.room_id] = [message]
            self._start(self._tell_soon(message.room_id))
        elif len(gathered) < GATHERED_MAX:
            gathered.append(message)

    async def on_changed(self, message: Message) -> None:
        """Hear of a change: what is taken back or corrected at once is not told as it was."""
        gathered = self._gathering.get(message.room_id, [])
        gathered[:] = [message if one.seq == message.seq else one for one in gathered]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("notification failed", exc_info=error)

    async def _tell_soon(self, room_id: str) -> None:
        try:
            await self._pause(GATHER_SECONDS)
        finally:
            messages = self._gathering.pop(room_id)
        with contextlib.suppress(Unavailable, Missing):  # Of what cannot be found nobody is told.
            await self._tell(room_id, messages)

    async def _tell(self, room_id: str, messages: list[Message]) -> None:
        members = await self._access.list_members(room_id)
        reaches = await self._find_reaches([member.user_id for member in members])
        if not reaches:
            return
        room, moment = await self._store.get(room_id), self._clock()
        told: dict[str, list[Message]] = {}
        for member in members:
            reach = reaches.get(member.user_id)
            if reach is None or reach.preferences.is_quiet(moment):
                continue
            wanted = [
                one
                for one in messages
                if wants(member, reach.preferences, one, direct=room.is_direct)
            ]
            if wanted:
                told[member.user_id] = wanted
        if not told:
            return
        for user_id in await self._ask_who_looks(room_id, told):
            told.pop(user_id, None)
        live = await self._live(one for user in told for one in reaches[user].subscriptions)
        names = {member.user_id: member.user_name for member in members}
        for one in live:
            self._send(one, Told(room, names[one.user_id], told[one.user_id]))

    async def _find_reaches(self, user_ids: list[str]) -> dict[str, Reach]:
        """Return how those are reached who have a browser that can be; remembered for a while."""
        moment = time.monotonic()
        unknown = [one for one in user_ids if self._kept.get(one, (None, 0.0))[1] <= moment]
        if unknown:
            for user_id, reach in (await self._read(unknown)).items():
                self._kept.pop(user_id, None)
                self._kept[user_id] = (reach, moment + KEPT_SECONDS)
        found = {one: self._kept[one][0] for one in user_ids}
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return {user_id: reach for user_id, reach in found.items() if reach.subscriptions}

    async def _read(self, user_ids: list[str]) -> dict[str, Reach]:
        chosen = await self._subscriptions.list_preferences(user_ids)
        browsers = await self._subscriptions.list_of(user_ids)
        return {one: Reach(chosen[one], tuple(browsers[one])) for one in user_ids}

    async def _live(self, subscriptions: Iterable[Subscription]) -> list[Subscription]:
        """Return those whose session lives; the others are of no use to anybody and go."""
        those = list(subscriptions)
        if not those:
            return []
        live = await self._sessions.list_live(list({one.session_id for one in those}))
        await self._subscriptions.drop(one.id for one in those if one.session_id not in live)
        return [one for one in those if one.session_id in live]

    # Sending

    def _send(self, subscription: Subscription, told: Told) -> None:
        if len(self._tasks) >= UNDER_WAY_MAX:
            self.counters.dropped += 1
            log.warning("notification dropped", extra={"reason": "too many are under way"})
            return
        self._start(self._deliver(subscription, told))

    async def _deliver(self, subscription: Subscription, told: Told) -> None:
        answer = await self._hand_over(subscription, _notice(subscription, told))
        for seconds in RETRY_SECONDS:
            if answer.kind != "later":
                break
            stopping = await self._pause(min(answer.retry_after or seconds, RETRY_AFTER_MAX))
            messages = [] if stopping else await self._list_still(subscription, told)
            if not messages:
                return
            told = replace(told, messages=messages)
            answer = await self._hand_over(subscription, _notice(subscription, told))
        if answer.kind in ("later", "refused"):
            log.warning("notification not delivered", extra={"status": answer.status})

    async def _list_still(self, subscription: Subscription, told: Told) -> list[Message]:
        """Return what somebody may still be told of, as it is now; none if their right ended."""
        room_id, user_id = told.room.id, subscription.user_id
        if not await self._live([subscription]):
            return []
        if not await self._memberships.list_among(room_id, [user_id]):
            return []
        found = await self._messages.list_some(room_id, [one.seq for one in told.messages])
        return [one for one in found if not one.removed]

    async def _hand_over(self, subscription: Subscription, notice: Notice) -> Answer:
        async with self._gate:
            answer = await self._push.send(self._key, subscription, notice)
        if answer.kind == "sent":
            self.counters.sent += 1
            return answer
        self.counters.failed += 1
        if answer.kind == "gone":
            await self._subscriptions.drop([subscription.id])
            self._changed(subscription.user_id)
        return answer


def _notice(subscription: Subscription, told: Told) -> Notice:
    return notice_of(told.room, told.name, subscription.user_id, told.messages)


def notice_of(room: Room, name: str, user_id: str, messages: list[Message]) -> Notice:
    """Return what somebody is told of one or more messages of a room: the last that matters."""
    concerning = [one for one in messages if is_concerned(one, user_id)]
    message = (concerning or messages)[-1]
    said = markdown.first_line(message.body) or _files(message)
    more = len(messages) - 1
    # Of a conversation of two, who speaks says all.
    alone = room.is_direct and len(room.people) <= 2
    return Notice(
        title=message.author_name if alone else f"{message.author_name} · {room.title(name)}",
        body=f"{said} (and {more} more)" if more else said,
        url=f"/rooms/{room.id}?around={message.seq}#message-{message.seq}",
        tag=hashlib.sha256(room.id.encode()).hexdigest()[:32],
        urgent=bool(concerning),
    )


def _files(message: Message) -> str:
    # A push service takes 4 KB, and ten names may be more.
    return ", ".join(one.name for one in message.files)[:FILES_CHARS]
