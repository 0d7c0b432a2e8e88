"""What a flood leaves behind."""

import contextlib
from collections.abc import Callable

from tests.factories import Person, Site
from tests.lines import (
    TEXT,
    Raw,
    connections,
    eventually,
)


async def test_flooder_leaves_no_task_behind(
    site: Site, ada: Person, room: str, tasks: Callable[[], int]
) -> None:
    before = tasks()
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    with contextlib.suppress(ConnectionError):
        for _ in range(10_000):
            raw.send(0x80 | TEXT, b"{}")
            await raw.writer.drain()
    await raw.until_end()
    await raw.close()
    await eventually(lambda: tasks() <= before)
    await eventually(lambda: not connections())
