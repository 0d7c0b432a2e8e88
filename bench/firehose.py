"""A server that only sends ready bytes, to find out how much the load generator itself can take.

A socket at `/<n>` gets, for ever, frames of n messages each, one write per frame, as the servers
under measurement write them.
"""

import asyncio
import base64
import hashlib
import sys

from bench.bare import FRAME

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def ready_frame(count: int) -> bytes:
    """Return one unmasked text frame (RFC 6455, section 5.2) that holds `count` messages."""
    payload = "".join(FRAME.format(seq=seq, text="hello " * 12) for seq in range(count)).encode()
    size = len(payload)
    if size < 126:
        head = bytes([0x81, size])
    elif size < 65_536:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + payload


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Shake hands, then send until the other end is gone."""
    try:
        request = await reader.readuntil(b"\r\n\r\n")
        path = request.split(b" ", 2)[1]
        key = request.lower().partition(b"sec-websocket-key:")[0]
        key = request[len(key) + 18 :].split(b"\r\n", 1)[0].strip()
        accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        frame = ready_frame(int(path.strip(b"/")))
        await reader.readexactly(1)  # Anything at all: the others are connected, too.
        while True:
            writer.write(frame)
            await writer.drain()
            await asyncio.sleep(0)
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


async def main() -> None:
    """Listen until the parent process ends or stops us."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=1_024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
