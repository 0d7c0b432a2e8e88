"""The embedded database, SecantusDB: its user and password, and its restarts.

It must never import `secantus`, which is GPL-2.0: it stays a separate process behind a socket.
"""

import asyncio
import collections
import contextlib
import hashlib
import importlib.util
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

from littlechat.platform.data_directory import DataDirectory, unusable, write_whole
from littlechat.platform.database_process import (
    HOST,
    DatabaseDied,
    DatabaseProcess,
    EmbeddedError,
)
from littlechat.platform.mutual_tls import MutualTls

USER = "littlechat"
PASSWORD_FILE = "database-password"  # noqa: S105 - the name of a file
USER_MARK = "littlechat-user"
"""A file that says for which password the user was made. It is inside the database's directory, so
that both are deleted together."""

DEATHS_MAX = 3
DEATHS_WITHIN_SECONDS = 60

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
"""Those for which there are builds of it; `pyproject.toml` says the same to pip."""

log = logging.getLogger(__name__)
Provision = Callable[[str, str, str], Awaitable[None]]


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


def database_password(directory: DataDirectory) -> str:
    """Return the database's password, generated for a new database; raise `EmbeddedError`.

    A database whose password is missing gets a new one only from who owns its directory.
    """
    file, mark = directory.path / PASSWORD_FILE, directory.path / "database" / USER_MARK
    if mark.exists() and not file.exists():
        raise EmbeddedError(
            f"The password of the database in {directory.path} is missing. Put the file {file} "
            "back from a backup; or, to give the database a new password, delete the file "
            f"{mark}, which only the owner of the directory can do, and start again."
        )
    return directory.secret(PASSWORD_FILE)


class EmbeddedServer:
    """One SecantusDB server with its files below `directory`, whose lock the caller holds.

    `provision(uri, user, password)` must create or reset that user in the database `admin`, with
    that password and the role `readWrite` on `littlechat`. Start the server from the main thread:
    Linux kills the child when the *thread* that started it ends.
    """

    def __init__(self, directory: Path, password: str, provision: Provision) -> None:
        self.uri = ""
        self._directory = directory.absolute()
        self._process = DatabaseProcess(self._directory)
        self._password = password
        self._provision = provision
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Start the server, with authentication, and set `uri`; raise `EmbeddedError`."""
        if importlib.util.find_spec("secantus") is None:
            raise EmbeddedError(missing(sys.version_info[:2]))
        self._process.is_stopping = False
        try:
            self._process.prepare()
            await self._process.kill_leftover()
            await self._ensure_user()
            await self._process.launch("--auth")
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
        self._process.is_stopping = True
        async with self._lock:
            await self._process.stop()

    def end(self) -> None:
        """Kill the server, which `watch` then starts again; nothing acknowledged is lost."""
        self._process.kill()

    async def watch(self) -> None:
        """Restart the server, at the same URI, whenever it dies; return after `stop`.

        Raises `EmbeddedError` if it dies too often.
        """
        deaths: collections.deque[float] = collections.deque(maxlen=DEATHS_MAX + 1)
        while self._process.is_started and not self._process.is_stopping:
            status = await self._process.wait()
            async with self._lock:
                if self._process.is_stopping:
                    return
                deaths.append(time.monotonic())
                if len(deaths) > DEATHS_MAX and deaths[-1] - deaths[0] <= DEATHS_WITHIN_SECONDS:
                    raise EmbeddedError(
                        f"The database died {len(deaths)} times within {DEATHS_WITHIN_SECONDS} s. "
                        f"Look for the reason in {self._process.log}: {self._process.tail()}"
                    )
                log.error("The database ended with status %s; starting it again.", status)
                with contextlib.suppress(DatabaseDied):  # the next round counts this death as well
                    await self._process.launch("--auth", port=self._process.port)

    async def _ensure_user(self) -> None:
        """Create the user unless that was done for this password.

        The server takes the first user only with authentication off. Meanwhile it speaks TLS, and
        only with who has a key that is made for this moment and kept in a directory of ours, so
        that no other user of this machine can be first.
        """
        mark = self._process.home / USER_MARK
        digest = hashlib.sha256(self._password.encode()).hexdigest()
        if mark.exists() and mark.read_text(errors="replace") == digest:
            return
        with MutualTls(self._directory) as tls:
            # createUser does not wait for the journal: a kill could lose a user that we marked.
            await self._process.launch("--sync-on-commit", *tls.server_options)
            try:
                await self._provision(self._address("", tls.client_options), USER, self._password)
            except Exception as error:
                raise EmbeddedError(f"The database refused its first user: {error}") from error
            await self._process.stop()
        write_whole(mark, digest)

    def _address(self, login: str, rest: str) -> str:
        return f"mongodb://{login}{HOST}:{self._process.port}/{rest}"
