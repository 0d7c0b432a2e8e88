"""Readers, which examine a file part by part without I/O, and patches, which change its bytes.

A reader is a generator: it yields the start and stop of the part it needs, is sent those bytes
(fewer at the end of the file), and returns what it found. Its caller provides the bytes.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")
Reading = Generator[tuple[int, int], bytes, Result]


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes that replace as many others from an offset."""

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
    """Return the part of a file that begins at `start` with the patches applied to it."""
    patched = bytearray(data)
    for patch in patches:
        first = max(patch.offset, start)
        last = min(patch.offset + len(patch.data), start + len(data))
        if first < last:
            patched[first - start : last - start] = patch.data[
                first - patch.offset : last - patch.offset
            ]
    return bytes(patched)
