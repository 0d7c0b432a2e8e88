"""The application's start and end."""

import asyncio
import socket
from collections.abc import Callable

import pytest
from quart import Quart

from littlechat.app import serve as serve_app
from littlechat.platform.database import Unavailable
from littlechat.server import lifespan
from tests.factories import Site


async def test_application_that_cannot_start_says_why_itself(
    make_app: Callable[..., Quart],
) -> None:
    app = make_app()

    @app.before_serving
    async def fail() -> None:
        raise Unavailable("no database today")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        with pytest.raises(Unavailable, match="no database today"):
            await serve_app(asyncio.Event(), app, listening)
    await app.shutdown()


async def test_application_that_does_not_end_is_left(
    make_app: Callable[..., Quart],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(lifespan, "SHUTDOWN_SECONDS", 0.1)
    app = make_app()

    @app.after_serving
    async def hang() -> None:
        await asyncio.sleep(3_600)

    async with Site(app):
        pass
    assert "did not end in time" in caplog.text
