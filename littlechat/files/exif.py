"""The position in Exif data: its GPS directory is overwritten and unlinked; all else stays.

Where there was one, the manufacturer's notes are overwritten as well: some cameras repeat the
position or the name of the place there, in layouts of their own.

The layout is TIFF's (TIFF 6.0, section 2; Exif 2.32, section 4.6): directories of twelve-byte
entries that point to each other. Nothing is moved, so that all other offsets stay valid.
"""

import struct
from collections.abc import Generator
from dataclasses import dataclass

from littlechat.files.spans import Patch, Reading

HEADERS = {b"II*\0": "<", b"MM\0*": ">"}
"""The first bytes of Exif data, and the byte order that they stand for in `struct`."""

GPS, EXIF, SUB_DIRECTORIES, NOTES = 0x8825, 0x8769, 0x014A, 0x927C
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""The size of a value of each type, in bytes."""

ENTRIES_MAX = 512
DIRECTORIES_MAX = 24
VALUE_MAX, NOTES_MAX = 4_096, 256 * 1024
"""Bytes of one value that are overwritten at most, whatever length it claims."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a directory; `value` is the offset of its values if they exceed four bytes."""

    tag: int
    kind: int
    count: int
    value: int
    raw: bytes

    @property
    def size(self) -> int:
        return SIZES[self.kind] * self.count


def position_in_exif(base: int, *, keeps_notes: bool = False) -> Reading[list[Patch]]:
    """Return the patches for the Exif data at `base`; none if there is no valid Exif data.

    `keeps_notes` is for TIFF files: programs need the notes to read raw pictures, which are such.
    """
    head = yield base, base + 8
    order = HEADERS.get(head[:4])
    if order is None or len(head) < 8:
        return []
    waiting, seen = [struct.unpack(order + "I", head[4:])[0]], set[int]()
    patches: list[Patch] = []
    notes: list[Entry] = []
    while waiting and len(seen) < DIRECTORIES_MAX:
        offset = waiting.pop()
        if offset in seen or offset < 8:
            continue
        seen.add(offset)
        entries, following = yield from _directory(base + offset, order)
        waiting += [following] if following else []
        waiting += yield from _further(base, entries, order)
        if any(entry.tag == GPS for entry in entries):
            patches += yield from _without(base, offset, entries, order, following)
        notes += [entry for entry in entries if entry.tag == NOTES and entry.size > 4]
    # A picture has one such entry. A crafted file with more keeps the others.
    for entry in notes[:1] if patches and not keeps_notes else []:
        patches.append(Patch(base + entry.value, bytes(min(entry.size, NOTES_MAX))))
    return patches


def _directory(at: int, order: str) -> Generator[tuple[int, int], bytes, tuple[list[Entry], int]]:
    """Return a directory's entries and the offset of the next one; nothing if it is invalid."""
    counted = yield at, at + 2
    count = struct.unpack(order + "H", counted)[0] if len(counted) == 2 else 0
    if not 0 < count <= ENTRIES_MAX:
        return [], 0
    data = yield at + 2, at + 2 + 12 * count + 4
    if len(data) < 12 * count:
        return [], 0
    entries = []
    for n in range(count):
        raw = data[12 * n : 12 * n + 12]
        tag, kind, many, value = struct.unpack(order + "HHII", raw)
        if kind not in SIZES:
            return [], 0  # Other data that happened to begin like Exif data.
        entries.append(Entry(tag, kind, many, value, raw))
    tail = data[12 * count :]
    return entries, struct.unpack(order + "I", tail)[0] if len(tail) == 4 else 0


def _further(base: int, entries: list[Entry], order: str) -> Reading[list[int]]:
    """Return the offsets of the directories that these entries point to, without the GPS one."""
    found = [entry.value for entry in entries if entry.tag == EXIF]
    for entry in entries:
        if entry.tag == SUB_DIRECTORIES and entry.count == 1:
            found.append(entry.value)
        elif entry.tag == SUB_DIRECTORIES and entry.count <= DIRECTORIES_MAX:
            listed = yield base + entry.value, base + entry.value + 4 * entry.count
            found += struct.unpack(f"{order}{len(listed) // 4}I", listed[: len(listed) // 4 * 4])
    return found


def _without(
    base: int, offset: int, entries: list[Entry], order: str, following: int
) -> Reading[list[Patch]]:
    """Return the patches that remove the GPS entry from a directory and zero the GPS directory."""
    kept = [entry for entry in entries if entry.tag != GPS]
    data = struct.pack(order + "H", len(kept)) + b"".join(entry.raw for entry in kept)
    data += struct.pack(order + "I", following) + bytes(12 * (len(entries) - len(kept)))
    patches = [Patch(base + offset, data)]
    for entry in entries:
        if entry.tag != GPS:
            continue
        told, _ = yield from _directory(base + entry.value, order)
        if told:
            patches.append(Patch(base + entry.value, bytes(2 + 12 * len(told))))
        patches += [
            Patch(base + one.value, bytes(min(one.size, VALUE_MAX))) for one in told if one.size > 4
        ]
    return patches
