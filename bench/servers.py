"""The servers that are measured, each in a process of its own, on loopback, on a free port."""

import contextlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator

from bench.processes import BenchError, Server, running

LITTLECHAT = (sys.executable, "-P", "-m", "littlechat", "--host", "127.0.0.1", "--port", "0")
SETTINGS = (
    *("HOST", "PORT", "DATA_DIR", "MONGODB_URI", "REDIS_URL", "SECRET_KEY"),
    *("WEB_CONCURRENCY", "LOG_LEVEL", "RATE_LIMITS", "COOKIE_SECURE", "PROXY_HOPS"),
)
"""What littlechat reads from the environment: our own values must not influence a measurement."""


@contextlib.asynccontextmanager
async def littlechat(**settings: str) -> AsyncIterator[Server]:
    """Run the real command, with its embedded database in a new directory unless told otherwise."""
    env = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    env |= {"RATE_LIMITS": "off", "LOG_LEVEL": "warning", **settings}
    with tempfile.TemporaryDirectory(prefix="bench-littlechat-") as directory:
        command = (*LITTLECHAT, "--data-dir", directory)
        async with running("littlechat", *command, env=env) as server:
            yield server


def bare() -> contextlib.AbstractAsyncContextManager[Server]:
    """Run the loop-send broadcast server."""
    return running("bare", sys.executable, "-m", "bench.bare")


def hello() -> contextlib.AbstractAsyncContextManager[Server]:
    """Run the Quart hello-world on Hypercorn."""
    return running("hello", sys.executable, "-m", "bench.hello")


def firehose() -> contextlib.AbstractAsyncContextManager[Server]:
    """Run the server that only sends, as fast as it can, to find out what the sockets can take."""
    return running("firehose", sys.executable, "-m", "bench.firehose")


@contextlib.asynccontextmanager
async def redis() -> AsyncIterator[Server]:
    """Run a Redis without persistence."""
    program = shutil.which("redis-server")
    if program is None:
        raise BenchError("redis-server is not installed: apt-get install redis-server")
    address = f"127.0.0.1:{free_port()}"
    host, _, port = address.partition(":")
    options = ("--bind", host, "--port", port, "--save", "", "--appendonly", "no")
    async with running("redis", program, *options, address=address) as server:
        yield server


def free_port() -> int:
    """Return a port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
