"""Others beside a hostile or slow client: they are served as before, and the server stays small.

The server is a process of its own, so that what the clients cost is not taken for what it takes.
"""

import asyncio
import contextlib
import shutil
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from littlechat.core.names import new_id
from tests.factories import Dom, Person, Stream, command
from tests.lines import DEFLATE, TEXT, Proxy, Raw, masked

POSTS, TIMED_POSTS = 120, 40
LONG = "word " * 1_000
"""A message of 5 kB; `POSTS` of them are more than a server keeps for anybody."""

SOME, MANY = 20, 300

TIMES_MAX = 5
USUAL_SECONDS_MIN = 0.02
SLOWEST_SECONDS_MAX = 10.0
"""Wide enough for a machine on which everything else runs too: alone, the median at most doubles. A
server that waits for the slowest is beyond it, for its patience is 15 s."""

GROWN_BYTES_MAX = 20 * 1024 * 1024
"""What three hundred sockets may take; one frame that is inflated takes more."""


@dataclass
class Server:
    """The running command."""

    pid: int
    port: int
    url: str

    def memory(self, most: bool = False) -> int:
        """Return how many bytes it holds, or at `most` held since `forget_most`."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:" if most else "VmRSS:")[2].split()[0]) * 1024

    def forget_most(self) -> None:
        """Begin anew to note the most it holds (proc(5), on `clear_refs`)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    async def number(self, name: str) -> float:
        """Return one of its numbers for Prometheus."""
        async with Person(self.url, "nobody") as nobody:
            text = (await nobody.get("/metrics")).text
        return float(text.partition(f"\nlittlechat_{name} ")[2].split()[0])


