"""Work that is seen through: Quart cancels a handler when its client goes away.

What is stored must not stay unheard then, least of all the end of a right.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class BackgroundTasks:
    """The tasks of a process that outlive the requests which began them."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def run_to_completion(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do `work` to its end, whether or not its caller waits for it so long."""
        return await asyncio.shield(self._start(work))

    def spawn(self, *works: Coroutine[Any, Any, None]) -> None:
        """Do each of `works` beside, one after the other; whatever fails is only logged."""
        self._start(_one_by_one(works))

    def _start(self, work: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def close(self) -> None:
        """Wait for what is under way, and what that begins."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)


async def _one_by_one(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    for work in works:
        try:
            await work
        except Exception:
            log.exception("work failed")
