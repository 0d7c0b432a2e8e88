"""The `littlechat` command: settings, the embedded database, and one or several processes.

Whatever keeps it from starting is told in one sentence, with the remedy.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from littlechat import logs
from littlechat.app import create_app, require_browser_parts
from littlechat.config import ConfigError, Settings
from littlechat.datadir import DataDirectory, DataDirectoryError
from littlechat.db import Database, Unavailable, provision, where
from littlechat.embedded import EmbeddedError, EmbeddedServer
from littlechat.serve import BACKLOG, serve

WORKER_DEATHS = 5
WORKER_DEATHS_WITHIN_SECONDS = 60
STOP_SECONDS = 15

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The command ends for a reason that is told to whoever started it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run littlechat until it is told to stop; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="littlechat", description="A self-hosted team chat.", allow_abbrev=False
    )
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (default 8000)")
    parser.add_argument("--data-dir", help="where data is kept (default ./littlechat-data)")
    parser.add_argument("--worker", type=int, metavar="FD", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    flags = {"HOST": given.host, "PORT": given.port, "DATA_DIR": given.data_dir}
    env = {**os.environ, **{name: value for name, value in flags.items() if value is not None}}
    try:
        settings = Settings.from_environment(env)
        logs.configure(settings.log_level)
        require_browser_parts()
        work = run(settings, env) if given.worker is None else work_on(settings, given.worker)
        asyncio.run(work)
    except (ConfigError, DataDirectoryError, EmbeddedError, Unavailable, Stopped) as error:
        print(f"littlechat: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def run(settings: Settings, env: Mapping[str, str]) -> None:
    """Be the one process, or the parent of several."""
    listening = listen(settings.host, settings.port)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listening.close)
        settings, database = await prepare(settings, stack)
        await require_database(settings)
        tell(settings, listening)
        if settings.workers == 1:
            serving = serve(create_app(settings), listening, settings.proxy_hops)
        else:
            serving = Workers(settings, env, listening).run()
        await until_either(serving, database)
    log.info("stopped")


async def prepare(
    settings: Settings, stack: contextlib.AsyncExitStack
) -> tuple[Settings, EmbeddedServer | None]:
    """Return settings with a database and a secret, from the data directory where not given."""
    if settings.mongodb_uri is not None:
        return settings, None
    directory = DataDirectory(settings.data_dir)
    stack.callback(directory.close)
    database = EmbeddedServer(directory.path, directory.secret("database-password"), provision)
    stack.push_async_callback(database.stop)
    await database.start()
    secret_key = settings.secret_key or directory.secret("secret-key")
    return replace(settings, mongodb_uri=database.uri, secret_key=secret_key), database


async def until_either(serving: Coroutine[Any, Any, None], database: EmbeddedServer | None) -> None:
    """Serve until told to stop, or until the database cannot be kept alive."""
    server = asyncio.create_task(serving)
    watch = asyncio.create_task(database.watch()) if database else None
    tasks = {server} | ({watch} if watch else set())
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    if server not in done:
        # Ask ourselves as a supervisor would, so that there is one way to stop.
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait({server}, timeout=STOP_SECONDS)
    if watch:
        watch.cancel()
    for task in done:
        task.result()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise `Stopped` with the remedy if it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        raise Stopped(
            f"Cannot listen on {host} port {port}: {error.strerror}. "
            "Stop what uses it, or choose another with --port (and --host)."
        ) from error
    return listening


async def require_database(settings: Settings) -> None:
    """Raise `Stopped` unless the database answers to this user and password."""
    uri = settings.mongodb_uri or ""
    database = Database(uri)
    try:
        await database.open()
    except Unavailable as error:
        raise Stopped(
            f"The database at {where(uri)} cannot be used: {error}. "
            "Check MONGODB_URI and that the server runs."
        ) from error
    finally:
        database.close()


def tell(settings: Settings, listening: socket.socket) -> None:
    """Print where to go."""
    port = listening.getsockname()[1]
    host = settings.host if settings.host not in ("0.0.0.0", "::", "") else "localhost"  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    if not settings.rate_limits:
        log.warning("RATE_LIMITS=off: no rates and no caps; for load tests only")
    print(f"littlechat is at http://{shown}:{port}  (Ctrl-C stops it)", flush=True)


class Workers:
    """Child processes that serve the same listening socket; one that dies is replaced."""

    def __init__(
        self, settings: Settings, env: Mapping[str, str], listening: socket.socket
    ) -> None:
        self._count = settings.workers
        self._listening = listening
        self._env = {
            **env,
            "MONGODB_URI": settings.mongodb_uri or "",
            "SECRET_KEY": settings.secret_key,
        }
        self._deaths: deque[float] = deque(maxlen=WORKER_DEATHS)
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Keep the workers alive until SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        async with asyncio.TaskGroup() as group:
            keepers = [group.create_task(self._keep()) for _ in range(self._count)]
            group.create_task(self._stop_when_all_gone(keepers))

    async def _stop_when_all_gone(self, keepers: list["asyncio.Task[None]"]) -> None:
        await asyncio.wait(keepers)

    async def _keep(self) -> None:
        while not self._stop.is_set():
            worker = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "littlechat", "--worker", str(self._listening.fileno())),
                env=self._env,
                pass_fds=[self._listening.fileno()],
            )
            await self._until_gone(worker)
            if not self._stop.is_set():
                self._count_death(worker.returncode)

    async def _until_gone(self, worker: asyncio.subprocess.Process) -> None:
        gone = asyncio.create_task(worker.wait())
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({gone, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not gone.done():
            with contextlib.suppress(ProcessLookupError):
                worker.terminate()
            await asyncio.wait({gone}, timeout=STOP_SECONDS)
        if not gone.done():
            worker.kill()
        await gone

    def _count_death(self, code: int | None) -> None:
        log.error("worker ended, starting another", extra={"code": code})
        now = time.monotonic()
        self._deaths.append(now)
        full = len(self._deaths) == WORKER_DEATHS
        if full and now - self._deaths[0] <= WORKER_DEATHS_WITHIN_SECONDS:
            self._stop.set()
            raise Stopped("The worker processes keep ending; the log above says why.")


async def work_on(settings: Settings, descriptor: int) -> None:
    """Be one of several processes: serve the parent's socket, and go when the parent goes."""
    listening = socket.socket(fileno=descriptor)
    listening.setblocking(False)
    parent = os.getppid()

    async def leave_with_parent() -> None:
        while os.getppid() == parent:
            await asyncio.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    watch = asyncio.create_task(leave_with_parent())
    try:
        await serve(create_app(settings), listening, settings.proxy_hops)
    finally:
        watch.cancel()
        listening.close()


if __name__ == "__main__":
    sys.exit(main())
