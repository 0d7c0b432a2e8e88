"""Turns at something that only so much can be done of at a time, fair between people.

Everybody has few turns at a time, one unless said otherwise, however much they ask for, so that
nobody waits for more than those of each of the others.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """Lets `at_once` turns be taken at a time, and `each` of them by one person."""

    def __init__(self, at_once: int, each: int = 1) -> None:
        # Both wake those who wait in the order in which they came.
        self._all, self._each = asyncio.Semaphore(at_once), each
        self._people: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def take(self, person: str) -> AsyncIterator[None]:
        """Wait for a turn of this person, by their id, and keep it within the block."""
        own = self._people.setdefault(person, asyncio.Semaphore(self._each))
        async with own, self._all:
            yield
