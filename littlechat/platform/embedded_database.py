"""Starts, watches and stops the embedded database, SecantusDB, as a child process.

It must never import `secantus`, which is GPL-2.0: it stays a separate process behind a socket. The
password must never appear in a command line, an environment or a log.
"""

import asyncio
import collections
import contextlib
import hashlib
import importlib.util
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

from littlechat.platform.data_directory import unusable, write_whole

USER = "littlechat"
HOST = "127.0.0.1"
READY_TIMEOUT_SECONDS = 30
BUSY_TIMEOUT_SECONDS = 20
STOP_TIMEOUT_SECONDS = 8
DEATHS_MAX = 3
DEATHS_WITHIN_SECONDS = 60
LOG_BYTES = 5 * 1024 * 1024

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
"""Those for which there are builds of it; `pyproject.toml` says the same to pip."""

# --standalone, because nothing reads the operations log of a replica set. Without --sync-on-commit,
# which would sync every write: the URI asks for the journal where it matters (see `start`).
OPTIONS = ("--host", HOST, "--standalone", "--cache-size", "256M")

# A launcher script, because a preexec_fn may deadlock in a process with threads. It asks Linux to
# kill the child when its parent dies, exits if the parent died before that, and then becomes the
# server.
LAUNCHER = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL: kept across exec
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.executable, [sys.executable, "-P", "-m", "secantus", *sys.argv[2:]])
"""
# The child gets no other variables: none of our secrets, and no SECANTUS_* that would switch the
# journal off.
ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH")

log = logging.getLogger(__name__)
Provision = Callable[[str, str, str], Awaitable[None]]


class EmbeddedError(Exception):
    """The database cannot run; the text tells the operator what to do."""


def missing(version: tuple[int, int]) -> str:
    """Return what to do where the embedded database is not installed, on this Python."""
    if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return (
            f"The embedded database has no build for Python {version[0]}.{version[1]}. Make the "
            f"virtual environment with Python {_dotted(OLDEST_PYTHON)} to {_dotted(NEWEST_PYTHON)} "
            "and install again, or set MONGODB_URI to a MongoDB server."
        )
    return (
        "The embedded database is not installed. Run: pip install 'littlechat[embedded]' "
        "- or set MONGODB_URI to a MongoDB server."
    )


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


class DatabaseDied(EmbeddedError):
    """The server ended before it listened."""


class EmbeddedServer:
    """One SecantusDB server with its files below `directory`, whose lock the caller holds.

    `provision(uri, user, password)` must create or reset that user in the database `admin`, with
    that password and the role `readWrite` on `littlechat`. Start the server from the main thread:
    Linux kills the child when the *thread* that started it ends.
    """

    def __init__(self, directory: Path, password: str, provision: Provision) -> None:
        self.uri = ""
        self._directory = directory.absolute()
        self._home = self._directory / "database"
        self._log = self._directory / "database.log"
        self._pid = self._directory / "database.pid"
        self._password = password
        self._provision = provision
        self._port = 0
        self._child: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self._stopping = False

    async def start(self) -> None:
        """Start the server, with authentication, and set `uri`; raise `EmbeddedError`."""
        if importlib.util.find_spec("secantus") is None:
            raise EmbeddedError(missing(sys.version_info[:2]))
        self._stopping = False
        try:
            self._prepare()
            await self._kill_leftover()
            await self._ensure_user()
            await self._launch("--auth")
        except BaseException as error:
            await self.stop()
            if isinstance(error, OSError):
                raise unusable(self._directory, error) from error
            raise
        # Without journal=true a kill -9 of the server loses the writes it acknowledged in the last
        # 50 ms, even with w=majority (measured: 3 to 79 writes); with it, none.
        # With retryWrites it stores the answers of half an hour, up to 10,000, and scans them twice
        # per write: 12 ms became 90 (measured under load). `Collection.insert` retries instead.
        login = f"{USER}:{quote(self._password, safe='')}@"
        self.uri = self._address(login, f"{USER}?authSource=admin&journal=true&retryWrites=false")

    async def stop(self) -> None:
        """Stop the server, by force if it does not stop in time; may be called again."""
        self._stopping = True
        async with self._lock:
            await self._stop_child()

    async def watch(self) -> None:
        """Restart the server, at the same URI, whenever it dies; return after `stop`.

        Raises `EmbeddedError` if it dies too often.
        """
        deaths: collections.deque[float] = collections.deque(maxlen=DEATHS_MAX + 1)
        while self._child is not None and not self._stopping:
            status = await self._child.wait()
            async with self._lock:
                if self._stopping:
                    return
                deaths.append(time.monotonic())
                if len(deaths) > DEATHS_MAX and deaths[-1] - deaths[0] <= DEATHS_WITHIN_SECONDS:
                    raise EmbeddedError(
                        f"The database died {len(deaths)} times within {DEATHS_WITHIN_SECONDS} s. "
                        f"Look for the reason in {self._log}: {self._tail()}"
                    )
                log.error("The database ended with status %s; starting it again.", status)
                with contextlib.suppress(DatabaseDied):  # the next round counts this death as well
                    await self._launch("--auth", port=self._port)

    def _prepare(self) -> None:
        self._home.mkdir(mode=0o700, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        # Given an empty configuration file, it does not look for one in the home directory.
        write_whole(self._directory / "database.toml", "")

    async def _kill_leftover(self) -> None:
        """Kill the server that a killed littlechat left behind, and wait until it is gone."""
        pid = self._find_leftover_pid()
        if pid is None:
            return
        log.warning("Ending the database that a killed littlechat left, process %d.", pid)
        # SIGKILL at once: it at times ignores SIGTERM, and thanks to its journal loses nothing.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while self._find_leftover_pid() is not None and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    def _find_leftover_pid(self) -> int | None:
        """Return the pid in the pid file if that process is a server of this directory."""
        try:
            pid = int(self._pid.read_text())
        except (OSError, ValueError):
            return None
        return pid if f"--storage-path {self._home} --port" in command_line(pid) else None

    async def _ensure_user(self) -> None:
        """Create the user unless that was done for this password, with authentication off."""
        # The mark is inside the database's directory, so that both are deleted together.
        mark = self._home / "littlechat-user"
        digest = hashlib.sha256(self._password.encode()).hexdigest()
        if mark.exists() and mark.read_text(errors="replace") == digest:
            return
        # createUser does not wait for the journal: a kill could lose a user that we marked as made.
        await self._launch("--sync-on-commit")
        try:
            await self._provision(self._address("", ""), USER, self._password)
        except Exception as error:
            raise EmbeddedError(f"The database refused its first user: {error}") from error
        await self._stop_child()
        write_whole(mark, digest)

    async def _launch(self, *options: str, port: int = 0) -> None:
        """Start a child and return once it listens; retry while its port or files are in use."""
        deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
        while not self._stopping:
            self._port = port or free_port()
            start = self._log.stat().st_size if self._log.exists() else 0
            if await self._wait_until_listening(await self._spawn(*options), start):
                return
            said = self._log.read_bytes()[start:]
            if b"resource busy" not in said and b"Address already in use" not in said:
                raise DatabaseDied(f"The database did not start ({self._log}): {self._tail()}")
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"Another process holds the files in {self._home} or port {self._port}; "
                    f"end it and start again ({self._log}): {self._tail()}"
                )
            await asyncio.sleep(0.1)
        raise DatabaseDied("The database was told to stop while it started.")

    async def _spawn(self, *options: str) -> asyncio.subprocess.Process:
        place = ("--storage-path", str(self._home), "--port", str(self._port))
        config = ("--config", str(self._directory / "database.toml"))
        given = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        output = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid())),
                *(*place, *config, *OPTIONS, *options),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._directory,
                env=given | {"SECANTUS_FORCE_DURABLE": "1", "PYTHONUNBUFFERED": "1"},
                umask=0o077,
                start_new_session=True,  # so that Ctrl-C reaches only us, and we stop the child
            )
        finally:
            os.close(output)
        self._child = child
        self._pid.write_text(f"{child.pid}\n")
        return child

    async def _wait_until_listening(self, child: asyncio.subprocess.Process, start: int) -> bool:
        """Wait until the child listens; return False if it died.

        Its log must say so too, because another process may have taken the port in between.
        """
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while child.returncode is None and not self._stopping:
            if b"listening on" in self._log.read_bytes()[start:] and accepts(self._port):
                return True
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"The database did not answer in {READY_TIMEOUT_SECONDS} s ({self._log}): "
                    f"{self._tail()}"
                )
            await asyncio.sleep(0.02)
        return False

    async def _stop_child(self) -> None:
        """Stop the child.

        SecantusDB blocks in accept() for up to 2 s before it handles the signal; our connections
        wake it. If it still accepts after a second, it was not ready for the signal: send another.
        """
        if self._child is None:
            return
        asked, deadline = 0.0, time.monotonic() + STOP_TIMEOUT_SECONDS
        while self._child.returncode is None and (now := time.monotonic()) < deadline:
            listens = accepts(self._port)
            if not asked or (listens and now - asked > 1):
                self._child.terminate()
                asked = now
            await asyncio.sleep(0.02)
        if self._child.returncode is None:
            log.warning("The database did not stop in %d s; killing it.", STOP_TIMEOUT_SECONDS)
            self._child.kill()
        await self._child.wait()
        self._child = None
        self._pid.unlink(missing_ok=True)

    def _address(self, login: str, rest: str) -> str:
        return f"mongodb://{login}{HOST}:{self._port}/{rest}"

    def _tail(self) -> str:
        lines = self._log.read_bytes()[-2000:].decode(errors="replace").splitlines()
        return " | ".join(line.strip() for line in lines[-5:]) or "it wrote nothing."


def command_line(pid: int) -> str:
    """Return the arguments of a process, joined by spaces; empty if it is gone or a zombie."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        return ""
    ps = ("/bin/ps", "-ww", "-o", "command=", "-p", str(pid))
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False
