"""The embedded database against a real server: start and stop, secrets, and recovery from kills."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import stat
import struct
import subprocess
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest
from bson import encode
from packaging.requirements import Requirement
from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from littlechat.platform import database_process
from littlechat.platform.data_directory import DataDirectory, DataDirectoryError
from littlechat.platform.database import provision
from littlechat.platform.database_process import EmbeddedError
from littlechat.platform.embedded_database import (
    NEWEST_PYTHON,
    EmbeddedServer,
    database_password,
    missing,
)

WAIT_SECONDS = 30
REPOSITORY = Path(__file__).parents[2]

# A littlechat that holds a data directory with its server until it is killed.
PARENT = """
import asyncio, sys
from pathlib import Path
from littlechat.platform.data_directory import DataDirectory
from littlechat.platform.database import provision
from littlechat.platform.embedded_database import EmbeddedServer, database_password

async def main():
    data = DataDirectory(Path(sys.argv[1]))
    server = EmbeddedServer(data.path, database_password(data), provision)
    await server.start()
    print(server.uri, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

Client = AsyncMongoClient[dict[str, object]]


def connect(uri: str) -> Client:
    return AsyncMongoClient(uri, serverSelectionTimeoutMS=10_000)


def op_msg(command: dict[str, object]) -> bytes:
    """Return a command as MongoDB's wire protocol sends it."""
    body = b"\0" * 4 + b"\0" + encode(command)
    return struct.pack("<iiii", 16 + len(body), 1, 0, 2013) + body


def server_in(data: DataDirectory) -> EmbeddedServer:
    return EmbeddedServer(data.path, database_password(data), provision)


def pid_in(directory: Path) -> int:
    return int((directory / "database.pid").read_text())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(0.02)


def gone(pid: int) -> bool:
    return not database_process.command_line(pid)


def answers(directory: Path, old: int, port: int) -> Callable[[], bool]:
    return lambda: pid_in(directory) != old and database_process.accepts(port)


def port_of(uri: str) -> int:
    return int(uri.rpartition(":")[2].partition("/")[0])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataDirectory:
    return DataDirectory(tmp_path_factory.mktemp("embedded") / "new" / "data")


@pytest.fixture(scope="module")
async def server(data: DataDirectory) -> AsyncIterator[EmbeddedServer]:
    server = server_in(data)
    await server.start()
    yield server
    await server.stop()


async def test_missing_package_is_said_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "secantus", None)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "secantus")
    server = EmbeddedServer(tmp_path, "password", provision)
    with pytest.raises(EmbeddedError, match=r"littlechat\[embedded\].*MONGODB_URI"):
        await server.start()


async def test_first_start_asks_for_the_password_it_made(
    data: DataDirectory, server: EmbeddedServer
) -> None:
    assert mode(data.path / "database-password") == 0o600
    assert data.secret("database-password") in server.uri
    async with connect(server.uri) as client:
        await client.littlechat.first.insert_one({"_id": 1})
        assert await client.littlechat.first.find_one() == {"_id": 1}
        assert client.get_default_database().name == "littlechat"
        with pytest.raises(OperationFailure, match="not authorized"):
            await client.other.first.find_one()
        with pytest.raises(OperationFailure, match="not authorized"):
            await client.admin.command("createUser", "eve", pwd="eve", roles=["root"])
    async with connect(f"mongodb://127.0.0.1:{port_of(server.uri)}") as client:
        for command in ({"find": "first"}, {"insert": "first", "documents": [{}]}):
            with pytest.raises(OperationFailure, match="requires authentication"):
                await client.littlechat.command(command)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_listens_on_loopback_only(server: EmbeddedServer) -> None:
    port = f":{port_of(server.uri):04X}"
    listening = [
        row.split()[1]
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if row.split()[1].endswith(port) and row.split()[3] == "0A"
    ]
    assert listening == ["0100007F" + port]


async def test_password_is_in_no_command_line_environment_or_log(
    data: DataDirectory, server: EmbeddedServer
) -> None:
    password = data.secret("database-password")
    assert password in server.uri
    log = (data.path / "database.log").read_text()
    assert "listening on" in log
    assert password not in log
    assert mode(data.path / "database.log") == 0o600
    assert "--auth" in database_process.command_line(pid_in(data.path))
    assert password not in database_process.command_line(pid_in(data.path))
    if sys.platform == "linux":
        assert password not in Path(f"/proc/{pid_in(data.path)}/environ").read_text()


