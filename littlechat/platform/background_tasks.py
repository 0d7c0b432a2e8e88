"""Tasks that finish although the request that started them is cancelled.

Quart cancels a handler when its client disconnects. An event about something that was stored must
be published all the same, above all when it ends somebody's access.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class BackgroundTasks:
    """The background tasks of one process, which may outlive the requests that started them."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def run_to_completion(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return the result of `work`, which goes on even if the caller is cancelled."""
        return await asyncio.shield(self._start(work))

    def spawn(self, *works: Coroutine[Any, Any, None]) -> None:
        """Run `works` in the background, one after the other; exceptions are only logged."""
        self._start(_one_by_one(works))

    def _start(self, work: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def close(self) -> None:
        """Wait until all tasks are done, including those that they start."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)


async def _one_by_one(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    for work in works:
        try:
            await work
        except Exception:
            log.exception("background task failed")
