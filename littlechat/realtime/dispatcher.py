"""What a process does with what it hears on the bus: each event goes to the one it is for."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from littlechat.platform import RESUMED, Bus, Event
from littlechat.realtime.announcements import EVERY_PROCESS
from littlechat.realtime.feeds import Feeds
from littlechat.realtime.hub import Hub, Socket
from littlechat.realtime.presence import ONLINE, Presence
from littlechat.realtime.revocation import Revocation
from littlechat.rendering import Renderer
from littlechat.rooms import Access


def user_topic(user_id: str) -> str:
    """Return the hub topic of all the sockets of one person."""
    return f"user:{user_id}"


ROOMS = "rooms"
"""The hub topic of every socket: news about the list of rooms."""

ROOMS_SECONDS = 1.0
"""How often at the most pages hear that there is news about rooms."""

OPENING_SECONDS = 10.0
"""How long a page may take from being rendered to opening its socket; what is sent in between it
would never get."""
SENT_MAX = 2_000

Sent = tuple[float, list[str], str, str]
"""When, to whom, and the key and the frame."""

Listener = Callable[[Event], None]

log = logging.getLogger(__name__)


class Dispatcher:
    """Subscribes to the bus, and hands every event on."""

    def __init__(
        self,
        bus: Bus,
        hub: Hub,
        feeds: Feeds,
        render: Renderer,
        access: Access,
        presence: Presence,
        revocation: Revocation,
    ) -> None:
        self._bus, self._hub, self._feeds, self._render = bus, hub, feeds, render
        self._access, self._presence, self._revocation = access, presence, revocation
        self._tasks: list[asyncio.Task[None]] = []
        self._signals: dict[str, Callable[[], None]] = {}
        self._on_kind: dict[str, Listener] = {
            "revoked": revocation.on_revoked,
            "refreshed": revocation.on_refreshed,
            "rooms_changed": self._on_rooms_changed,
            "spoken": self._on_spoken,
            "told": self._on_told,
        }
        self._listeners: dict[str, Listener] = {}
        self._sent: deque[Sent] = deque(maxlen=SENT_MAX)
        self._rooms_news = 0
        self._rooms_timer: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Begin to listen."""
        await self._bus.open()
        for topic in (EVERY_PROCESS, ONLINE, *self._listeners):
            await self._bus.subscribe(topic)
        self._tasks = [
            asyncio.create_task(self._presence.run(), name="presence"),
            asyncio.create_task(self._listen(), name="dispatcher"),
            asyncio.create_task(self._revocation.run(), name="revocation"),
        ]

    async def close(self) -> None:
        """Stop listening."""
        if self._rooms_timer:
            self._rooms_timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._presence.say_goodbye()
        await self._feeds.close()
        await self._bus.close()

    def on_signal(self, kind: str, act: Callable[[], None]) -> None:
        """Call `act` whenever any process gives the signal `kind`, or one may have been lost."""
        self._signals[kind] = act

    def subscribe(self, topic: str, listener: Listener) -> None:
        """Let `listener` have what any process publishes on `topic`; to be said before `open`."""
        self._listeners[topic] = listener

    async def _listen(self) -> None:
        async for topic, event in self._bus.listen():
            try:
                self._dispatch(topic, event)
            except Exception:
                # Another version's event, or a stranger's: it must not end the listening.
                log.exception("event not understood", extra={"topic": topic})

    def _dispatch(self, topic: str, event: Event) -> None:
        if topic == RESUMED:
            self._doubt()
        elif topic == ONLINE:
            self._presence.hear(event)
        elif topic in self._listeners:
            self._listeners[topic](event)
        elif topic != EVERY_PROCESS:
            self._feeds.hear(topic, event)
        elif event["kind"] in self._signals:
            self._signals[event["kind"]]()
        else:
            self._on_kind[event["kind"]](event)

    def _doubt(self) -> None:
        """Count on nothing that events would have told."""
        self._revocation.doubt()
        self._feeds.doubt()
        for act in self._signals.values():
            act()

    def _on_spoken(self, event: Event) -> None:
        self._access.forget_lists(event["users"])
        frame = self._render.spoken_frame(event["room"])
        key = f"spoken:{event['room']}"
        self._keep(event["users"], key, frame)
        self._send_to(event["users"], key, frame)

    def greet(self, socket: Socket) -> None:
        """Tell a new socket what its person was told of rooms while its page was on its way."""
        since = asyncio.get_running_loop().time() - OPENING_SECONDS
        for at, users, key, frame in self._sent:
            if at >= since and socket.user in users:
                socket.put_passing(key, frame, len(frame.encode()))

    def _keep(self, users: list[str], key: str, frame: str) -> None:
        self._sent.append((asyncio.get_running_loop().time(), users, key, frame))

    def _on_told(self, event: Event) -> None:
        if note := event["note"]:
            self._note(event["users"], note)
            # Not what was read or put back: a page that came after that knows, and goes on from it.
            if "end" in note or "call" in note:
                self._keep(event["users"], event["key"], event["frame"])
        self._send_to(event["users"], event["key"], event["frame"])

    def _on_rooms_changed(self, event: Event) -> None:
        users: list[str] | None = event["users"]
        self._access.forget_lists(users)
        if users is None:
            self._send_rooms_soon()
            return
        self._rooms_news += 1
        self._send_to(users, "rooms", self._render.rooms_frame(self._rooms_news))

    def _send_to(self, users: Iterable[str], key: str, frame: str) -> None:
        for user in users:
            self._hub.deliver_passing(user_topic(user), key, frame)

    def _note(self, users: list[str], note: Mapping[str, Any]) -> None:
        room, access = note["room"], self._access
        if "end" in note:
            access.note_end(room, note["end"])
        if "call" in note:
            access.note_mention(users, room, note["call"])
        for user in users:
            if "read" in note:
                access.note_read(user, room, note["read"])
            if "unread" in note:
                access.note_unread(user)

    def _send_rooms_soon(self) -> None:
        """Tell pages at once, and then no more than once a second: all of them ask for the list."""
        loop = asyncio.get_running_loop()
        if self._rooms_timer is None or self._rooms_timer.when() < loop.time():
            last = self._rooms_timer.when() if self._rooms_timer else float("-inf")
            due = max(loop.time(), last + ROOMS_SECONDS)
            self._rooms_timer = loop.call_at(due, self._send_rooms)

    def _send_rooms(self) -> None:
        self._rooms_news += 1
        frame = self._render.rooms_frame(self._rooms_news)
        self._hub.deliver_passing(ROOMS, "rooms", frame)
