"""Turns at something that only a few can do at a time, fair between people.

Everybody has one turn at most, however much they ask for, so that nobody waits for more than one
turn of each of the others.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """Lets `at_once` people do something at a time."""

    def __init__(self, at_once: int) -> None:
        # Both wake those who wait in the order in which they came.
        self._all = asyncio.Semaphore(at_once)
        self._own: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def take(self, person: str) -> AsyncIterator[None]:
        """Wait for a turn of this person, by their id, and keep it within the block."""
        own = self._own.setdefault(person, asyncio.Lock())
        async with own, self._all:
            yield
