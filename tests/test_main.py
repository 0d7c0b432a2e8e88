"""The command as people run it: real processes, from a bare directory to the last signal."""

import asyncio
import contextlib
import gc
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import pytest

from littlechat.__main__ import (
    for_other_machines,
    listen,
    main,
    print_address,
    print_first_step,
)
from littlechat.accounts.setup_token import setup_token
from littlechat.platform import logs
from littlechat.platform.configuration import Settings
from littlechat.platform.database_process import accepts, command_line, free_port
from littlechat.platform.embedded_database import DEATHS_MAX
from littlechat.platform.own_address import is_loopback, lan_address
from littlechat.server.workers import WORKER_DEATHS
from tests.factories import SECRET_KEY, Person, Stream
from tests.programs import require

WAIT_SECONDS = 30.0
REPOSITORY = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


async def until(condition: Callable[[], object], what: str) -> None:
    """Return once `condition` holds."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"waited in vain: {what}")


def environment(home: Path, **given: str) -> dict[str, str]:
    """What the processes get to see: nothing of the tester's own settings."""
    here = Path(sys.executable).parent
    return {"PATH": f"{here}:{os.environ['PATH']}", "HOME": str(home), **given}


def parent(pid: int) -> int:
    """Return a process's parent; 0 for one that is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def children(pid: int) -> set[int]:
    """Return the pids of all descendants."""
    parents = {int(p.name): parent(int(p.name)) for p in Path("/proc").glob("[0-9]*")}
    found, front = set[int](), {pid}
    while front:
        front = {child for child, of in parents.items() if of in front}
        found |= front
    return found


def using(path: Path) -> list[str]:
    """Return the command lines that name `path`."""
    lines = (command_line(int(p.name)) for p in Path("/proc").glob("[0-9]*"))
    return [line for line in lines if f"{path}/" in line or f"{path} " in line]


class Running:
    """A command that runs in a session of its own, as in a terminal; it is ended by its pid."""

    program: tuple[str, ...] = (sys.executable, "-m", "littlechat")

    def __init__(self, home: Path, *options: str, **env: str) -> None:
        self.home = home
        home.mkdir(exist_ok=True)
        self.data = Path(env.get("DATA_DIR", home / "littlechat-data"))
        self._out, self._err = home / "stdout", home / "stderr"
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                (*self.program, *options),
                cwd=home,
                env=environment(home, **env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self.pids = {self.process.pid}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.look()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(WAIT_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            for pid in self.pids - {self.process.pid}:
                if str(self.home) in command_line(pid) or "littlechat" in command_line(pid):
                    os.kill(pid, signal.SIGKILL)

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    @property
    def url(self) -> str:
        found = re.search(r"http://\S+", self.out)
        assert found, self.out + self.err
        return found[0]

    @property
    def database_pid(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int((self.data / "database.pid").read_text())
        return 0

    @property
    def database_port(self) -> int:
        found = re.search(r"--port (\d+)", command_line(self.database_pid))
        return int(found[1]) if found else 0

    def look(self) -> None:
        """Remember the processes that are there now."""
        self.pids |= children(self.process.pid)

    async def ready(self) -> Self:
        """Return once the printed address answers that it is ready."""
        await until(lambda: "http://" in self.out or self.process.poll() is not None, "address")
        async with httpx.AsyncClient(base_url=self.url, timeout=WAIT_SECONDS) as client:
            answer = await client.get("/readyz")
        assert (answer.status_code, answer.text) == (200, "ready\n")
        self.look()
        return self

    async def ended(self) -> int:
        """Return the exit code once it ended, and every process with it."""
        await until(lambda: self.process.poll() is not None, "the end of the command")
        await self.gone(self.pids)
        return int(self.process.returncode)

    async def gone(self, pids: set[int]) -> None:
        """Return once none of these processes is left."""
        await until(lambda: not any(map(command_line, pids)), "the end of its processes")

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the command's own process and wait for the end."""
        self.look()
        os.kill(self.process.pid, number)
        return await self.ended()