async def test_every_acknowledged_write_survives_a_killed_server(
    data: DataDirectory, server: EmbeddedServer
) -> None:
    uri, pid = server.uri, pid_in(data.path)
    watching = asyncio.create_task(server.watch())
    acknowledged: list[int] = []
    killed = False
    async with connect(uri) as client:
        for number in range(200):
            if number == 100:
                os.kill(pid, signal.SIGKILL)
                killed = True
            written = partial(client.littlechat.kept.update_one, {"_id": number}, upsert=True)
            try:
                await written({"$set": {"kept": True}})
            except AutoReconnect:
                await written({"$set": {"kept": True}})
            acknowledged.append(number)
        stored = [row["_id"] async for row in client.littlechat.kept.find().sort("_id", 1)]
    assert killed
    assert stored == acknowledged
    assert server.uri == uri
    assert pid_in(data.path) != pid
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def test_stop_leaves_no_process_and_start_brings_the_data_back(
    data: DataDirectory, server: EmbeddedServer
) -> None:
    async with connect(server.uri) as client:
        await client.littlechat.kept.insert_one({"_id": "before the stop"})
    pid, watching = pid_in(data.path), asyncio.create_task(server.watch())
    await server.stop()
    await server.stop()
    await asyncio.wait_for(watching, WAIT_SECONDS)
    assert gone(pid)
    assert not (data.path / "database.pid").exists()
    (data.path / "database.log").write_bytes(b"old\n" * 2_000_000)
    await server.start()
    async with connect(server.uri) as client:
        assert await client.littlechat.kept.count_documents({"_id": "before the stop"}) == 1
    assert (data.path / "database.log").stat().st_size < database_process.LOG_BYTES
    assert (data.path / "database.log.1").exists()


async def test_a_database_whose_password_is_missing_is_refused_until_its_owner_renews_it(
    data: DataDirectory, server: EmbeddedServer
) -> None:
    await server.stop()
    old = data.secret("database-password")
    (data.path / "database-password").unlink()
    mark = data.path / "database" / "littlechat-user"
    with pytest.raises(EmbeddedError, match=rf"is missing.*backup.*delete the file {mark}"):
        database_password(data)
    assert not (data.path / "database-password").exists()
    mark.unlink()
    renewed = server_in(data)
    await renewed.start()
    async with connect(renewed.uri) as client:
        assert old not in renewed.uri
        assert await client.littlechat.kept.count_documents({"_id": "before the stop"}) == 1
    await renewed.stop()


async def test_in_the_moment_without_a_password_nobody_else_can_connect(tmp_path: Path) -> None:
    answers: list[bytes] = []

    async def try_to_be_first(uri: str, user: str, password: str) -> None:
        # What a driver says first, in its own protocol and by TLS without our key.
        hello = op_msg({"createUser": "eve", "pwd": "eve", "roles": ["root"], "$db": "admin"})
        anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
        for wrap in (lambda plain: plain, anything.wrap_socket):
            with (
                socket.create_connection(("127.0.0.1", port_of(uri)), WAIT_SECONDS) as plain,
                contextlib.suppress(OSError),
                wrap(plain) as stranger,
            ):
                stranger.sendall(hello)
                answers.append(stranger.recv(1))
        await provision(uri, user, password)

    data = DataDirectory(tmp_path)
    server = EmbeddedServer(data.path, database_password(data), try_to_be_first)
    await server.start()
    async with connect(server.uri) as client:
        assert await client.littlechat.first.find_one() is None
    await server.stop()
    assert b"".join(answers) == b""
    assert not list(tmp_path.glob("mutual-tls-*"))
    data.close()


