"""Work whose client goes away before it is done."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest


async def abandon(work: Coroutine[Any, Any, Any], turns: int = 1) -> None:
    """Begin `work` and cancel it under way, as Quart does when its client goes away."""
    task = asyncio.create_task(work)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
