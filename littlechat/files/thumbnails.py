"""Thumbnails of uploaded pictures, each drawn by a child process. It stores nothing.

A thumbnail is upright, shows the first frame only, and has none of the original's metadata, which
may include where somebody lives. A decoder runs on a stranger's bytes: in a process of its own, it
can take neither our memory nor our time, nor can it end us.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import IO, Any, cast

from littlechat.core import Invalid
from littlechat.files import drawing
from littlechat.files.blobs import parts_of
from littlechat.platform import Turns

AT_ONCE = 2
"""Pictures that are drawn at the same time, each of another person."""

WAIT_SECONDS = 60.0
"""For one picture, also on a machine that is busy with others' work."""

OUTPUT_BYTES_MAX = 8 * 1024 * 1024


class TooCostly(Invalid):
    """A picture that takes too much memory or time to draw."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A thumbnail. All sizes are in pixels; the source's are those of the upright picture."""

    data: bytes
    type: str
    width: int
    height: int
    source_width: int
    source_height: int
    moves: bool = False
    """Whether the source has several frames, of which this is the first."""


class Thumbnails:
    """Draws thumbnails, those of different people side by side."""

    def __init__(self) -> None:
        self._turns = Turns(AT_ONCE)

    async def make(
        self,
        source: bytes | IO[bytes] | AsyncIterable[bytes],
        box: int,
        person: str,
        *,
        square: bool = False,
    ) -> Thumbnail:
        """Return a thumbnail of at most `box` by `box` pixels and never larger than the source.

        With `square`, it is cropped to a square. Raises `Invalid` (`file`) unless `source` is a
        complete picture of `drawing.FORMATS`, and its subclass `TooCostly` for one that is too
        large. It is read when its turn comes, so that what waits holds no memory.
        """
        async with self._turns.take(person):
            code, output = await _run(_parts(source), box, square)
        line, _, data = output.partition(b"\n")
        known: dict[str, Any] = json.loads(line) if code == 0 and line else {}
        if known.get("refused") == drawing.TOO_COSTLY or code in _STOPPED:
            raise TooCostly(
                file=f"A picture has at most {drawing.SIDE_MAX:,} pixels a side and "
                f"{drawing.PIXELS_MAX // 1_000_000} million in all; make it smaller."
            )
        if not data:
            raise Invalid(file="This picture is damaged, or of a kind that is not known here.")
        return Thumbnail(data, "image/webp", **known)


_STOPPED = (-signal.SIGXCPU, -signal.SIGKILL)
"""How a process ends that took too long, or all of the machine's memory."""


def _parts(source: bytes | IO[bytes] | AsyncIterable[bytes]) -> AsyncIterable[bytes]:
    if isinstance(source, bytes):
        return _once(source)
    return source if isinstance(source, AsyncIterable) else parts_of(source)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _run(parts: AsyncIterable[bytes], box: int, square: bool) -> tuple[int, bytes]:
    """Return how the child ended, and what it wrote."""
    # Nothing else of the environment: a decoder that is broken must find no secret there.
    libraries = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    child = await asyncio.create_subprocess_exec(
        # Isolated, so that neither the working directory nor the environment adds a module.
        *(sys.executable, "-I", drawing.__file__, str(box), "square" if square else "whole"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=libraries,
    )
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            output = await _talk(child, parts)
            return await child.wait(), output
    except TimeoutError:
        return -signal.SIGKILL, b""
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        # Also when the caller is cancelled: nothing is left behind.
        await asyncio.shield(child.wait())


async def _talk(child: asyncio.subprocess.Process, parts: AsyncIterable[bytes]) -> bytes:
    into, out = cast(asyncio.StreamWriter, child.stdin), cast(asyncio.StreamReader, child.stdout)
    with contextlib.suppress(ConnectionError):  # It has ended before it read everything.
        async for part in parts:
            into.write(part)
            await into.drain()
    into.close()
    output = b""
    while len(output) <= OUTPUT_BYTES_MAX and (part := await out.read(1 << 16)):
        output += part
    return output
