"""Hypercorn's connection, protocol and WebSocket, put together from the departures."""

from littlechat.server.counted_frames import CountedFramesStream
from littlechat.server.direct_frames import DirectFramesStream
from littlechat.server.idle_timeout import IdleTimeoutProtocol
from littlechat.server.immediate_writes import ImmediateWritesConnection
from littlechat.server.joined_writes import JoinedWritesConnection, JoinedWritesProtocol
from littlechat.server.orderly_stop import StopConfig, StoppableConnection
from littlechat.server.oversized_messages import BoundedMessagesStream
from littlechat.server.pings import PingedStream, PingsConfig


class ServerConfig(PingsConfig, StopConfig):
    """Hypercorn's settings, and the open connections and sockets of the server that has them."""


class Connection(JoinedWritesConnection, ImmediateWritesConnection, StoppableConnection):
    """One TCP connection, in the place of Hypercorn's `TCPServer`."""

    config: ServerConfig


class Protocol(JoinedWritesProtocol, IdleTimeoutProtocol):
    """HTTP/1.1 on a connection, in the place of Hypercorn's `H11Protocol`."""


class Stream(DirectFramesStream, BoundedMessagesStream, CountedFramesStream, PingedStream):
    """A WebSocket on a connection, in the place of Hypercorn's `WSStream`."""

    config: ServerConfig
