"""Removes from the metadata of a picture or a film where it was taken; the content is not touched.

Every change is made in place and keeps the length, so that nothing is encoded anew, and
orientation, camera, times and colours stay. It finds the GPS directory of Exif data, with the
manufacturer's notes beside it, and the places in XMP and IPTC, in JPEG (also in the further
pictures and the film that phones append), PNG, WebP, GIF, TIFF, raw pictures, JPEG XL and HEIF, and
the places in the header of MPEG-4 and QuickTime films. It does not find tracks of positions within
a film, as action cameras and drones write them.
"""

import re
import struct
from collections.abc import Callable
from functools import partial
from itertools import islice

from littlechat.files.exif import HEADERS, position_in_exif
from littlechat.files.png import position_in_png
from littlechat.files.spans import Patch, Reading, read_from

WINDOW = 256 * 1024
OVERLAP = 16 * 1024
"""Bytes of a window that are read again with the next one: more than a place in XMP takes."""

PLACE = re.compile(
    rb"(?:photoshop:(?:City|State|Country)|Iptc4xmpCore:(?:Location|CountryCode)"
    rb"|Iptc4xmpExt:Location(?:Created|Shown)|[\w.-]{1,40}:[Gg][Pp][Ss]\w{1,40})\b"
)
"""The names of places in XMP: Exif's, those of drones, and IPTC's."""
ANCHOR = re.compile(rb":[Gg][Pp][Ss]\w|photoshop:[CS]|Iptc4xmp(?:Core|Ext):[LC]")
BEFORE = re.compile(rb"[\w.-]{0,40}\Z")
ATTRIBUTE = re.compile(rb"\s{0,9}=\s{0,9}(?:\"[^\"<]{0,999}\"|'[^'<]{0,999}')")
TAG_END = re.compile(rb"(?:\s[^<>]{0,999})?(/?)>")

JPEG_XL = b"\0\0\0\x0cJXL "

IPTC_PLACES = frozenset({26, 27, 90, 92, 95, 100, 101})
"""Content location, city, sublocation, state and country (IPTC IIM 4.2, record 2)."""

