"""The other bare reference: Quart's hello-world on Hypercorn with Hypercorn's own settings."""

import asyncio
import socket
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

app = Quart(__name__)


@app.get("/")
async def say_hello() -> str:
    """Say hello."""
    return "Hello, world!"


async def main() -> None:
    """Listen until the parent process ends or stops us."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.errorlog = None
    port = socket.socket(fileno=int(config.bind[0][5:]))
    print(f"http://127.0.0.1:{port.getsockname()[1]}", flush=True)
    port.detach()

    async def until_left() -> None:
        await asyncio.to_thread(sys.stdin.read)

    await serve(app, config, shutdown_trigger=until_left)


if __name__ == "__main__":
    asyncio.run(main())
