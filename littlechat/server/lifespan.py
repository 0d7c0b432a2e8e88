"""The process starts and ends the application itself.

Upstream: Hypercorn 0.18, `asyncio/lifespan.py`, and Quart 0.22, `asgi.py`, `ASGILifespan`, pass the
start and the end of an application as messages.
Cost: an error at the start arrives as the text of another one, without its type, so that the
command could not say in a sentence what is wrong; and an end that hangs raises after 60 s.
Instead: `running` starts the application and ends it, within `SHUTDOWN_SECONDS`, and the server's
messages about it are dropped.
Guard: tests/server/test_lifespan.py::test_application_that_cannot_start_says_why_itself
Until: an application's own exception leaves `worker_serve`.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from quart import Quart

SHUTDOWN_SECONDS = 5.0
"""How long an application may take to close what it opened."""

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def running(app: Quart) -> AsyncIterator[None]:
    """Start `app`, and end it when the block is left; raise what it raises when it cannot start."""
    await app.startup()
    try:
        yield
    finally:
        try:
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                await app.shutdown()
        except TimeoutError:
            log.error("the application did not end in time")


def without_lifespan(app: Any) -> Any:
    """Return an ASGI application that drops the messages of start and end."""

    async def connections(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)

    return connections