async def test_start_that_failed_half_way_is_made_good_by_the_next(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)

    async def crash(uri: str, user: str, password: str) -> None:
        await provision(uri, user, password)
        async with connect(uri) as client:
            await client.admin.command("createUser", "eve", pwd="eve", roles=["root"])
        raise ConnectionError("the power went")

    broken = EmbeddedServer(data.path, data.secret("database-password"), crash)
    with pytest.raises(EmbeddedError, match="the power went"):
        await broken.start()
    assert not (tmp_path / "database.pid").exists()
    whole = server_in(data)
    await whole.start()
    watching = asyncio.create_task(whole.watch())
    try:
        async with connect(whole.uri) as client:
            await client.littlechat.first.insert_one({"_id": 1})
        async with connect(f"mongodb://eve:eve@127.0.0.1:{port_of(whole.uri)}") as intruder:
            with pytest.raises(OperationFailure, match=r"[Aa]uthentication failed"):
                await intruder.littlechat.first.find_one()
        with pytest.raises(EmbeddedError, match=r"died 4 times within 60 s.*database\.log"):
            await kill_again_and_again(tmp_path, port_of(whole.uri), watching)
    finally:
        await whole.stop()
        data.close()


async def kill_again_and_again(directory: Path, port: int, watching: asyncio.Task[None]) -> None:
    while not watching.done():
        pid = pid_in(directory)
        os.kill(pid, signal.SIGKILL)
        again = answers(directory, pid, port)
        await until(lambda again=again: watching.done() or again())  # type: ignore[misc]
    await watching


@pytest.mark.parametrize("orphaned", [False, True], ids=["parent killed", "server left behind"])
async def test_killed_littlechat_leaves_its_directory_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orphaned: bool
) -> None:
    run = (sys.executable, "-c", PARENT, str(tmp_path))
    parent = subprocess.Popen(run, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    uri = (await asyncio.to_thread(parent.stdout.readline)).strip()
    pid = pid_in(tmp_path)
    with pytest.raises(DataDirectoryError, match=f"process {parent.pid}"):
        DataDirectory(tmp_path)
    if orphaned:  # frozen, it cannot follow its parent's wish, nor a polite request
        os.kill(pid, signal.SIGSTOP)
        monkeypatch.setattr(database_process, "STOP_TIMEOUT_SECONDS", 0.5)
    else:
        async with connect(uri) as client:
            await client.littlechat.kept.insert_one({"_id": 1})
    parent.kill()
    parent.wait()
    parent.stdout.close()
    if not orphaned and sys.platform == "linux":
        await until(lambda: gone(pid))
    data = DataDirectory(tmp_path)
    server = server_in(data)
    await server.start()
    assert gone(pid)
    monkeypatch.undo()
    async with connect(server.uri) as client:
        assert await client.littlechat.kept.count_documents({}) == (0 if orphaned else 1)
    await server.stop()
    data.close()


async def test_foreign_process_with_a_recycled_pid_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen((sys.executable, "-c", "input()"), stdin=subprocess.PIPE)
    (tmp_path / "database.pid").write_text(str(bystander.pid))
    server = EmbeddedServer(tmp_path, "password", provision)
    await server._process.kill_leftover()
    assert bystander.poll() is None
    bystander.communicate(b"\n")


async def test_taken_port_is_not_mistaken_for_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as stranger:
        stranger.bind((database_process.HOST, 0))
        stranger.listen()
        ports = iter(
            (
                int(stranger.getsockname()[1]),
                database_process.free_port(),
                database_process.free_port(),
            )
        )
        monkeypatch.setattr(database_process, "free_port", lambda: next(ports))
        data = DataDirectory(tmp_path)
        server = server_in(data)
        await server.start()
        assert port_of(server.uri) != stranger.getsockname()[1]
        await server.stop()
        data.close()


@pytest.mark.parametrize("version", [(3, 14), (3, 15), (3, 10)])
def test_python_without_a_build_is_told_which_ones_have_one(version: tuple[int, int]) -> None:
    sentence = missing(version)
    assert f"no build for Python 3.{version[1]}." in sentence
    assert "Python 3.11 to 3.13" in sentence
    assert "MONGODB_URI" in sentence


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_python_with_a_build_is_told_what_to_install(version: tuple[int, int]) -> None:
    assert "pip install 'littlechat[embedded]'" in missing(version)


def test_pip_leaves_it_out_exactly_where_there_is_no_build() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text()
    wanted = Requirement(tomllib.loads(text)["project"]["optional-dependencies"]["embedded"][0])
    assert wanted.marker
    for minor in range(11, 17):
        here = {"python_version": f"3.{minor}", "sys_platform": "linux"}
        assert wanted.marker.evaluate(here) == ((3, minor) <= NEWEST_PYTHON)
