"""The process of the embedded database: started, watched for its port, and stopped.

The password must never appear in a command line, an environment or a log.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from littlechat.platform.data_directory import write_whole

HOST = "127.0.0.1"
READY_TIMEOUT_SECONDS = 30
BUSY_TIMEOUT_SECONDS = 20
STOP_TIMEOUT_SECONDS = 8
LOG_BYTES = 5 * 1024 * 1024

# --standalone, because nothing reads the operations log of a replica set. Without --sync-on-commit,
# which would sync every write: the URI asks for the journal where it matters.
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


class EmbeddedError(Exception):
    """The database cannot run; the text tells the operator what to do."""


class DatabaseDied(EmbeddedError):
    """The server ended before it listened."""


class DatabaseProcess:
    """One server process at a time, with its files below `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "database"
        self.log = directory / "database.log"
        self.port = 0
        self.is_stopping = False
        self._pid = directory / "database.pid"
        self._child: asyncio.subprocess.Process | None = None

    @property
    def is_started(self) -> bool:
        """Whether there is a process to wait for."""
        return self._child is not None

    async def wait(self) -> int:
        """Return the exit status of the process when it ends."""
        return await self._child.wait() if self._child else 0

    def kill(self) -> None:
        """End the process at once, if it runs."""
        if self._child is not None and self._child.returncode is None:
            self._child.kill()

    def prepare(self) -> None:
        """Make the directory and what the server reads in it."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        # Given an empty configuration file, it does not look for one in the home directory.
        write_whole(self.directory / "database.toml", "")

    async def kill_leftover(self) -> None:
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
        return pid if f"--storage-path {self.home} --port" in command_line(pid) else None

    async def launch(self, *options: str, port: int = 0) -> None:
        """Start a child and return once it listens; retry while its port or files are in use."""
        deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
        while not self.is_stopping:
            self.port = port or free_port()
            start = self.log.stat().st_size if self.log.exists() else 0
            if await self._wait_until_listening(await self._spawn(*options), start):
                return
            said = self.log.read_bytes()[start:]
            if b"resource busy" not in said and b"Address already in use" not in said:
                raise DatabaseDied(f"The database did not start ({self.log}): {self.tail()}")
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"Another process holds the files in {self.home} or port {self.port}; "
                    f"end it and start again ({self.log}): {self.tail()}"
                )
            await asyncio.sleep(0.1)
        raise DatabaseDied("The database was told to stop while it started.")

    async def _spawn(self, *options: str) -> asyncio.subprocess.Process:
        place = ("--storage-path", str(self.home), "--port", str(self.port))
        config = ("--config", str(self.directory / "database.toml"))
        given = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        output = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid())),
                *(*place, *config, *OPTIONS, *options),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.directory,
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
        while child.returncode is None and not self.is_stopping:
            if b"listening on" in self.log.read_bytes()[start:] and accepts(self.port):
                return True
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"The database did not answer in {READY_TIMEOUT_SECONDS} s ({self.log}): "
                    f"{self.tail()}"
                )
            await asyncio.sleep(0.02)
        return False

    async def stop(self) -> None:
        """Stop the child.

        SecantusDB blocks in accept() for up to 2 s before it handles the signal; our connections
        wake it. If it still accepts after a second, it was not ready for the signal: send another.
        """
        if self._child is None:
            return
        asked, deadline = 0.0, time.monotonic() + STOP_TIMEOUT_SECONDS
        while self._child.returncode is None and (now := time.monotonic()) < deadline:
            listens = accepts(self.port)
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

    def tail(self) -> str:
        """Return the end of what the server wrote."""
        lines = self.log.read_bytes()[-2000:].decode(errors="replace").splitlines()
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
