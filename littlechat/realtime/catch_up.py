"""Brings a page up to date from its cursor: a frame with what it missed, or the list anew."""

import asyncio
from dataclasses import dataclass, replace

from littlechat.core import Cursor, Message, Page
from littlechat.messages import Messages
from littlechat.rendering import Renderer

CATCH_UP_CHARS = 512 * 1024
"""The longest frame with missed messages; instead of a longer one the page gets the newest page of
the room, shortened to fit."""


Gap = tuple[str, Cursor]
"""A room's id, and a page's cursor in it."""

CatchUpFrame = tuple[str, Cursor]
"""A frame, and the cursor of a page that has applied it."""


@dataclass(slots=True)
class CatchUpCounters:
    """What `/metrics` shows of pages that reconnect."""

    catch_ups: int = 0
    reloads: int = 0


class CatchUp:
    """Reads from the store, and renders, what a page has not received."""

    def __init__(self, messages: Messages, render: Renderer) -> None:
        self._messages, self._render = messages, render
        self.counters = CatchUpCounters()
        self._due: dict[Gap, asyncio.Task[CatchUpFrame]] = {}
        self._under_way: dict[Gap, asyncio.Task[CatchUpFrame]] = {}

    async def frame(self, room_id: str, after: Cursor) -> CatchUpFrame:
        """Return the frame that brings a page from `after` up to date, empty if nothing was missed.

        Pages that reconnect together, as after a restart, share one reading. It begins after each
        of them asked, so that what is posted in between is in it, or reaches them by their feed.
        """
        self.counters.catch_ups += 1
        gap = (room_id, after)
        if gap not in self._due:
            self._due[gap] = asyncio.create_task(self._read_next(gap), name="catch up")
        return await asyncio.shield(self._due[gap])

    async def _read_next(self, gap: Gap) -> CatchUpFrame:
        if running := self._under_way.get(gap):
            await asyncio.wait({running})
        self._under_way[gap] = self._due.pop(gap)
        try:
            return await self._read(*gap)
        finally:
            del self._under_way[gap]

    async def _read(self, room_id: str, after: Cursor) -> CatchUpFrame:
        missed = await self._messages.since(room_id, after)
        if missed is not None:
            if missed.cursor == after:
                return "", after
            await self._render.prepare(missed.messages)
            rendered = [str(self._render.message(message)) for message in missed.messages]
            if sum(map(len, rendered)) <= CATCH_UP_CHARS:
                return self._render.frames.messages(rendered, missed.cursor), missed.cursor
        self.counters.reloads += 1
        head = await self._messages.head(room_id)
        page = await self._messages.newest(room_id, head)
        await self._render.prepare(page.messages)
        return self._render.frames.reload(room_id, self._cut(page), head), head

    def _cut(self, page: Page) -> Page:
        chars_left = CATCH_UP_CHARS
        kept: list[Message] = []
        for message in reversed(page.messages):
            chars_left -= len(self._render.message(message))
            if kept and chars_left < 0:
                return replace(page, messages=kept, older=True)
            kept.insert(0, message)
        return page
