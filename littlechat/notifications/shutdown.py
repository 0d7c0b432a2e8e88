"""Pauses that end early when the process stops."""

import asyncio
import contextlib


class Shutdown:
    """Whether the process stops, for those who pause."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    def begin(self) -> None:
        """End all pauses, now and from now on."""
        self._begun.set()

    async def pause(self, seconds: float) -> bool:
        """Wait for `seconds`, or until the process stops; return whether it stops."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._begun.wait()
        return self._begun.is_set()
