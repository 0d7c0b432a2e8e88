"""How what is in a file is looked at without holding it: by asking for one stretch after another.

A reader is a generator that yields where to begin and end, is sent those bytes (fewer at the
file's end), and returns what it found. It neither waits nor knows where the bytes are kept.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")
Reading = Generator[tuple[int, int], bytes, Result]


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes that are to stand at an offset, in place of as many others."""

    offset: int
    data: bytes


def read_from(data: bytes, reading: Reading[Result]) -> Result:
    """Return what a reader finds in bytes that are in memory."""
    try:
        start, stop = next(reading)
        while True:
            start, stop = reading.send(data[start:stop])
    except StopIteration as end:
        found: Result = end.value
        return found


def apply(patches: list[Patch], data: bytes, start: int = 0) -> bytes:
    """Return a stretch of a file, which begins at `start`, with what concerns it of the patches."""
    patched = bytearray(data)
    for patch in patches:
        first = max(patch.offset, start)
        last = min(patch.offset + len(patch.data), start + len(data))
        if first < last:
            patched[first - start : last - start] = patch.data[
                first - patch.offset : last - patch.offset
            ]
    return bytes(patched)
