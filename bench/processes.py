"""Child processes: started, waited for, stopped by their own ids, and their use read from /proc."""

import asyncio
import contextlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
START_SECONDS = 60
STOP_SECONDS = 20
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
ADDRESS = re.compile(r"https?://([\d.]+):(\d+)")


class BenchError(Exception):
    """Says why nothing could be measured, or why a measurement is wrong."""


@dataclass(frozen=True)
class Server:
    """A server that is up: where it listens, and the process that was started."""

    name: str
    host: str
    port: int
    pid: int

    @property
    def origin(self) -> str:
        """The origin that a browser would name."""
        return f"http://{self.host}:{self.port}"

    @property
    def netloc(self) -> str:
        """The value of the Host header."""
        return f"{self.host}:{self.port}"

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time used so far by this server and its children, by part."""
        used: dict[str, float] = {}
        for pid in family(self.pid):
            part = part_of(pid)
            used[part] = used.get(part, 0.0) + cpu_seconds(pid)
        return used

    def app_rss_kib(self) -> int:
        """Return the resident memory of the processes that serve."""
        return sum(rss_kib(pid) for pid in family(self.pid) if part_of(pid) == "app")


@contextlib.asynccontextmanager
async def running(
    name: str, *command: str, env: Mapping[str, str] | None = None, address: str = ""
) -> AsyncIterator[Server]:
    """Run a server until the block is left; it prints its address on a line of its output.

    With `address` ("host:port") it prints none, and is up once something listens there.
    """
    with tempfile.NamedTemporaryFile(prefix=f"bench-{name}-", suffix=".log") as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=None if env is None else dict(env),
            cwd=REPOSITORY,
            stdin=asyncio.subprocess.PIPE,
            stdout=errors if address else asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is for us; they are stopped in their order.
        )
        try:
            try:
                async with asyncio.timeout(START_SECONDS):
                    host, port = await (
                        until_listening(address) if address else read_address(process)
                    )
            except (TimeoutError, EOFError):
                raise BenchError(f"{name} did not start: {tail(errors.name)}") from None
            yield Server(name, host, port, process.pid)
            if process.returncode is not None:
                raise BenchError(f"{name} ended: {tail(errors.name)}")
        finally:
            await stop(process)


def tail(path: str) -> str:
    """Return the end of a server's output."""
    return Path(path).read_text(errors="replace")[-2000:].strip()


async def read_address(process: asyncio.subprocess.Process) -> tuple[str, int]:
    """Return the host and port that a starting server prints."""
    assert process.stdout is not None
    async for line in process.stdout:
        if match := ADDRESS.search(line.decode()):
            return match[1], int(match[2])
    raise EOFError


async def until_listening(address: str) -> tuple[str, int]:
    """Return the parts of `address` once something listens there."""
    host, _, port = address.partition(":")
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            return host, int(port)
        await asyncio.sleep(0.05)


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a child in order, or by force if it will not or if we are interrupted once more."""
    try:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def family(pid: int) -> list[int]:
    """Return `pid` and its descendants."""
    found = [pid]
    for one in found:
        for tasks in Path(f"/proc/{one}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, tasks.read_text().split())
    return found


def part_of(pid: int) -> str:
    """Return which part of a server a process is: `app`, `database` or `redis`."""
    command = command_line(pid)
    if b"secantus" in command:
        return "database"
    return "redis" if b"redis-server" in command else "app"


def command_line(pid: int) -> bytes:
    """Return what a process was started with, empty once it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def cpu_seconds(pid: int) -> float:
    """Return the user and system time a process has used (proc(5), fields 14 and 15 of stat)."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND
    return 0.0


def idle_seconds() -> float:
    """Return how long the machine's cores have had nothing to do, together (proc(5), stat)."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(fields[4]) + int(fields[5])) / TICKS_A_SECOND


def rss_kib(pid: int) -> int:
    """Return a process's resident memory (proc(5), statm)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KIB
