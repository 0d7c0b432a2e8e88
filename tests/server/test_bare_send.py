"""A handler's own ways to send up a socket."""

import asyncio
import socket
from typing import Any, cast

from quart import websocket
from websockets.asyncio.client import connect

from littlechat.server import Application, serve_until
from tests.factories import WAIT_SECONDS

FRAME = b"\x81\x05ready"


def make_app() -> Application:
    app = Application(__name__)

    @app.websocket("/")
    async def send_both_ways() -> None:
        await websocket.accept()
        scope = cast(dict[str, Any], websocket.scope)
        assert not scope["littlechat.is_closed"]()
        await scope["littlechat.send"]("text")
        write_now = scope["littlechat.write_now"]
        await websocket.send("cannot" if write_now is None else str(write_now(FRAME)))
        await websocket.receive()

    return app


async def test_texts_and_ready_frames_are_sent_past_the_layers() -> None:
    stop = asyncio.Event()

    async def close_sockets() -> None:
        """The client has closed it."""

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        url = f"ws://127.0.0.1:{listening.getsockname()[1]}"
        serving = asyncio.create_task(
            serve_until(stop, make_app(), listening, close_sockets, message_bytes_max=100)
        )
        async with asyncio.timeout(WAIT_SECONDS), connect(url, proxy=None) as client:
            assert [await client.recv() for _ in range(3)] == ["text", "ready", "True"]
        stop.set()
        await asyncio.wait_for(serving, WAIT_SECONDS)


async def test_another_server_has_no_shortcut() -> None:
    async with make_app().test_client().websocket("/") as client:
        assert [await client.receive() for _ in range(2)] == ["text", "cannot"]
