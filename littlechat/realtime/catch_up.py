"""Brings a page from its cursor up to the present: a frame with what it missed, or a fresh list."""

import asyncio
from dataclasses import dataclass, replace

from littlechat.core import Cursor, Message, Page
from littlechat.messages import Messages
from littlechat.rendering import Renderer

CATCH_UP_CHARS = 512 * 1024
"""The longest frame that catches a page up; what is longer becomes a fresh list, cut to fit."""


Gap = tuple[str, Cursor]
"""A room, and how far a page is in it."""

Caught = tuple[str, Cursor]
"""A frame, and how far it brings a page."""


@dataclass(slots=True)
class CatchUpCounters:
    """What `/metrics` tells of pages that come back."""

    catch_ups: int = 0
    reloads: int = 0


class CatchUp:
    """Reads the store and renders what a page has not seen."""

    def __init__(self, messages: Messages, render: Renderer) -> None:
        self._messages, self._render = messages, render
        self.counters = CatchUpCounters()
        self._due: dict[Gap, asyncio.Task[Caught]] = {}
        self._under_way: dict[Gap, asyncio.Task[Caught]] = {}

    async def frame(self, room_id: str, after: Cursor) -> Caught:
        """Return the frame, empty if none is due, that brings a page from `after` to the cursor.

        Pages that come back together, as after a restart, share one reading; it begins after each
        of them asked, so that what came in between is in it, or comes to them by their feed.
        """
        self.counters.catch_ups += 1
        gap = (room_id, after)
        if gap not in self._due:
            self._due[gap] = asyncio.create_task(self._read_next(gap), name="catch up")
        return await asyncio.shield(self._due[gap])

    async def _read_next(self, gap: Gap) -> Caught:
        if running := self._under_way.get(gap):
            await asyncio.wait({running})
        self._under_way[gap] = self._due.pop(gap)
        try:
            return await self._read(*gap)
        finally:
            del self._under_way[gap]

    async def _read(self, room_id: str, after: Cursor) -> Caught:
        missed = await self._messages.since(room_id, after)
        if missed is not None:
            if missed.cursor == after:
                return "", after
            rendered = [str(self._render.message(message)) for message in missed.messages]
            if sum(map(len, rendered)) <= CATCH_UP_CHARS:
                return self._render.frames.messages(rendered, missed.cursor), missed.cursor
        self.counters.reloads += 1
        head = await self._messages.head(room_id)
        page = await self._messages.newest(room_id, head)
        return self._render.frames.reload(room_id, self._cut(page), head), head

    def _cut(self, page: Page) -> Page:
        room = CATCH_UP_CHARS
        kept: list[Message] = []
        for message in reversed(page.messages):
            room -= len(self._render.message(message))
            if kept and room < 0:
                return replace(page, messages=kept, older=True)
            kept.insert(0, message)
        return page
