"""Pauses end early when the process stops."""

import asyncio

from littlechat.notifications.shutdown import Shutdown
from tests.factories import WAIT_SECONDS


async def test_a_pause_lasts_its_time_unless_the_process_stops() -> None:
    shutdown = Shutdown()
    assert not await shutdown.pause(0.01)
    pause = asyncio.create_task(shutdown.pause(3_600))
    await asyncio.sleep(0)
    shutdown.begin()
    assert await asyncio.wait_for(pause, WAIT_SECONDS)
    assert await asyncio.wait_for(shutdown.pause(3_600), WAIT_SECONDS)