ISO_6709 = re.compile(rb"[+-]\d{1,3}\.\d{2,9}[+-]\d{1,3}\.\d{2,9}(?:[+-]\d{1,6}(?:\.\d{1,9})?)?/")
PLACE_BOXES = (b"\xa9xyz", b"loci")
HEADER_BOXES = (b"moov", b"meta", b"udta", b"uuid")
"""The parts of a film that tell of it; XMP has one of its own, `uuid`."""
FILM_BEGINS = (b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot")
"""Old QuickTime films begin with any of these."""
BOXES_MAX = 10_000
BLOCKS_MAX, PATCHES_MAX = 32, 10_000
"""No camera's file has as many. A crafted file with more keeps its positions, and takes us little
time."""

HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"})
CANON_RAW = b"ftypcrx "


def reader_for(head: bytes) -> Callable[[int], Reading[list[Patch]]] | None:
    """Return a function from a file's size to the reader for its type, or None for other types.

    `head` are the first bytes of the file.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return lambda size: position_in_png(size, clean)
    if head.startswith(tuple(HEADERS)) or head[4:12] == CANON_RAW:
        return partial(position_in_data, keeps_notes=True)
    if head[4:8] in FILM_BEGINS:
        return position_in_data if head[8:12] in HEIF else _in_film
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    if is_webp or head.startswith((b"\xff\xd8\xff", b"GIF8", JPEG_XL)):
        return position_in_data
    return None


def clean(data: bytes) -> list[Patch]:
    """Return the patches that remove every position from bytes in memory."""
    return read_from(data, position_in_data(len(data)))


def position_in_data(size: int, *, keeps_notes: bool = False) -> Reading[list[Patch]]:
    """Return the patches for a file of a format without checksums, by searching all of it."""
    patches: list[Patch] = []
    start, blocks = 0, set[int]()
    while start < size and len(patches) < PATCHES_MAX:
        window = yield start, min(start + WINDOW, size)
        for at in _headers(window):
            if start + at not in blocks and len(blocks) < BLOCKS_MAX:
                blocks.add(start + at)
                patches += yield from position_in_exif(start + at, keeps_notes=keeps_notes)
        patches += _in_text(window, start) + _in_iptc(window, start) + _in_boxes(window, start)
        start += WINDOW - OVERLAP if start + WINDOW < size else WINDOW
    return patches


def _headers(window: bytes) -> list[int]:
    found: list[int] = []
    for header in HEADERS:
        at = window.find(header)
        while at >= 0 and len(found) < BLOCKS_MAX:
            found.append(at)
            at = window.find(header, at + len(header))
    return found


def _in_text(window: bytes, start: int) -> list[Patch]:
    """Overwrite the places in XMP with blanks: attributes, and elements with their content."""
    patches: list[Patch] = []
    for anchor in ANCHOR.finditer(window):
        before = BEFORE.search(window, max(0, anchor.start() - 40), anchor.start())
        place = PLACE.match(window, before.start() if before else anchor.start())
        if place is None or len(patches) == PATCHES_MAX:
            continue
        begin = place.start()
        if value := ATTRIBUTE.match(window, place.end()):
            patches.append(_blank(start + begin, value.end() - begin))
        elif window[begin - 1 : begin] == b"<" and (tag := TAG_END.match(window, place.end())):
            end = tag.end() if tag[1] else _closed(window, place[0], tag.end())
            patches.append(_blank(start + begin - 1, end - begin + 1))
    return patches


def _closed(window: bytes, name: bytes, at: int) -> int:
    """Return the end of an element whose content begins at `at`; `at` if it has no end tag."""
    end = window.find(b"</" + name, at, at + OVERLAP)
    close = window.find(b">", end) if end >= 0 else -1
    # Without an end tag it is not valid XML: only the start tag is overwritten.
    return close + 1 if close >= 0 else at


def _in_iptc(window: bytes, start: int) -> list[Patch]:
    """Overwrite the places in Photoshop's block of IPTC values (resource 0x0404) with blanks."""
    patches = []
    at = window.find(b"8BIM\x04\x04")
    while at >= 0:
        name = window[at + 6] if at + 6 < len(window) else 0
        begin = at + 6 + (name + 2) // 2 * 2
        length = int.from_bytes(window[begin : begin + 4])
        value, end = begin + 4, min(begin + 4 + length, len(window))
        while value + 5 <= end and window[value] == 0x1C:
            record, tag, many = struct.unpack(">BBH", window[value + 1 : value + 5])
            if record == 2 and tag in IPTC_PLACES and value + 5 + many <= end:
                patches.append(_blank(start + value + 5, many))
            value += 5 + many
        at = window.find(b"8BIM\x04\x04", at + 6)
    return patches


def _in_film(size: int) -> Reading[list[Patch]]:
    """Return the patches for the header of a film, which is a sequence of boxes."""
    start, patches = 0, list[Patch]()
    for _ in range(BOXES_MAX):
        head = yield start, min(start + 16, size)
        length = int.from_bytes(head[:4])
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:])
        stop = size if length == 0 else min(start + length, size)
        if len(head) < 8 or stop < start + 8:
            break
        if head[4:8] in HEADER_BOXES:
            patches += yield from _in_header(start, stop)
        start = stop
    return patches


def _in_header(start: int, stop: int) -> Reading[list[Patch]]:
    patches: list[Patch] = []
    while start < stop and len(patches) < PATCHES_MAX:
        window = yield start, min(start + WINDOW, stop)
        patches += _in_text(window, start) + _in_boxes(window, start)
        start += WINDOW - OVERLAP if start + WINDOW < stop else WINDOW
    return patches


def _in_boxes(window: bytes, start: int) -> list[Patch]:
    """Empty the boxes for a place in a film's header, and overwrite coordinates anywhere in it."""
    patches: list[Patch] = []
    for kind in PLACE_BOXES:
        at = window.find(kind, 4)
        while at >= 0 and len(patches) < PATCHES_MAX:
            length = int.from_bytes(window[at - 4 : at])
            if 8 < length <= 1_024:
                patches.append(Patch(start + at, b"free" + bytes(length - 8)))
            at = window.find(kind, at + 4)
    found = islice(ISO_6709.finditer(window), PATCHES_MAX)
    return patches + [_blank(start + one.start(), len(one[0])) for one in found]


def _blank(offset: int, length: int) -> Patch:
    return Patch(offset, b" " * length)
