"""Listens to the bus and hands every event to the part of this process that it is for."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from littlechat.core import Position
from littlechat.platform import RESUMED, Bus, Event
from littlechat.realtime.announcements import EVERY_PROCESS
from littlechat.realtime.feeds import Feeds
from littlechat.realtime.hub import Hub, Socket
from littlechat.realtime.presence import PRESENCE, Presence
from littlechat.realtime.revocation import Revocation
from littlechat.rendering import Renderer
from littlechat.rooms import Access


def user_topic(user_id: str) -> str:
    """Return the hub topic of all the sockets of one person."""
    return f"user:{user_id}"


ROOMS = "rooms"
"""The hub topic of every socket: frames that concern everybody, as that the list of rooms
changed."""

ROOMS_SECONDS = 1.0
"""How often at most all pages are told to fetch their list of rooms again."""

ROOMS_SECONDS_PER_PAGE = 0.05
"""With many pages, less often: a page that fetches its lists takes a hundredth of a second, so that
whoever joins and leaves for ever takes a fifth of a processor, however many pages there are."""

SPREAD_SECONDS, SPREAD_SECONDS_PER_PAGE = 1.5, 0.02
"""Within what time pages fetch their lists: they are told so with the news."""

OPENING_SECONDS = 10.0
"""How long a page may take from being rendered to opening its socket. Frames sent in between are
kept so long, and sent when the socket opens."""

RECENT_MAX = 2_000

RecentFrame = tuple[float, list[str], str, str]
"""When a frame was sent, to which user ids, its key, and the frame."""

Listener = Callable[[Event], None]

log = logging.getLogger(__name__)


class Dispatcher:
    """Subscribes to the bus, and calls a listener for every event."""

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
            "renewed": revocation.on_renewed,
            "refreshed": revocation.on_refreshed,
            "rooms_changed": self._on_rooms_changed,
            "spoken": self._on_direct_message,
            "told": self._on_frame,
        }
        self._listeners: dict[str, Listener] = {}
        self._recent: deque[RecentFrame] = deque(maxlen=RECENT_MAX)
        self._rooms_changes = 0
        self._rooms_timer: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Subscribe to the bus and start the tasks."""
        await self._bus.open()
        for topic in (EVERY_PROCESS, PRESENCE, *self._listeners):
            await self._bus.subscribe(topic)
        self._tasks = [
            asyncio.create_task(self._presence.run(), name="presence"),
            asyncio.create_task(self._listen(), name="dispatcher"),
            asyncio.create_task(self._revocation.run(), name="revocation"),
        ]

    async def close(self) -> None:
        """Stop the tasks and tell the other processes that this one serves nobody any more."""
        if self._rooms_timer:
            self._rooms_timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._presence.publish_absence()
        await self._feeds.close()
        await self._bus.close()

    def on_signal(self, kind: str, act: Callable[[], None]) -> None:
        """Call `act` at every signal `kind` of any process, and when one may have been lost."""
        self._signals[kind] = act

    def subscribe(self, topic: str, listener: Listener) -> None:
        """Call `listener` with every event on `topic`; must be called before `open`."""
        self._listeners[topic] = listener

    async def _listen(self) -> None:
        async for topic, event in self._bus.listen():
            try:
                self._dispatch(topic, event)
            except Exception:
                # Another version may publish events of another form: they must not end this task.
                log.exception("event not understood", extra={"topic": topic})

    def _dispatch(self, topic: str, event: Event) -> None:
        if topic == RESUMED:
            self._on_resumed()
        elif topic == PRESENCE:
            self._presence.on_event(event)
        elif topic in self._listeners:
            self._listeners[topic](event)
        elif topic != EVERY_PROCESS:
            self._feeds.on_event(topic, event)
        elif event["kind"] in self._signals:
            self._signals[event["kind"]]()
        else:
            self._on_kind[event["kind"]](event)

    def _on_resumed(self) -> None:
        """Check everything against the store: events may have been lost."""
        self._revocation.recheck()
        self._feeds.resync()
        for act in self._signals.values():
            act()

    def _on_direct_message(self, event: Event) -> None:
        self._access.invalidate_lists(event["users"])
        frame = self._render.frames.direct_message(event["room"])
        key = f"spoken:{event['room']}"
        self._remember(event["users"], key, frame)
        self._send_to(event["users"], key, frame)

    def send_recent(self, socket: Socket) -> None:
        """Send a new socket the frames that its person was sent while its page was loading."""
        since = asyncio.get_running_loop().time() - OPENING_SECONDS
        for at, users, key, frame in self._recent:
            if at >= since and socket.user in users:
                socket.put_ephemeral(key, frame, len(frame.encode()))

    def _remember(self, users: list[str], key: str, frame: str) -> None:
        self._recent.append((asyncio.get_running_loop().time(), users, key, frame))

    def _forget(self, users: list[str], key: str) -> None:
        kept = [frame for frame in self._recent if (frame[1], frame[2]) != (users, key)]
        self._recent = deque(kept, maxlen=RECENT_MAX)

    def _on_frame(self, event: Event) -> None:
        if note := event["note"]:
            self._update_access(event["users"], note)
            # `read` too: the page left behind may report it while the next one is on its way. Not
            # `unread`: applying it again could undo what its person read since.
            if "unread" in note:
                self._forget(event["users"], event["key"])
            else:
                self._remember(event["users"], event["key"], event["frame"])
        self._send_to(event["users"], event["key"], event["frame"])

    def _on_rooms_changed(self, event: Event) -> None:
        users: list[str] | None = event["users"]
        self._access.invalidate_lists(users)
        if users is None:
            self._send_room_list_soon()
            return
        self._rooms_changes += 1
        self._send_to(users, "rooms", self._render.frames.room_list(self._rooms_changes))

    def _send_to(self, users: Iterable[str], key: str, frame: str) -> None:
        for user in users:
            self._hub.deliver_ephemeral(user_topic(user), key, frame)

    def _update_access(self, users: list[str], note: Mapping[str, Any]) -> None:
        room, access = note["room"], self._access
        # A process of an older version does not say how many of them are in threads alone.
        unlisted = note.get("unlisted", 0)
        if "end" in note:
            access.note_head(room, Position(note["end"], unlisted))
        if "call" in note:
            access.note_mention(users, room, Position(note["call"], unlisted))
        for user in users:
            if "read" in note:
                access.note_read(user, room, Position(note["read"], unlisted))
            if "unread" in note:
                access.note_unread(user)

    def _send_room_list_soon(self) -> None:
        """Tell pages at once, then only now and then: every one of them fetches the list."""
        loop = asyncio.get_running_loop()
        if self._rooms_timer is None or self._rooms_timer.when() < loop.time():
            last = self._rooms_timer.when() if self._rooms_timer else float("-inf")
            pause = max(ROOMS_SECONDS, self._pages * ROOMS_SECONDS_PER_PAGE)
            due = max(loop.time(), last + pause)
            self._rooms_timer = loop.call_at(due, self._send_room_list)

    @property
    def _pages(self) -> int:
        return len(self._hub.sockets)

    def _send_room_list(self) -> None:
        self._rooms_changes += 1
        spread = max(SPREAD_SECONDS, self._pages * SPREAD_SECONDS_PER_PAGE)
        frame = self._render.frames.room_list(self._rooms_changes, spread)
        self._hub.deliver_ephemeral(ROOMS, "rooms", frame)
