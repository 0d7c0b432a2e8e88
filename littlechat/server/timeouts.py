"""How long a connection is waited for whose peer says nothing."""

import asyncio
from contextvars import Context
from typing import Any, Protocol


class Limits(Protocol):
    """What a server grants its connections, in seconds."""

    read_timeout: int | None
    keep_alive_timeout: float
    stopping: bool


class Connection(Protocol):
    """What can be hung up."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop it lives in."""

    @property
    def config(self) -> Limits:
        """Return what its server grants."""

    def hang_up(self) -> None:
        """End it in order."""


class Timeouts:
    """When a connection ends whose peer is silent, or is idle: one timer for its whole life.

    Stands for Hypercorn's `idle_task`, which makes and cancels two tasks for every request, as its
    timed reading makes another.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection, self._loop = connection, connection.loop
        self.reading = False
        self._heard = self._loop.time()
        self._idle_since: float | None = None
        self._wait()

    async def restart(self, *_: Any) -> None:
        """Take the connection for idle from now on; while stopping nobody waits for such."""
        self._idle_since = self._loop.time()
        if self._connection.config.stopping:
            self._connection.hang_up()

    async def stop(self) -> None:
        """Take the connection for busy."""
        self._idle_since = None

    def hear(self) -> None:
        """Note that the peer has sent something, or taken a part of a long answer."""
        self._heard = self._loop.time()

    def end(self) -> None:
        """Wait for nothing any more."""
        self._timer.cancel()

    @property
    def is_idle(self) -> bool:
        """Whether the peer has had all it asked for and asks for nothing."""
        return self._idle_since is not None

    def _wait(self) -> None:
        now, config = self._loop.time(), self._connection.config
        dues = [self._heard + float(config.read_timeout or 0)] if self.reading else []
        if self._idle_since is not None:
            dues.append(self._idle_since + config.keep_alive_timeout)
        if dues and min(dues) <= now:
            self._connection.hang_up()
            return
        # At least as often as anything may fall due that begins meanwhile.
        least = min(float(config.read_timeout or 0), config.keep_alive_timeout)
        due = min([*dues, now + least])
        # In no context: a timer would hold the request that set it.
        self._timer = self._loop.call_at(due, self._wait, context=Context())
