"""Other programs that tests start, or skip if one is not installed."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from pathlib import Path
from typing import Self

import pytest
from redis.asyncio import Redis

from littlechat.platform.mutual_tls import make_certificate
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
        if await accepts_connections(self.port):
            return self
        self._child = await asyncio.create_subprocess_exec(
            *(require("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", str(self._directory)),
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(WAIT_SECONDS):
            while not await accepts_connections(self.port):
                await asyncio.sleep(0.02)
        return self

    def freeze(self) -> None:
        """Let it stand still, with its connections open."""
        assert self._child
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._child
        self._child.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """End it at once, if it runs."""
        if self._child and self._child.returncode is None:
            self._child.kill()
            await self._child.wait()

    async def cut_subscribers(self) -> None:
        """Close the connections of all subscribers, as a proxy in between might."""
        async with Redis.from_url(self.url) as redis:
            await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]


class Gate:
    """A way to a port that can be cut, for one process to lose its network alone."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()

    async def open(self) -> None:
        """Let connections through, by `address`."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self._writers.add(writer)
        if self._to:
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            self._writers.add(back)
            if self._to:
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
            back.close()
        writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    def cut(self) -> None:
        """Let nothing through any more."""
        self._to = 0
        self._flows.set()
        for writer in self._writers:
            writer.close()

    def stall(self) -> None:
        """Let nothing through, and leave the connections open, as dropped packets do."""
        self._flows.clear()

    def flow(self) -> None:
        """Let what waits through."""
        self._flows.set()

    def mend(self, port: int) -> None:
        """Let new connections through again."""
        self._to = port

    async def close(self) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        await self._server.wait_closed()


class Nginx:
    """A proxy of the tests' own in front of a site, on a port of its own, with TLS if asked."""

    def __init__(self, directory: Path, upstream: int, lines: str, *, tls: bool = False) -> None:
        self._directory = directory
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"
        self._child: asyncio.subprocess.Process | None = None
        listen = f"listen 127.0.0.1:{self.port}{' ssl' if tls else ''};"
        if tls:
            write_certificate(directory)
            listen += f"ssl_certificate {directory}/cert.pem; ssl_certificate_key {directory}/key;"
        temporary = "".join(
            f"{kind}_temp_path {directory}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (directory / "nginx.conf").write_text(
            f"daemon off; pid {directory}/pid; worker_processes 1; error_log {directory}/error;"
            f"events {{}} http {{ access_log off; {temporary}"
            f"map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}"
            f"upstream site {{ server 127.0.0.1:{upstream}; }}"
            f"server {{ {listen} {lines} }} }}"
        )

    async def __aenter__(self) -> Self:
        self._child = await asyncio.create_subprocess_exec(
            *(require("nginx"), "-c", str(self._directory / "nginx.conf")),
            *("-p", str(self._directory), "-e", str(self._directory / "error")),
        )
        async with asyncio.timeout(WAIT_SECONDS):
            while not await accepts_connections(self.port):
                assert self._child.returncode is None, (self._directory / "error").read_text()
                await asyncio.sleep(0.02)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._child and self._child.returncode is None:
            self._child.terminate()
            await self._child.wait()


async def accepts_connections(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()
        return True
    return False


def write_certificate(directory: Path) -> None:
    """Write a key and a certificate for this machine, signed by itself."""
    key, certificate = make_certificate()
    (directory / "key").write_text(key)
    (directory / "cert.pem").write_text(certificate)
