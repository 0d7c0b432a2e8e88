"""What a process does with what it hears: feeds its rooms, closes sockets that lost their right.

Access is decided when a stream is joined, revoked by an event, and checked again every so often
against the store, so that even a lost event closes a socket soon.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from littlechat.access import Access
from littlechat.accounts import Accounts
from littlechat.bus import RESUMED, Bus, Event
from littlechat.db import Unavailable
from littlechat.feed import room_topic
from littlechat.feeds import Feeds
from littlechat.hub import POLICY, Hub, Socket
from littlechat.online import ONLINE, Online
from littlechat.render import Renderer
from littlechat.rooms import Rooms

ALL = "all"
"""The bus topic that every process hears."""


def user_topic(user_id: str) -> str:
    """Return the hub topic of all the sockets of one person."""
    return f"user:{user_id}"


ROOMS = "rooms"
"""The hub topic of every socket: news about the list of rooms."""

ROOMS_SECONDS = 1.0
"""How often at the most pages hear that there is news about rooms."""

RECHECK_SECONDS = 30.0
BUSLESS_RECHECK_SECONDS = 0.8
"""While the bus is down, revocations reach other processes through the store alone."""

OPENING_SECONDS = 10.0
"""How long a page may take from being rendered to opening its socket; what is told in between it
would never hear."""
TOLD_MAX = 2_000

Told = tuple[float, list[str], str, str]
"""When, to whom, and the key and the frame."""

log = logging.getLogger(__name__)


class Live:
    """The ear of this process."""

    def __init__(
        self,
        bus: Bus,
        hub: Hub,
        feeds: Feeds,
        render: Renderer,
        access: Access,
        accounts: Accounts,
        rooms: Rooms,
        online: Online,
    ) -> None:
        self._bus, self._hub, self._feeds, self._render = bus, hub, feeds, render
        self._access, self._online = access, online
        self._accounts, self._rooms = accounts, rooms
        self._tasks: list[asyncio.Task[None]] = []
        self._heeded: dict[str, Callable[[], None]] = {}
        self._acts: dict[str, Callable[[Event], None]] = {
            "revoked": self._kick,
            "refreshed": self._hear_of_refreshed,
            "rooms_changed": self._hear_of_rooms,
            "spoken": self._hear_of_spoken,
            "told": self._hear_of_told,
        }
        self._ears: dict[str, Callable[[Event], None]] = {}
        self._told: deque[Told] = deque(maxlen=TOLD_MAX)
        self._rooms_news = 0
        self._rooms_timer: asyncio.TimerHandle | None = None
        self._in_doubt = asyncio.Event()

    async def open(self) -> None:
        """Begin to listen."""
        await self._bus.open()
        for topic in (ALL, ONLINE, *self._ears):
            await self._bus.subscribe(topic)
        self._tasks = [
            asyncio.create_task(self._online.run(), name="live online"),
            asyncio.create_task(self._listen(), name="live listen"),
            asyncio.create_task(self._recheck(), name="live recheck"),
        ]

    async def close(self) -> None:
        """Stop listening."""
        if self._rooms_timer:
            self._rooms_timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._online.say_goodbye()
        await self._feeds.close()
        await self._bus.close()

    def revoke(
        self,
        *,
        user: str | None = None,
        sessions: Iterable[str] = (),
        room: str | None = None,
        reason: str = "signed out",
    ) -> None:
        """Close, everywhere, the sockets of sessions, of a room, or of a user (in one room).

        `reason` is what their pages then tell, a word of `static/layout/socket.js`.
        """
        sessions = list(sessions)
        self._access.forget(user=user, sessions=sessions, room=room)
        self._bus.publish(
            ALL,
            {
                "kind": "revoked",
                "user": user,
                "sessions": sessions,
                "room": room,
                "reason": reason,
            },
        )

    def refresh(self, user: str) -> None:
        """Make every process look anew at what somebody may, leaving their sockets open."""
        self._access.forget(user=user)
        self._bus.publish(ALL, {"kind": "refreshed", "user": user})

    def heed(self, kind: str, act: Callable[[], None]) -> None:
        """Call `act` whenever any process gives the signal `kind`, or one may have been lost."""
        self._heeded[kind] = act

    def signal(self, kind: str) -> None:
        """Let every process act on what it heeds."""
        self._bus.publish(ALL, {"kind": kind})

    def announce_rooms(self, users: Iterable[str] | None = None) -> None:
        """Make every page, or only those of some people, fetch its list of rooms again."""
        whose = None if users is None else list(users)
        self._access.forget_lists(whose)
        self._bus.publish(ALL, {"kind": "rooms_changed", "users": whose})

    def announce_direct(self, users: Iterable[str], room_id: str) -> None:
        """Bring a direct conversation to the top of its people's lists: somebody spoke there."""
        whose = list(users)
        self._access.forget_lists(whose)
        self._bus.publish(ALL, {"kind": "spoken", "users": whose, "room": room_id})

    def tell(
        self, users: Iterable[str], key: str, frame: str, note: Mapping[str, Any] | None = None
    ) -> None:
        """Send every open page of some people, by their ids, a passing frame.

        A page that cannot take it yet gets the latest of its `key` only; one that is away none.
        `note` is what `Access` takes in of it, in every process: a room, and one of `end`, `call`,
        `read` and `unread`, each a seq.
        """
        self._bus.publish(
            ALL,
            {"kind": "told", "users": list(users), "key": key, "frame": frame, "note": note},
        )

    def hear_on(self, topic: str, hear: Callable[[Event], None]) -> None:
        """Let `hear` have what any process publishes on `topic`; to be said before `open`."""
        self._ears[topic] = hear

    async def _listen(self) -> None:
        async for topic, event in self._bus.listen():
            try:
                self._hear(topic, event)
            except Exception:
                # Another version's event, or a stranger's: one that fails must not deafen us.
                log.exception("event not understood", extra={"topic": topic})

    def _hear(self, topic: str, event: Event) -> None:
        if topic == RESUMED:
            self._doubt()
        elif topic == ONLINE:
            self._online.hear(event)
        elif topic in self._ears:
            self._ears[topic](event)
        elif topic != ALL:
            self._feeds.hear(topic, event)
        elif event["kind"] in self._heeded:
            self._heeded[event["kind"]]()
        else:
            self._acts[event["kind"]](event)

    def _doubt(self) -> None:
        """Count on nothing that events would have told."""
        self._in_doubt.set()
        self._access.forget()
        self._feeds.doubt()
        for act in self._heeded.values():
            act()

    def _hear_of_refreshed(self, event: Event) -> None:
        self._access.forget(user=event["user"])

    def _hear_of_spoken(self, event: Event) -> None:
        self._access.forget_lists(event["users"])
        frame = self._render.spoken_frame(event["room"])
        key = f"spoken:{event['room']}"
        self._keep(event["users"], key, frame)
        self._tell_users(event["users"], key, frame)

    def greet(self, socket: Socket) -> None:
        """Tell a new socket what its person was told of rooms while its page was on its way."""
        since = asyncio.get_running_loop().time() - OPENING_SECONDS
        for at, users, key, frame in self._told:
            if at >= since and socket.user in users:
                socket.put_passing(key, frame, len(frame.encode()))

    def _keep(self, users: list[str], key: str, frame: str) -> None:
        self._told.append((asyncio.get_running_loop().time(), users, key, frame))

    def _hear_of_told(self, event: Event) -> None:
        if note := event["note"]:
            self._note(event["users"], note)
            # Not what was read or put back: a page that came after that knows, and goes on from it.
            if "end" in note or "call" in note:
                self._keep(event["users"], event["key"], event["frame"])
        self._tell_users(event["users"], event["key"], event["frame"])

    def _hear_of_rooms(self, event: Event) -> None:
        users: list[str] | None = event["users"]
        self._access.forget_lists(users)
        if users is None:
            self._tell_rooms_soon()
            return
        self._rooms_news += 1
        self._tell_users(users, "rooms", self._render.rooms_frame(self._rooms_news))

    def _tell_users(self, users: Iterable[str], key: str, frame: str) -> None:
        for user in users:
            self._hub.deliver_passing(user_topic(user), key, frame)

    def _note(self, users: list[str], note: Mapping[str, Any]) -> None:
        room, access = note["room"], self._access
        if "end" in note:
            access.note_end(room, note["end"])
        if "call" in note:
            access.note_call(users, room, note["call"])
        for user in users:
            if "read" in note:
                access.note_read(user, room, note["read"])
            if "unread" in note:
                access.note_unread(user)

    def _tell_rooms_soon(self) -> None:
        """Tell pages at once, and then no more than once a second: all of them ask for the list."""
        loop = asyncio.get_running_loop()
        if self._rooms_timer is None or self._rooms_timer.when() < loop.time():
            last = self._rooms_timer.when() if self._rooms_timer else float("-inf")
            due = max(loop.time(), last + ROOMS_SECONDS)
            self._rooms_timer = loop.call_at(due, self._tell_rooms)

    def _tell_rooms(self) -> None:
        self._rooms_news += 1
        frame = self._render.rooms_frame(self._rooms_news)
        self._hub.deliver_passing(ROOMS, "rooms", frame)

    def _kick(self, event: Event) -> None:
        user, sessions, room = event["user"], event["sessions"], event["room"]
        self._access.forget(user=user, sessions=sessions, room=room)
        topic = room_topic(room) if room else None
        # A process of the version before, while a new one is started, gives none.
        reason = str(event.get("reason", ""))
        self._hub.kick(user=user, sessions=sessions, topic=topic, reason=reason)

    async def _recheck(self) -> None:
        while True:
            await self._pause()
            self._in_doubt.clear()
            with contextlib.suppress(Unavailable):
                await self._close_unentitled()

    async def _pause(self) -> None:
        """Wait until it is time, the bus is down, or it says that a revocation may be lost."""
        seconds = RECHECK_SECONDS if self._bus.connected else BUSLESS_RECHECK_SECONDS
        for _ in range(round(seconds / BUSLESS_RECHECK_SECONDS)):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BUSLESS_RECHECK_SECONDS):
                    await self._in_doubt.wait()
                    return
            if not self._bus.connected:
                return

    async def _close_unentitled(self) -> None:
        sockets = list(self._hub.sockets)
        live = await self._accounts.list_live(list({socket.session for socket in sockets}))
        by_room: dict[str, list[Socket]] = defaultdict(list)
        for socket in sockets:
            if socket.session not in live:
                socket.close(POLICY, "signed out")
            for topic in socket.topics:
                kind, _, room_id = topic.partition(":")
                if kind == "room":
                    by_room[room_id].append(socket)
        for room_id, present in by_room.items():
            members = await self._rooms.list_members_among(
                room_id, list({socket.user for socket in present})
            )
            for socket in present:
                if socket.user not in members:
                    socket.close(POLICY)