async def refused(home: Path, *options: str, **env: str) -> str:
    """Run a command that must end with 1; return its one sentence."""
    async with Running(home, *options, **env) as command:
        assert await command.ended() == 1, command.err
        assert command.out == ""
        assert re.fullmatch(r"littlechat: [^\n]+[.)]\n", command.err), command.err
        assert using(command.home) == []
        return command.err


Refuse = Callable[..., str]


@pytest.fixture
def refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Refuse:
    """Run a command that must end with 1, within this process; return its one sentence.

    It ends before there is anything that only a process of its own would show.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logs, "configure", lambda _: None)
    monkeypatch.setattr(gc, "freeze", lambda: None)

    def run(*options: str, **env: str) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", environment(tmp_path, **env))
            assert main(options) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert re.fullmatch(r"littlechat: [^\n]+[.)]\n", said.err), said.err
        assert using(tmp_path) == []
        return said.err

    return run


@dataclass
class Home:
    """A data directory that Ada has used, and what its first run left to see."""

    data: Path
    room: str
    out: str
    err: str
    code: int
    close_code: int

    def copy(self, to: Path) -> str:
        shutil.copytree(self.data, to)
        return str(to)


@pytest.fixture(scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    path = tmp_path_factory.mktemp("first")
    async with Running(path, "--port", "0", LOG_LEVEL="DEBUG") as command:
        await command.ready()
        async with Person(command.url, "Ada") as ada:
            await ada.register()
            room = await ada.create_room("Garden")
            await ada.say(room, "before the stop")
            stream = await ada.stream(room)
            stopping = asyncio.create_task(command.stop())
            close_code = await stream.until_closed()
            code = await stopping
    return Home(command.data, room, command.out, command.err, code, close_code)


@pytest.fixture(scope="module")
async def server(home: Home, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    path = tmp_path_factory.mktemp("server")
    data = home.copy(path / "data")
    async with Running(path, PORT="0", DATA_DIR=data, SECRET_KEY="") as command:
        yield await command.ready()
        assert await command.stop() == 0, command.err


async def texts(url: str, room: str) -> list[str]:
    async with Person(url, "Ada") as ada:
        await ada.log_in()
        return (await ada.page(room)).texts


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Starting and stopping


def test_first_start_prints_its_address_and_how_to_go_on_and_nothing_else(home: Home) -> None:
    address, first_step = home.out.splitlines()
    assert re.fullmatch(r"littlechat is at http://127\.0\.0\.1:\d+  \(Ctrl-C stops it\)", address)
    token = setup_token((home.data / "secret-key").read_text().strip())
    assert re.fullmatch(rf"Nobody has an account yet\. .*: /setup\?token={token}", first_step)


def test_sigterm_sends_the_pages_away_with_1012_and_ends_with_0(home: Home) -> None:
    assert (home.close_code, home.code) == (1012, 0)
    assert "Traceback" not in home.err
    assert using(home.data) == []
    assert not (home.data / "database.pid").exists()


def test_secrets_are_their_owners_and_appear_nowhere(home: Home) -> None:
    assert mode(home.data) == 0o700
    assert {mode(path) for path in home.data.iterdir() if path.is_file()} == {0o600}
    assert mode(home.data / "database") == 0o700
    shown = home.out + home.err + (home.data / "database.log").read_text()
    for name in ("secret-key", "database-password"):
        secret = (home.data / name).read_text().strip()
        assert len(secret) > 30
        assert secret not in shown
    assert "before the stop" not in shown
    assert "correct horse battery" not in shown


async def test_what_was_said_survives_a_stop_and_a_kill(home: Home, tmp_path: Path) -> None:
    data = home.copy(tmp_path / "data")
    async with Running(tmp_path, "--port", "0", "--data-dir", data, DATA_DIR=data) as command:
        await command.ready()
        assert await texts(command.url, home.room) == ["before the stop"]
        async with Person(command.url, "Ada") as ada:
            await (await ada.log_in()).say(home.room, "before the kill")
        command.look()
        command.process.kill()
        command.process.wait(WAIT_SECONDS)
        # At once, whether or not the database has noticed; and it goes with its successor's end.
        async with Running(tmp_path / "next", "--port", "0", DATA_DIR=data) as successor:
            await successor.ready()
            assert await texts(successor.url, home.room) == ["before the stop", "before the kill"]
            assert successor.err.count(" ERROR ") == 0
            assert await successor.stop() == 0
        await command.gone(command.pids)


async def test_ctrl_c_reaches_the_whole_group_and_ends_with_0(home: Home, tmp_path: Path) -> None:
    data = home.copy(tmp_path / "data")
    async with Running(tmp_path, "--port", "0", DATA_DIR=data) as command:
        await command.ready()
        async with Person(command.url, "Ada") as ada:
            stream = await (await ada.log_in()).stream(home.room)
            os.killpg(command.process.pid, signal.SIGINT)
            assert await stream.until_closed() == 1012
            # Somebody who cannot wait presses it again.
            os.killpg(command.process.pid, signal.SIGINT)
        assert await command.ended() == 0
        assert "Traceback" not in command.err
        assert using(command.data) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_start_can_be_broken_off(tmp_path: Path, number: int) -> None:
    async with Running(tmp_path, "--port", "0") as command:
        await until(lambda: command.database_port, "the database's process")
        assert await command.stop(number) == 0
        assert "Traceback" not in command.err
        assert using(command.data) == []


async def test_admin_by_command_comes_with_a_link_for_who_lost_the_password(
    home: Home, tmp_path: Path
) -> None:
    data = home.copy(tmp_path / "data")
    async with Running(tmp_path, "--admin", "ada", DATA_DIR=data) as command:
        assert await command.ended() == 0, command.err
        found = re.fullmatch(r"Ada is administrator\..* (/reset/\S+)\n", command.out)
        assert found, command.out
    async with Running(tmp_path / "next", "--port", "0", DATA_DIR=data) as server:
        await server.ready()
        async with Person(server.url, "Ada") as ada:
            answer = await ada.post(found[1], password="a newer one than that")
            assert answer.status_code == 303
            answer = await ada.post("/login", username="Ada", password="a newer one than that")
            assert answer.status_code == 303
            assert (await ada.get("/admin")).status_code == 200
            assert "littlechat --admin" in (await ada.get("/admin/audit")).text


async def test_admin_by_command_needs_an_account(home: Home, tmp_path: Path) -> None:
    data = home.copy(tmp_path / "data")
    assert "no account called Dan" in await refused(tmp_path, "--admin", "Dan", DATA_DIR=data)


# The embedded database


async def test_killed_database_comes_back_under_the_open_page(home: Home, server: Running) -> None:
    async with Person(server.url, "Ada") as ada:
        await ada.log_in()
        stream = await ada.stream(home.room)
        old = server.database_pid
        os.kill(old, signal.SIGKILL)
        await until(lambda: server.database_pid != old, "another database")
        await ada.say(home.room, "after the crash")
        await stream.until(lambda dom: "after the crash" in dom.texts)
        await stream.close()
    server.look()
    assert "The database ended with status -9; starting it again." in server.err
    assert "before the stop" in await texts(server.url, home.room)


async def test_database_that_keeps_dying_ends_the_server(home: Home, tmp_path: Path) -> None:
    data = home.copy(tmp_path / "data")
    async with Running(tmp_path, "--port", "0", DATA_DIR=data) as command:
        await command.ready()
        for _ in range(DEATHS_MAX + 1):
            old = command.database_pid
            os.kill(old, signal.SIGKILL)
            await until(
                lambda old=old: (  # type: ignore[misc]
                    command.database_pid not in (0, old) or command.process.poll() is not None
                ),
                "another database",
            )
            command.look()
        assert await command.ended() == 1
        *_, last = command.err.splitlines()
        assert re.match(
            rf"littlechat: The database died {DEATHS_MAX + 1} times within 60 s\.", last
        )
        assert str(command.data / "database.log") in last
        assert "Traceback" not in command.err


# What it refuses


async def test_second_server_on_the_directory_is_refused(server: Running, tmp_path: Path) -> None:
    said = await refused(tmp_path, "--port", "0", DATA_DIR=str(server.data))
    assert f"Another littlechat (process {server.process.pid}) already uses {server.data}" in said
    assert "--data-dir" in said


async def test_taken_port_is_refused(server: Running, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    said = await refused(tmp_path, PORT=port)
    assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use." in said
    assert "--port" in said
    assert not (tmp_path / "littlechat-data").exists()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 70])
def test_host_that_is_not_ours_is_refused(refuse: Refuse, tmp_path: Path, host: str) -> None:
    said = refuse("--host", host, "--port", "0")
    assert f"Cannot listen on {host} port 0: " in said
    assert "--host" in said


def test_directory_that_cannot_be_made_is_refused(refuse: Refuse, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = refuse("--port", "0", "--data-dir", str(tmp_path / "file/data"))
    assert f"The data directory {tmp_path}/file/data cannot be used" in said
    assert "--data-dir or DATA_DIR" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("PORT", "70000"),
        ("LOG_LEVEL", "LOUD"),
        ("RATE_LIMITS", "maybe"),
        ("WEB_CONCURRENCY", "0"),
        ("PROXY_HOPS", "-1"),
        ("COOKIE_SECURE", "perhaps"),
        ("SECRET_KEY", "short"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("MONGODB_URI", "postgres://127.0.0.1"),
    ],
)
def test_bad_setting_is_refused_by_its_name(
    refuse: Refuse, tmp_path: Path, name: str, value: str
) -> None:
    said = refuse(**{name: value})
    assert said.startswith(f"littlechat: {name} ")
    assert not (tmp_path / "littlechat-data").exists()


def test_several_processes_without_redis_are_refused(refuse: Refuse, tmp_path: Path) -> None:
    said = refuse(WEB_CONCURRENCY="2")
    assert "WEB_CONCURRENCY" in said
    assert "REDIS_URL" in said


def test_mongodb_without_a_secret_is_refused(refuse: Refuse, tmp_path: Path) -> None:
    said = refuse(MONGODB_URI="mongodb://127.0.0.1:1/littlechat")
    assert said.startswith("littlechat: SECRET_KEY is not set.")
    assert "token_urlsafe" in said


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://",
        "mongodb://ada:hush/hush@127.0.0.1/littlechat",
        "mongodb://ada:hush@hush@127.0.0.1:1:2/",
    ],
)
def test_unreadable_mongodb_uri_is_refused_and_not_repeated(
    refuse: Refuse, tmp_path: Path, uri: str
) -> None:
    said = refuse("--port", "0", MONGODB_URI=uri, SECRET_KEY=SECRET_KEY)
    assert "MONGODB_URI" in said
    assert "hush" not in said


async def test_unreachable_mongodb_is_refused(tmp_path: Path) -> None:
    uri = f"mongodb://ada:hush@127.0.0.1:{free_port()}/littlechat"
    said = await refused(tmp_path, "--port", "0", MONGODB_URI=uri, SECRET_KEY=SECRET_KEY)
    assert re.match(r"littlechat: The database at 127\.0\.0\.1:\d+ cannot be used: ", said)
    assert said.endswith("Check MONGODB_URI and that the server runs.\n")
    assert "hush" not in said


async def test_wrong_database_password_is_refused(server: Running, tmp_path: Path) -> None:
    place = f"127.0.0.1:{server.database_port}/littlechat?authSource=admin"
    said = await refused(
        tmp_path,
        *("--port", "0"),
        MONGODB_URI=f"mongodb://littlechat:hush@{place}",
        SECRET_KEY=SECRET_KEY,
    )
    assert "it refused the user or password" in said
    assert "MONGODB_URI" in said
    assert "hush" not in said


async def test_missing_browser_parts_are_refused(tmp_path: Path) -> None:
    bare = shutil.ignore_patterns("vendor", "__pycache__")
    shutil.copytree(REPOSITORY / "littlechat", tmp_path / "code/littlechat", ignore=bare)
    said = await refused(tmp_path, PYTHONPATH=str(tmp_path / "code"))
    assert said.startswith("littlechat: Missing vendor/htmx.min.js")
    assert "pip install" in said


# Where it says it is


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "localhost"),
        ("::", "localhost"),
        ("::1", "[::1]"),
        ("chat.example", "chat.example"),
    ],
)
def test_printed_address_can_be_opened(
    host: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with listen("127.0.0.1", 0) as listening:
        print_address(Settings(host=host), listening)
        port = listening.getsockname()[1]
    line = capsys.readouterr().out.splitlines()[0]
    assert line == f"littlechat is at http://{shown}:{port}  (Ctrl-C stops it)"


def test_start_prints_the_token_with_which_the_first_account_is_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_first_step(Settings(secret_key=SECRET_KEY))
    line = capsys.readouterr().out
    assert "Nobody has an account yet." in line
    assert line.strip().endswith(f"/setup?token={setup_token(SECRET_KEY)}")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_start_names_an_address_for_other_machines(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("littlechat.__main__.lan_address", lambda: "192.168.1.20")
    line = for_other_machines(Settings(host=host), 8_000)
    assert line.startswith("From other machines: http://192.168.1.20:8000")
    assert "https" in line
    assert "COOKIE_SECURE=off" in line
    off = for_other_machines(Settings(host=host, cookie_secure="off"), 8_000)
    assert "reads passwords and messages" in off


@pytest.mark.parametrize(
    "settings",
    [
        Settings(host="127.0.0.1"),
        Settings(host="localhost"),
        Settings(host="::1"),
        Settings(host="0.0.0.0", proxy_hops=1),
    ],
)
def test_nothing_is_said_to_other_machines_that_cannot_come(settings: Settings) -> None:
    assert for_other_machines(settings, 8_000) == ""


async def test_address_for_other_machines_is_one_where_this_one_answers() -> None:
    address = lan_address()
    if address is None:
        pytest.skip("this machine has no network")
    assert not is_loopback(address)
    with listen("0.0.0.0", 0) as listening:
        _, writer = await asyncio.open_connection(address, listening.getsockname()[1])
        writer.close()
        await writer.wait_closed()


# Several processes


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    place = ("--bind", "127.0.0.1", "--port", str(port))
    redis = subprocess.Popen(
        (require("redis-server"), *place, "--save", "", "--appendonly", "no"),
        cwd=tmp_path_factory.mktemp("redis"),
        stdout=subprocess.DEVNULL,
    )
    while not accepts(port):
        assert redis.poll() is None
    yield f"redis://127.0.0.1:{port}/0"
    redis.terminate()
    redis.wait(WAIT_SECONDS)


Crew = Callable[[], Awaitable[Running]]


@pytest.fixture
async def crew(home: Home, tmp_path: Path, redis_url: str) -> AsyncIterator[Crew]:
    """Start two workers and their parent."""
    async with contextlib.AsyncExitStack() as stack:

        async def begin() -> Running:
            data = home.copy(tmp_path / "data")
            run = Running(
                *(tmp_path, "--port", "0"), DATA_DIR=data, WEB_CONCURRENCY="2", REDIS_URL=redis_url
            )
            command = await stack.enter_async_context(run)
            await command.ready()
            await until(lambda: len(workers(command)) == 2, "two workers")
            return command

        yield begin


def workers(command: Running) -> set[int]:
    found = {pid for pid in children(command.process.pid) if "--worker" in command_line(pid)}
    command.pids |= found
    return found


def serving(command: Running, client_port: int) -> int:
    """Return the pid of the process that holds the server's end of a connection."""
    port = int(command.url.rpartition(":")[2])
    ends = (f":{port:04X}", f":{client_port:04X}")
    inode = next(
        row.split()[9]
        for row in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if (row.split()[1][-5:], row.split()[2][-5:]) == ends
    )
    for pid in workers(command):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if descriptor.readlink().name == f"socket:[{inode}]":
                    return pid
    pytest.fail("no worker holds the connection")


