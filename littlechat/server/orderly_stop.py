"""A stop sends the sockets away first, then lets requests in flight finish, within a limit.

Upstream: Hypercorn 0.18, `asyncio/run.py`, `worker_serve` keeps listening until its trigger has
fired; on Python 3.12 and later it then waits for every open connection, sockets too, before its
limit begins, and it cancels those that are left without closing them.
Cost: a stop that hangs as long as one browser stays, and browsers that come back to a process that
is on its way out.
Instead: the trigger itself takes the process off its port, has the sockets closed, ends idle
connections, and lets a timer cut what is left.
Guard: tests/server/test_orderly_stop.py::
test_stop_sends_everybody_away_with_1012_and_lets_nobody_in
Until: Hypercorn calls back before it waits, and bounds that wait on every Python.
"""

import asyncio
import socket
import weakref
from collections.abc import Awaitable, Callable

from hypercorn.config import Config

from littlechat.server.idle_timeout import IdleTimeoutConnection
from littlechat.server.write_timeout import WriteTimeoutConnection

GRACE_SECONDS = 5.0
"""What a stop leaves to requests in flight; then their connections are cut."""

CloseSockets = Callable[[], Awaitable[None]]


class StopConfig(Config):
    """Settings that know the open connections of their server, and whether it stops."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: weakref.WeakSet[StoppableConnection] = weakref.WeakSet()
        self.stopping = False


class StoppableConnection(WriteTimeoutConnection, IdleTimeoutConnection):
    """A connection that a stop can find."""

    config: StopConfig

    async def run(self) -> None:
        """Serve the connection to its end."""
        self.config.connections.add(self)
        await super().run()


async def until_stopped(
    stop: asyncio.Event, config: StopConfig, listening: socket.socket, close_sockets: CloseSockets
) -> None:
    """Return once `stop` is set and nothing is left but requests in flight."""
    await stop.wait()
    loop = asyncio.get_running_loop()
    # Who comes back at once must find the next process, not this one.
    loop.remove_reader(listening)
    await close_sockets()
    config.stopping = True
    for connection in list(config.connections):
        if connection.idle_timeout.is_idle:
            connection.hang_up()
    loop.call_later(GRACE_SECONDS, cut_all, config)


def cut_all(config: StopConfig) -> None:
    """End the connections that a stop has waited for long enough."""
    for connection in list(config.connections):
        connection.cut("stopping")