@pytest.fixture(scope="module")
async def server(
    set_up_once: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """One server for all of them: what one leaves behind, the next would feel."""
    data = Path(shutil.copytree(set_up_once, tmp_path_factory.mktemp("fair") / "data"))
    async with command(data) as (process, url):
        yield Server(process.pid, int(url.rpartition(":")[2]), url)


@pytest.fixture(scope="module")
async def cast(server: Server) -> AsyncIterator[list[Person]]:
    """Ada, Ben and Cleo."""
    async with AsyncExitStack() as stack:
        people = [Person(server.url, name) for name in ("Ada", "Ben", "Cleo")]
        yield [await (await stack.enter_async_context(one)).register() for one in people]


@dataclass
class Scene:
    """Ben writes and Cleo hears him, while Ada does her worst."""

    server: Server
    room: str
    ada: Person
    ben: Person
    cleos: Stream

    async def latencies(self, posts: int) -> list[float]:
        """Return how long each of so many messages took to be stored, answered and heard."""
        taken = []
        for number in range(posts):
            began = time.perf_counter()
            seq = await self.ben.say(self.room, f"{number} {LONG}")
            while seq not in self.cleos.dom.messages:
                await self.cleos.next()
            taken.append(time.perf_counter() - began)
        return taken

    @asynccontextmanager
    async def raw(
        self, after: str = "", receive_buffer: int = 0, **headers: str
    ) -> AsyncIterator[Raw]:
        """Open a socket of Ada's, as bytes; nobody reads it but the test."""
        raw = await Raw.open(self.server, receive_buffer)
        try:
            yield await raw.upgrade(self.ada, f"/rooms/{self.room}/socket{after}", **headers)
        finally:
            await raw.close()


@pytest.fixture
async def scene(server: Server, cast: list[Person]) -> AsyncIterator[Scene]:
    """A room of each test's own."""
    ada, ben, cleo = cast
    room = await ada.create_room(f"Garden {new_id()}")
    for person in (ben, cleo):
        await person.join(room)
    stream = await cleo.stream(room)
    yield Scene(server, room, ada, ben, stream)
    await stream.close()


@asynccontextmanager
async def again_and_again(act: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Do it for as long as others do something else, at least once."""
    done = asyncio.Event()

    async def go_on() -> None:
        while True:
            await act()
            done.set()

    task = asyncio.create_task(go_on())
    try:
        yield
        assert done.is_set()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def flooder(scene: Scene) -> AbstractAsyncContextManager[None]:
    """Send ten thousand frames at once."""
    flood = masked(0x80 | TEXT, b'{"type": "typing"}') * 10_000

    async def act() -> None:
        async with scene.raw() as raw:
            raw.writer.write(flood)
            await raw.until_end()

    return again_and_again(act)


def bomber(scene: Scene) -> AbstractAsyncContextManager[None]:
    """Send a frame that would fill the memory if it were inflated."""
    press = zlib.compressobj(wbits=-15)
    bomb = press.compress(bytes(64 * 1024 * 1024)) + press.flush(zlib.Z_SYNC_FLUSH)

    async def act() -> None:
        async with scene.raw(Sec_WebSocket_Extensions=DEFLATE) as raw:
            raw.send(0xC0 | TEXT, bomb.removesuffix(b"\x00\x00\xff\xff"))
            await raw.until_end()

    return again_and_again(act)


def giant(scene: Scene) -> AbstractAsyncContextManager[None]:
    """Send a frame that does not end."""

    async def act() -> None:
        async with scene.raw() as raw:
            raw.send(0x80 | TEXT, b"", length=2**40)
            with contextlib.suppress(ConnectionError):
                while not raw.reader.at_eof():
                    raw.writer.write(bytes(65_536))
                    await raw.writer.drain()

    return again_and_again(act)


@asynccontextmanager
async def stuck_readers(scene: Scene) -> AsyncIterator[None]:
    """Open sockets and read nothing, until the server gives them up."""
    overflows = await scene.server.number("outbox_overflows_total")
    async with AsyncExitStack() as stack:
        for _ in range(SOME):
            await stack.enter_async_context(scene.raw(receive_buffer=4_096))
        yield
        assert await scene.server.number("outbox_overflows_total") == overflows + SOME


@asynccontextmanager
async def thin_lines(scene: Scene) -> AsyncIterator[None]:
    """Read slower than the others write."""
    async with Proxy(scene.server) as line, Person(line.url, scene.ada.name) as far:
        far.http.cookies = scene.ada.http.cookies
        streams = [await far.stream(scene.room) for _ in range(SOME)]
        line.down.bytes_per_second = 20_000
        hearing = [asyncio.create_task(stream.listen()) for stream in streams]
        first = max(scene.cleos.dom.seqs) + 1
        yield
        for task in hearing:
            task.cancel()
        await asyncio.gather(*hearing, return_exceptions=True)
        for stream in streams:
            assert arrived(stream) == list(range(first, first + len(arrived(stream))))
            assert 0 < len(arrived(stream)) < POSTS, "the line was not thin"
            stream.connection.transport.abort()


def arrived(stream: Stream) -> list[int]:
    return [seq for frame in stream.frames for seq in Dom(frame).messages]


@asynccontextmanager
async def crowd(scene: Scene) -> AsyncIterator[None]:
    """Come back three hundred at once, each with something missed."""
    last = max(scene.cleos.dom.seqs)

    async def come() -> None:
        async with scene.raw(f"?after=c{last - 5}-0") as raw:
            _, frame = await raw.frame()
            assert f'id="message-{last}"'.encode() in frame

    coming = asyncio.gather(*(come() for _ in range(MANY)))
    yield
    await coming


Fault = Callable[[Scene], AbstractAsyncContextManager[None]]


@pytest.mark.parametrize(
    ("fault", "posts"),
    [
        (flooder, TIMED_POSTS),
        (bomber, TIMED_POSTS),
        (giant, TIMED_POSTS),
        (stuck_readers, POSTS),
        (thin_lines, POSTS),
        (crowd, TIMED_POSTS),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
async def test_others_are_served_as_before_beside(scene: Scene, fault: Fault, posts: int) -> None:
    before = await scene.latencies(TIMED_POSTS)
    memory = scene.server.memory()
    scene.server.forget_most()
    async with fault(scene):
        during = await scene.latencies(posts)
    after = await scene.latencies(TIMED_POSTS)
    usual = max(median(before), median(after), USUAL_SECONDS_MIN)
    assert median(during) < TIMES_MAX * usual
    assert max(during) < SLOWEST_SECONDS_MAX
    assert scene.server.memory(most=True) - memory < GROWN_BYTES_MAX