async def stream_on(
    worker: Callable[[int], bool], person: Person, room: str, at: Running
) -> Stream:
    """Open sockets until one is served by a worker that `worker` accepts."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            stream = await person.stream(room)
            if worker(serving(at, stream.connection.local_address[1])):
                return stream
            await stream.close()


async def test_two_workers_serve_one_chat_and_a_killed_one_is_replaced(
    home: Home, crew: Crew
) -> None:
    command = await crew()
    first, second = workers(command)
    async with Person(command.url, "Ada") as ada, Person(command.url, "Ben") as ben:
        await ada.log_in()
        await ben.register()
        await ben.join(home.room)
        hers = await stream_on(first.__eq__, ada, home.room, command)
        his = await stream_on(second.__eq__, ben, home.room, command)
        await ada.say(home.room, "from Ada")
        await ben.say(home.room, "from Ben")
        for stream in (hers, his):
            await stream.until(lambda dom: dom.texts == ["from Ada", "from Ben"])
            await stream.until(lambda dom: dom.online == ["Ada", "Ben"])

        os.kill(second, signal.SIGKILL)
        assert await his.until_closed() == 1006
        await until(lambda: len(workers(command)) == 2, "a worker in its place")
        (third,) = workers(command) - {first}
        assert f"worker ended, starting another pid={second} code=-9" in command.err
        his = await stream_on(third.__eq__, ben, home.room, command)
        await ben.say(home.room, "back again")
        for stream in (hers, his):
            await stream.until(lambda dom: "back again" in dom.texts)

        stopping = asyncio.create_task(command.stop())
        assert [await stream.until_closed() for stream in (hers, his)] == [1012, 1012]
        assert await stopping == 0
    assert "Traceback" not in command.err
    assert using(command.data) == []


async def test_workers_know_no_secret_by_environment_and_go_with_a_killed_parent(
    crew: Crew,
) -> None:
    command = await crew()
    for name in ("secret-key", "database-password"):
        secret = (command.data / name).read_text().strip()
        for pid in workers(command):
            assert secret not in Path(f"/proc/{pid}/environ").read_text()
            assert secret not in command_line(pid)
    crew_pids = workers(command)
    command.process.kill()
    command.process.wait(WAIT_SECONDS)
    await command.gone(crew_pids)


async def test_workers_that_keep_dying_end_the_server(crew: Crew) -> None:
    command = await crew()
    asked = min(workers(command))
    os.kill(asked, signal.SIGTERM)  # Replaced as well, but not counted as a death.
    ended = {asked}
    for _ in range(WORKER_DEATHS):
        await until(lambda: len(workers(command) - ended) == 2, "a worker in its place")
        dying = max(workers(command) - ended)
        os.kill(dying, signal.SIGKILL)
        ended.add(dying)
    assert await command.ended() == 1
    assert re.search(rf"worker ended, starting another pid={asked} code=(0|-15)\n", command.err)
    *_, last = command.err.splitlines()
    assert last == "littlechat: The worker processes keep ending; the lines above say why."
    assert "Traceback" not in command.err
    assert using(command.data) == []


# The Procfile


class Honcho(Running):
    """A Procfile's runner, which starts the command."""

    program = (sys.executable, "-m", "honcho", "start", "-f", str(REPOSITORY / "Procfile"))


async def test_procfile_runs_as_a_platform_would(home: Home, tmp_path: Path) -> None:
    port = free_port()
    data = home.copy(tmp_path / "data")
    async with Honcho(tmp_path, PORT=str(port), DATA_DIR=data) as honcho:
        await until(lambda: "littlechat is at" in honcho.out, "the address")
        assert f"http://localhost:{port} " in honcho.out
        assert await texts(f"http://127.0.0.1:{port}", home.room) == ["before the stop"]
        await honcho.stop()
        with contextlib.closing(socket.socket()) as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
        assert using(honcho.data) == []
