"""Who may be sent to at the same time: the slow and the unknown wait for each other alone.

Anybody may subscribe with any address. A push service that never answers takes a place until the
time is up, and a name that no name server answers for takes a thread besides. So those that
answered quickly the last time have places of their own, and of all places a person has few.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cachetools import LRUCache

from littlechat.platform import Turns

QUICK_AT_ONCE = 8
QUICK_EACH = 2
"""Places for services that answered quickly the last time, and how many a person has of them."""

OTHERS_AT_ONCE = 16
OTHERS_EACH = 1
"""The same for all others."""

AT_ONCE = QUICK_AT_ONCE + OTHERS_AT_ONCE

SLOW_SECONDS = 2.0
"""From how long on a service counts as slow."""

QUICK_MAX = 1_000
"""How many services are remembered to be quick."""


class Places:
    """The places of one process."""

    def __init__(self) -> None:
        self._quick_ones = Turns(QUICK_AT_ONCE, QUICK_EACH)
        self._others = Turns(OTHERS_AT_ONCE, OTHERS_EACH)
        self._quick: LRUCache[str, bool] = LRUCache(QUICK_MAX)

    @asynccontextmanager
    async def take(self, service: str, person: str) -> AsyncIterator[None]:
        """Wait for a place to send something of a person's to a service, and hold it."""
        turns = self._quick_ones if service in self._quick else self._others
        async with turns.take(person):
            yield

    def note(self, service: str, *, answered: bool, seconds: float) -> None:
        """Note how a service answered."""
        if answered and seconds < SLOW_SECONDS:
            self._quick[service] = True
        else:
            self._quick.pop(service, None)
