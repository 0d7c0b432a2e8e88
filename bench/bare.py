"""The bare reference: loop-send broadcast on the `websockets` library, and no more.

It stores nothing, checks nobody and renders by one string format: each message that a poster sends
on a socket at `/post` is sent to every socket at `/room`, one `send` per message and socket, and
then acknowledged. The frame has the size of littlechat's, so that both move the same bytes.
"""

import asyncio
import itertools
import sys

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

FRAME = (
    '<ol hx-swap-oob="place:#messages" data-cursor="c{seq}-0"><li class="cursor" data-cursor='
    '"c{seq}-0" hidden></li><li class="message" id="message-{seq}" data-seq="{seq}" data-author='
    '"person-0" data-version="0"><span class="avatar hue-3" aria-hidden="true">P</span><p class='
    '"byline"><b class="author">person-0</b> <a class="time" href="/rooms/bench-room?around={seq}'
    '#message-{seq}"><time datetime="2026-01-01T12:00:00.000Z">2026-01-01 12:00 UTC</time></a></p>'
    '<div class="message-body" dir="auto"><p>{text}</p>\n</div></li></ol>'
)

room: set[ServerConnection] = set()
numbers = itertools.count(1)


async def handle(connection: ServerConnection) -> None:
    """Serve one socket to its end."""
    assert connection.request is not None
    if connection.request.path.startswith("/room"):
        room.add(connection)
        try:
            await connection.wait_closed()
        finally:
            room.discard(connection)
        return
    async for text in connection:
        number = next(numbers)
        frame = FRAME.format(seq=number, text=text)
        for member in list(room):
            try:
                await member.send(frame)
            except ConnectionClosed:
                room.discard(member)
        await connection.send(f"ack {number}")


async def main() -> None:
    """Listen until the parent process ends or stops us."""
    async with serve(handle, "127.0.0.1", 0, compression=None, backlog=1_024) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(f"http://127.0.0.1:{port}", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
