"""The `littlechat` command: settings, the embedded database, and one or several processes.

It exits with 0 when it was stopped by a signal (SIGTERM, Ctrl-C), and with 1 when it cannot start
or go on: it then prints one sentence that says what to do about it.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from littlechat.accounts import Accounts, AuditLog, Registration, setup_token
from littlechat.app import COLLECTIONS, create_app, serve
from littlechat.core import NAME_READ_MAX
from littlechat.platform import (
    EVERY_ADDRESS,
    ConfigError,
    Database,
    DataDirectory,
    DataDirectoryError,
    EmbeddedError,
    EmbeddedServer,
    Settings,
    Unavailable,
    database_password,
    end_when_silent,
    host_of,
    is_container,
    is_loopback,
    lan_address,
    logs,
    provision,
)
from littlechat.server import BACKLOG, Workers, WorkersFailed
from littlechat.web import require_browser_parts

FILES_MAX = 65_536
"""How many open files to ask the system for: each socket is one, and the usual limit is 1,024."""

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The command cannot go on; the text is the sentence that is printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run littlechat until a signal stops it; return the exit code."""
    given = parse(arguments)
    flags = {"HOST": given.host, "PORT": given.port, "DATA_DIR": given.data_dir}
    env = {**os.environ, **{name: value for name, value in flags.items() if value is not None}}
    try:
        settings = Settings.from_environment(env)
        logs.configure(settings.log_level)
        require_browser_parts()
        # What is imported stays in memory: the garbage collector need not examine it again.
        gc.freeze()
        if given.admin is not None:
            asyncio.run(appoint(settings, given.admin))
        elif given.worker is not None:
            asyncio.run(run_worker(settings, given.worker))
        else:
            asyncio.run(run(settings, env))
    except (
        ConfigError,
        DataDirectoryError,
        EmbeddedError,
        Unavailable,
        Stopped,
        WorkersFailed,
    ) as error:
        print(f"littlechat: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        log.info("told to stop while starting")
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line's options; each overrides the environment."""
    parser = argparse.ArgumentParser(
        prog="littlechat", description="A self-hosted team chat.", allow_abbrev=False
    )
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (default 8000; 0: any free one)")
    parser.add_argument("--data-dir", help="where data is kept (default ./littlechat-data)")
    parser.add_argument(
        "--admin",
        metavar="NAME",
        help="make NAME administrator, print a link that sets their password, and end",
    )
    parser.add_argument("--worker", type=int, metavar="FD", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


async def run(settings: Settings, env: Mapping[str, str]) -> None:
    """Serve, in this process or in several workers."""
    if task := asyncio.current_task():
        on_stop_signal(task.cancel)  # During the start: the stack closes what was opened.
    allow_many_files()
    async with contextlib.AsyncExitStack() as stack:
        listening = stack.enter_context(listen(settings.host, settings.port))
        settings, database = await prepare(settings, stack)
        await require_database(settings)
        set_up = await is_set_up(settings)
        stop = asyncio.Event()
        if settings.workers == 1:
            serving = serve(stop, create_app(settings), listening, settings.proxy_hops)
        else:
            serving = make_workers(settings, env, listening).run(stop)
        on_stop_signal(stop.set)
        print_address(settings, listening)
        if not set_up:
            print_first_step(settings)
        await (serving if database is None else serve_with(database, stop, serving))
    log.info("stopped")


async def appoint(settings: Settings, name: str) -> None:
    """Make a user an administrator, for when no administrator can sign in any more."""
    async with contextlib.AsyncExitStack() as stack:
        settings, _ = await prepare(settings, stack)
        await require_database(settings)
        database = Database(settings.mongodb_uri or "")
        stack.callback(database.close)
        accounts = Accounts(database)
        user = await accounts.users.find(name[:NAME_READ_MAX])
        if user is None:
            raise Stopped(f"There is no account called {name}.")
        await accounts.users.enable(user)
        await accounts.roles.promote(user)
        token = await Registration(database).make_password_link(user, None)
        await AuditLog(database).note("littlechat --admin", "made administrator", user.name)
    print(f"{user.name} is administrator. To set a password, open within 24 hours: /reset/{token}")


def on_stop_signal(act: Callable[[], object]) -> None:
    """Call `act` at SIGTERM and SIGINT from now on, instead of what was called before."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, act)


def allow_many_files() -> None:
    """Raise this process's limit of open files, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise `Stopped` if the address cannot be used."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with contextlib.ExitStack() as unless_kept:
            listening = unless_kept.enter_context(socket.socket(family, kind, protocol))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
            listening.setblocking(False)
            unless_kept.pop_all()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such host"
        raise Stopped(
            f"Cannot listen on {host} port {port}: {reason}. "
            "Stop what uses it, or choose another with --port (and --host)."
        ) from error
    return listening


async def prepare(
    settings: Settings, stack: contextlib.AsyncExitStack
) -> tuple[Settings, EmbeddedServer | None]:
    """Return settings with a database and a secret key, and the embedded database if one is used.

    Without `MONGODB_URI` the embedded database is started, until `stack` is closed.
    """
    if settings.mongodb_uri is not None:
        return settings, None
    directory = DataDirectory(settings.data_dir)
    stack.callback(directory.close)
    database = EmbeddedServer(directory.path, database_password(directory), provision)
    stack.push_async_callback(database.stop)
    await database.start()
    secret_key = settings.secret_key or directory.secret("secret-key")
    return replace(settings, mongodb_uri=database.uri, secret_key=secret_key), database


async def require_database(settings: Settings) -> None:
    """Raise `Stopped` unless the database accepts this user and password."""
    uri = settings.mongodb_uri or ""
    try:
        database = Database(uri)
    except Unavailable:
        # Without the driver's own message, which may contain a part of the password.
        raise Stopped(
            "MONGODB_URI cannot be read. It has the form mongodb://user:password@host:27017/name; "
            "percent-encode what is neither letter nor digit in the user and the password."
        ) from None
    try:
        await database.open(COLLECTIONS)
    except Unavailable as error:
        raise Stopped(
            f"The database at {host_of(uri)} cannot be used: {error}. "
            "Check MONGODB_URI and that the server runs."
        ) from error
    finally:
        database.close()


async def is_set_up(settings: Settings) -> bool:
    """Whether there is an account."""
    database = Database(settings.mongodb_uri or "")
    try:
        return await Accounts(database).roles.are_given()
    finally:
        database.close()


def print_first_step(settings: Settings) -> None:
    """Print how the first account is made, which only who reads this may do from elsewhere."""
    print(
        "Nobody has an account yet. On this machine, open the address above. From elsewhere, open "
        "the address under which it is reached, with this at its end: "
        f"/setup?token={setup_token(settings.secret_key)}",
        flush=True,
    )


def print_address(settings: Settings, listening: socket.socket) -> None:
    """Print the address to open in a browser."""
    port = listening.getsockname()[1]
    host = settings.host if settings.host not in EVERY_ADDRESS else "localhost"
    shown = f"[{host}]" if ":" in host else host
    if not settings.rate_limits:
        log.warning("RATE_LIMITS=off: no rates and no caps; for load tests only")
    print(f"littlechat is at http://{shown}:{port}  (Ctrl-C stops it)", flush=True)
    if line := for_other_machines(settings, port):
        print(line, flush=True)


def for_other_machines(settings: Settings, port: int) -> str:
    """Return what people at other machines must know, empty if they cannot come this way.

    Behind a proxy they come by its address.
    """
    if settings.proxy_hops:
        return ""
    address = lan_address() if settings.host in EVERY_ADDRESS else settings.host
    if address is None or is_loopback(address):
        return ""
    shown = f"[{address}]" if ":" in address else address
    if settings.cookie_secure == "off":
        risk = "COOKIE_SECURE=off: whoever is on the way reads passwords and messages"
    else:
        risk = (
            "browsers stay signed in there only with https in front (then PROXY_HOPS=1), or with "
            "COOKIE_SECURE=off, which lets whoever is on the way read along"
        )
    place = " (of this container; from outside, its host’s)" if is_container() else ""
    return f"From other machines: http://{shown}:{port}{place}  Plain http: {risk}."


async def serve_with(
    database: EmbeddedServer, stop: asyncio.Event, serving: Coroutine[Any, Any, None]
) -> None:
    """Serve until `stop` is set, or until the embedded database cannot be kept running."""
    watching = asyncio.create_task(database.watch())
    watching.add_done_callback(lambda _: stop.set())
    asked = Database(database.uri)
    checking = asyncio.create_task(end_when_silent(asked.ping, database.end))
    try:
        await serving
        if watching.done():
            watching.result()
    finally:
        watching.cancel()
        checking.cancel()
        asked.close()


def make_workers(settings: Settings, env: Mapping[str, str], listening: socket.socket) -> Workers:
    """Return the worker processes, which run this command with the option `--worker`."""
    descriptor = listening.fileno()
    secrets = {"mongodb_uri": settings.mongodb_uri, "secret_key": settings.secret_key}
    command = (sys.executable, "-P", "-m", "littlechat", "--worker", str(descriptor))
    return Workers(settings.workers, command, env, descriptor, secrets)


async def run_worker(settings: Settings, descriptor: int) -> None:
    """Run as a worker: serve the parent's socket, and stop when the parent ends."""
    stop = asyncio.Event()
    on_stop_signal(stop.set)
    settings = replace(settings, **json.loads(sys.stdin.buffer.readline()))
    on_parent_exit(stop.set)
    await require_database(settings)
    with socket.socket(fileno=descriptor) as listening:
        await serve(stop, create_app(settings), listening, settings.proxy_hops)


def on_parent_exit(act: Callable[[], object]) -> None:
    """Call `act` when the parent ends, however it does: our standard input is then closed."""
    loop = asyncio.get_running_loop()

    def leave() -> None:
        loop.remove_reader(sys.stdin)
        act()

    loop.add_reader(sys.stdin, leave)


if __name__ == "__main__":
    sys.exit(main())
