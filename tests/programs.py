"""Other programs that tests start, or skip if one is not installed."""

import asyncio
import contextlib
import os
import shutil
import socket
from pathlib import Path
from typing import Self

import pytest
from redis.asyncio import Redis

from tests.factories import WAIT_SECONDS


def require(program: str) -> str:
    """Return a program's path; without it skip, or fail where nothing may be skipped."""
    path = shutil.which(program)
    if path is None and os.environ.get("LITTLECHAT_REQUIRE_ALL"):
        pytest.fail(f"{program} is not installed, and LITTLECHAT_REQUIRE_ALL is set")
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


def count_processes() -> int:
    """Return by how many processes people with browsers are served: two, if a Redis joins them."""
    if given := os.environ.get("LITTLECHAT_PROCESSES"):
        return int(given)
    return 2 if shutil.which("redis-server") or os.environ.get("LITTLECHAT_REQUIRE_ALL") else 1


class RedisServer:
    """A Redis of the tests' own, which may be killed and come back on its port."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}"
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> Self:
        """Return when it answers; at once if it already does."""
        if await self._answers():
            return self
        self._child = await asyncio.create_subprocess_exec(
            *(require("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", str(self._directory)),
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(WAIT_SECONDS):
            while not await self._answers():
                await asyncio.sleep(0.02)
        return self

    async def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            await writer.wait_closed()
            return True
        return False

    async def kill(self) -> None:
        """End it at once, if it runs."""
        if self._child and self._child.returncode is None:
            self._child.kill()
            await self._child.wait()

    async def cut_subscribers(self) -> None:
        """Close the connections of all subscribers, as a proxy in between might."""
        async with Redis.from_url(self.url) as redis:
            await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
