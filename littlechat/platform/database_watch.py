"""Ends an embedded database that runs and yet answers nobody, so that it is started again.

One that stands still does so, and one whose disk was full: it refuses everything from then on, also
when there is room again, until it is started anew.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from littlechat.platform.database import Unavailable

CHECK_SECONDS = 10.0
FAILURES_MAX = 6
"""After so many checks in a row without an answer, a minute or more, it is ended."""

log = logging.getLogger(__name__)


async def end_when_silent(
    ping: Callable[[], Awaitable[None]],
    end: Callable[[], None],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Call `end` whenever `ping` has failed for too long; runs until cancelled."""
    failures = 0
    while True:
        await pause(CHECK_SECONDS)
        try:
            await ping()
            failures = 0
        except Unavailable:
            failures += 1
        if failures >= FAILURES_MAX:
            log.error("the database runs and does not answer: ending it, to start it again")
            failures = 0
            end()
