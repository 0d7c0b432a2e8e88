"""A server on a loopback port that receives webhooks and gives prepared responses."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.factories import WAIT_SECONDS


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def answer(status: int = 200, text: str = "", kind: str = "text/plain", **headers: str) -> bytes:
    """Return a whole response."""
    body = text.encode()
    head = {"Content-Type": kind, "Content-Length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in head.items()]
    return "\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode() + body


class Receiver:
    """Responds with each of `answers` in turn, then with 204; None closes without a response."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers: deque[bytes | None] = deque(answers)
        self.received: list[ReceivedRequest] = []
        self._arrived = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.url = f"http://localhost:{self.port}/hook"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.hold.set()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.strip().split("\r\n")
        headers = {k.lower(): v for k, v in (one.split(": ", 1) for one in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.received.append(ReceivedRequest(line, headers, body))
        self._arrived.set()
        await self.hold.wait()
        reply = self.answers.popleft() if self.answers else answer(204)
        if reply is not None:
            writer.write(reply)
        writer.close()

    async def until(self, count: int) -> list[ReceivedRequest]:
        """Wait until `count` requests have arrived; return them."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.received) < count:
                await self._arrived.wait()
                self._arrived.clear()
        return self.received
