"""Processes without a web server, and tabs, which receive a room's frames and apply them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from littlechat.app import build_services
from littlechat.core.messages import Cursor, Draft, Message
from littlechat.core.names import new_id
from littlechat.core.people import User
from littlechat.platform.bus import Bus, Event
from littlechat.platform.configuration import Settings
from littlechat.platform.database import now
from littlechat.realtime.feed import room_topic
from littlechat.web.services import Services
from tests.factories import WAIT_SECONDS, Dom


def somebody(name: str) -> User:
    """Return a user who is not stored."""
    return User(new_id(), name, now())


ROOM = "garden"
ADA, BEN, CLEO, DAN = map(somebody, ("Ada", "Ben", "Cleo", "Dan"))

RELOAD = 'hx-swap-oob="reload:#messages"'

Open = Callable[..., Any]


@asynccontextmanager
async def process(settings: Settings, bus: Bus) -> AsyncIterator[Services]:
    """Run the services of one process, without its handlers."""
    served = build_services(settings, bus)
    await served.realtime.dispatcher.open()
    try:
        yield served
    finally:
        await served.platform.tasks.close()
        await served.notifications.close()
        await served.realtime.dispatcher.close()
        served.platform.database.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


async def abandon(work: Coroutine[Any, Any, Any], turns: int = 1) -> None:
    """Begin `work` and cancel it under way, as Quart does when its client disconnects."""
    task = asyncio.create_task(work)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class Tab:
    """One open page of a room: the frames that it received, and what it shows."""

    def __init__(self, served: Services, user: User, session: str = "") -> None:
        self.frames: list[str] = []
        self.dom = Dom("")
        self._served = served
        self._news = asyncio.Event()
        self.socket = served.realtime.hub.open(user.id, user.name, session, self._receive)
        self._writer = asyncio.create_task(self.socket.write())

    async def _receive(self, frame: str) -> None:
        self.frames.append(frame)
        self.dom.apply(frame)
        self._news.set()

    async def enter(self, room: str, after: Cursor | None = None) -> "Tab":
        """Join the room's stream."""
        await self._served.realtime.feeds.enter(self.socket, room, after)
        return self

    async def until(self, condition: Callable[[Dom], bool]) -> Dom:
        """Wait until the page satisfies `condition`."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition(self.dom):
                await self._news.wait()
                self._news.clear()
        return self.dom

    async def until_shows(self, *texts: str) -> Dom:
        """Wait until the page shows these messages and no others."""
        return await self.until(lambda dom: dom.texts == list(texts))

    async def until_frame(self, part: str) -> str:
        """Wait for a frame that holds `part`, and return the latest one."""
        await self.until(lambda _: any(part in frame for frame in self.frames))
        return next(frame for frame in reversed(self.frames) if part in frame)

    async def until_closed(self) -> int:
        """Wait until the socket is closed; return the code."""
        return await asyncio.wait_for(self._writer, WAIT_SECONDS)

    async def close(self) -> None:
        """Disconnect, as a closed browser tab does."""
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        self._served.realtime.feeds.leave(self.socket)


async def store(served: Services, count: int, room: str = ROOM) -> list[Message]:
    """Store messages without publishing events about them."""
    sends = [
        served.messages.add(room, ADA, Draft(f"text {n}", new_id())) for n in range(1, count + 1)
    ]
    return list(await asyncio.gather(*sends))


def posted(served: Services, message: Message) -> Event:
    """Return the event about a new message."""
    html = str(served.renderer.message(message))
    return {"kind": "posted", "seq": message.seq, "author": message.author_name, "html": html}


def changed(served: Services, message: Message, n: int) -> Event:
    """Return the event about a change."""
    return {"kind": "changed", "n": n, "html": str(served.renderer.message(message))}


def publish(served: Services, *events: Event, room: str = ROOM) -> None:
    """Publish events from one process."""
    for event in events:
        served.platform.bus.publish(room_topic(room), event)


def shown(messages_: list[Message]) -> list[str]:
    return [message.body for message in messages_]


async def fresh(served: Services, room: str = ROOM) -> Dom:
    """Return the page as loaded anew."""
    head = await served.messages.head(room)
    page = await served.messages.newest(room, head, 100)
    return Dom(str(served.renderer.history(room, page)))
