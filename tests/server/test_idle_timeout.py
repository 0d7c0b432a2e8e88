"""Silent and idle peers: the timer alone, then on real connections."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx
import pytest
from quart import Quart, Response

from littlechat.server import idle_timeout
from littlechat.server.idle_timeout import IdleTimeout
from tests.factories import WAIT_SECONDS, Site
from tests.lines import (
    Raw,
    answers,
)
from tests.tabs import until


@dataclass
class Limits:
    """Short ones."""

    read_timeout: int | None = 1
    keep_alive_timeout: float = 0.05
    stopping: bool = False


@dataclass
class Line:
    """A connection that only knows whether it was hung up."""

    loop: asyncio.AbstractEventLoop
    config: Limits = field(default_factory=Limits)
    ended: bool = False

    def hang_up(self) -> None:
        self.ended = True


@pytest.fixture
async def line() -> Line:
    return Line(asyncio.get_running_loop())


async def test_idle_line_is_hung_up(line: Line) -> None:
    timeout = IdleTimeout(line)
    await timeout.restart()
    assert timeout.is_idle
    await until(lambda: line.ended)


async def test_busy_line_is_not(line: Line) -> None:
    timeout = IdleTimeout(line)
    await timeout.restart()
    await timeout.stop()
    assert not timeout.is_idle
    await asyncio.sleep(3 * line.config.keep_alive_timeout)
    assert not line.ended
    timeout.end()


async def test_line_that_is_read_from_is_hung_up_when_silent(line: Line) -> None:
    timeout = IdleTimeout(line)
    timeout.reading = True
    await until(lambda: line.ended)


async def test_idle_line_is_hung_up_at_once_while_stopping(line: Line) -> None:
    line.config.stopping = True
    timeout = IdleTimeout(line)
    assert not line.ended
    await timeout.restart()
    assert line.ended
    timeout.end()


async def test_slow_sender_of_a_head_is_cut_off(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle_timeout, "IDLE_SECONDS", 1.0)
    async with Site(make_app()) as site:
        slow = await Raw.open(site)
        slow.writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        ending = asyncio.create_task(slow.until_end())
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(WAIT_SECONDS):
                while not ending.done():
                    slow.writer.write(b"x")
                    await slow.writer.drain()
                    await asyncio.sleep(0.01)
        await ending
        await slow.close()
        assert await answers(site)


async def test_an_idle_connection_ends_in_time_and_one_in_use_does_not(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle_timeout, "IDLE_SECONDS", 1.2)
    async with Site(make_app()) as site:
        raw = await Raw.open(site)
        clock, used = asyncio.get_running_loop().time, 0.0
        for _ in range(3):
            await asyncio.sleep(0.45)
            raw.writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            async with asyncio.timeout(WAIT_SECONDS):
                assert (await raw.reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200")
            used = clock()
        assert await raw.until_end() == b""
        assert 1.1 < clock() - used < WAIT_SECONDS
        await raw.close()


async def test_who_takes_a_long_answer_is_not_taken_for_silent(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle_timeout, "SILENT_SECONDS", 1.2)
    app = make_app()

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"piece"
            await asyncio.sleep(0.35)

    app.add_url_rule("/long", view_func=lambda: Response(slowly()))
    async with Site(app) as site, httpx.AsyncClient(base_url=site.url) as client:
        assert (await client.get("/long")).text == "piece" * 5
