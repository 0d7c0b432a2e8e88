"""The position in a PNG file, whose chunks each have a checksum (PNG 1.2, section 3.2).

Exif data has a chunk of its own, XMP is in a text chunk, and some programs write both as compressed
hex digits. Compressed data cannot be changed in place: a chunk of it that contains a place is
replaced by a comment of blanks.
"""

import re
import zlib
from collections.abc import Callable

from littlechat.files.spans import Patch, Reading, apply

CHUNKS_MAX = 100_000
CHUNK_BYTES_MAX = 4 * 1024 * 1024
"""Longer chunks are not metadata. No more than this is decompressed."""

INFLATED_BYTES_MAX = 16 * 1024 * 1024
"""Of all chunks of a file together: 4 KiB become 4 MiB, and a file has room for thousands of such
chunks. A crafted file with more keeps its positions, and takes us little time."""

TEXTS = (b"tEXt", b"zTXt", b"iTXt")
COMMENT = b"Comment\0"

Clean = Callable[[bytes], list[Patch]]


def position_in_png(size: int, clean: Clean) -> Reading[list[Patch]]:
    """Return the patches that remove every position.

    `clean` returns the patches for data without checksums.
    """
    patches: list[Patch] = []
    start, budget = 8, _Budget()
    for _ in range(CHUNKS_MAX):
        head = yield start, start + 8
        length, kind = int.from_bytes(head[:4]), head[4:]
        if len(head) < 8 or start + 12 + length > size:
            break
        if kind in (b"eXIf", *TEXTS) and length <= CHUNK_BYTES_MAX:
            data = yield start + 8, start + 8 + length
            patches += _chunk(start, kind, data, clean, budget)
        start += 12 + length
    return patches


def _chunk(start: int, kind: bytes, data: bytes, clean: Clean, budget: "_Budget") -> list[Patch]:
    """Return the patch of a chunk, with its new checksum, if it contains a place."""
    if found := clean(data):
        data = apply(found, data)
    elif (
        kind in TEXTS and len(data) > len(COMMENT) and any(map(clean, _hidden(kind, data, budget)))
    ):
        kind, data = b"tEXt", COMMENT.ljust(len(data))
    else:
        return []
    whole = kind + data
    return [Patch(start + 4, whole + zlib.crc32(whole).to_bytes(4))]


def _hidden(kind: bytes, data: bytes, budget: "_Budget") -> list[bytes]:
    """Return the content of a text chunk in other forms: decompressed, and from hex digits."""
    text = data.partition(b"\0")[2]
    if kind == b"iTXt":
        text = text[2:].split(b"\0", 2)[-1] if text[:1] == b"\1" else text
    elif kind == b"zTXt":
        text = text[1:]
    plain = budget.inflate(text) or text
    # ImageMagick's: a name, a length, and lines of hex digits.
    digits = re.sub(rb"\s", b"", re.sub(rb"^\s*[a-zA-Z0-9]+\s+\d+\s", b"", plain))
    even = digits[: len(digits) // 2 * 2]
    decoded = bytes.fromhex(even.decode()) if re.fullmatch(rb"[0-9a-fA-F]+", even) else b""
    return [plain, decoded]


class _Budget:
    """What may still be decompressed of one file."""

    def __init__(self) -> None:
        self.bytes_left = INFLATED_BYTES_MAX

    def inflate(self, data: bytes) -> bytes:
        """Return data decompressed, as far as the budget goes; nothing if it is not compressed."""
        if self.bytes_left <= 0:
            return b""
        try:
            plain = zlib.decompressobj().decompress(data, min(self.bytes_left, CHUNK_BYTES_MAX))
        except zlib.error:
            return b""
        self.bytes_left -= len(plain)
        return plain
