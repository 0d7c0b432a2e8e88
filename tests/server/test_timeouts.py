"""Silent and idle peers. On real connections they are in `test_serve` and `test_faults_lines`."""

import asyncio
from dataclasses import dataclass, field

import pytest

from littlechat.server.timeouts import Timeouts
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
    patience = Timeouts(line)
    await patience.restart()
    assert patience.is_idle
    await until(lambda: line.ended)


async def test_busy_line_is_not(line: Line) -> None:
    patience = Timeouts(line)
    await patience.restart()
    await patience.stop()
    assert not patience.is_idle
    await asyncio.sleep(3 * line.config.keep_alive_timeout)
    assert not line.ended
    patience.end()


async def test_line_that_is_read_from_is_hung_up_when_silent(line: Line) -> None:
    patience = Timeouts(line)
    patience.reading = True
    await until(lambda: line.ended)


async def test_idle_line_is_hung_up_at_once_while_stopping(line: Line) -> None:
    line.config.stopping = True
    patience = Timeouts(line)
    assert not line.ended
    await patience.restart()
    assert line.ended
    patience.end()
