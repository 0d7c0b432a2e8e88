"""Where a picture was taken goes out of its original, and nothing else does."""

import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from littlechat.files.blobs import CHUNK_BYTES, Blobs
from littlechat.files.position import PATCHES_MAX, WINDOW, reader_for
from littlechat.files.spans import apply, read_from
from littlechat.platform.database import Database
from tests.pictures import GPS, MAKER, ORIENTATION, ROTATED, XMP, gps, located, opened, picture

KINDS = ("JPEG", "PNG", "WEBP", "TIFF")
EXIF, NOTES, TAKEN = 0x8769, 0x927C, 0x9003
COORDINATES = "+52.5200+013.4050+034.000/"


def stripped(data: bytes) -> bytes:
    """Return a file without the place where it was taken."""
    reader = reader_for(data)
    return apply(read_from(data, reader(len(data))), data) if reader else data


def exif_block() -> bytes:
    exif = Image.Exif()
    exif[MAKER], exif[GPS] = "Camera", {1: "N", 2: (52.0, 31.0, 12.25)}
    return exif.tobytes()


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return (8 + len(content)).to_bytes(4) + kind + content


@pytest.mark.parametrize("kind", KINDS)
def test_position_is_gone_and_the_rest_is_as_it_was(kind: str) -> None:
    data = located(kind)
    assert gps(data) != {}
    bare = stripped(data)
    assert gps(bare) == {}
    assert b"2026:11:27" not in bare, "the values are gone, not only their names"
    assert len(bare) == len(data)
    exif = opened(bare).getexif()
    assert exif[ORIENTATION] == ROTATED
    assert exif[MAKER] == "Camera"
    assert opened(bare).tobytes() == opened(data).tobytes()
    # What is left can be read again, and holds nothing more to take.
    opened(bare).verify()
    assert stripped(bare) == bare


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_places_in_xmp_are_gone_and_it_stays_well_formed(kind: str) -> None:
    bare = stripped(located(kind))
    for part in (b"GPS", b"52,31", b"13,24", b"Hidden"):
        assert part not in bare
    for part in (b'xmp:Rating="5"', b"<xmp:Label>Kept</xmp:Label>"):
        assert part in bare
    packet = bare[bare.index(b"<x:xmpmeta") : bare.index(b"</x:xmpmeta>") + 12]
    assert ElementTree.fromstring(packet).tag == "{adobe:ns:meta/}xmpmeta"


@pytest.mark.parametrize("kind", [*KINDS, "GIF"])
def test_picture_without_a_place_is_not_touched(kind: str) -> None:
    data = picture(kind, rotated=kind != "GIF", maker="" if kind == "GIF" else "Camera")
    assert stripped(data) == data


def test_further_pictures_behind_the_first_are_looked_at() -> None:
    two = located("JPEG") + located("JPEG")
    assert b"GPS" not in stripped(two)
    second = stripped(two)[len(two) // 2 :]
    assert gps(second) == {}


def test_places_in_iptc_are_gone() -> None:
    values = b"".join(
        bytes((0x1C, 2, tag)) + len(text).to_bytes(2) + text
        for tag, text in ((90, b"Hidden"), (105, b"Headline"), (101, b"Hidden"))
    )
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(values).to_bytes(4) + values
    segment = b"\xff\xed" + (len(block) + 2).to_bytes(2) + block
    plain = picture("JPEG")
    bare = stripped(plain[:2] + segment + plain[2:])
    assert b"Hidden" not in bare
    assert b"Headline" in bare


@pytest.mark.parametrize("compressed", [False, True])
def test_places_in_profiles_that_programs_write_into_png_are_gone(compressed: bool) -> None:
    info = PngInfo()
    block = b"Exif\0\0" + exif_block().removeprefix(b"Exif\0\0")
    info.add_text("Raw profile type exif", f"\nexif\n{len(block):8}\n{block.hex()}\n", compressed)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
    info.add_text("Title", "Kept", compressed)
    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG", pnginfo=info)
    image = opened(stripped(out.getvalue()))
    image.load()
    assert image.text["Title"] == "Kept"  # type: ignore[attr-defined]
    assert not any("profile" in name or "xmp" in name for name in image.text)  # type: ignore[attr-defined]


def test_chunks_of_a_png_keep_right_checksums() -> None:
    bare, at = stripped(located("PNG")), 8
    while at < len(bare):
        length = int.from_bytes(bare[at : at + 4])
        whole = bare[at + 4 : at + 8 + length]
        assert zlib.crc32(whole).to_bytes(4) == bare[at + 8 + length : at + 12 + length]
        at += 12 + length


def test_picture_in_heif_loses_its_place() -> None:
    block = exif_block()
    data = box(b"ftyp", b"heic\0\0\0\0mif1") + box(b"meta", b"\0" * 40)
    data += box(b"mdat", bytes(1_000), b"\0\0\0\6", block, bytes(1_000))
    bare = stripped(data)
    exif = Image.Exif()
    exif.load(bare[bare.index(b"Exif\0\0") :][: len(block)])
    assert GPS not in exif
    assert exif[MAKER] == "Camera"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_notes_of_the_manufacturer_go_with_the_position_and_stay_without_one(kind: str) -> None:
    exif = Image.Exif()
    exif[MAKER], exif[EXIF] = (
        "Camera",
        {NOTES: b"Panasonic\0\0\0 Hidden Village", TAKEN: "2026:11:27"},
    )
    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, kind, exif=exif)
    assert stripped(out.getvalue()) == out.getvalue()
    exif[GPS] = {1: "N", 2: (52.0, 31.0, 12.25)}
    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, kind, exif=exif)
    bare = stripped(out.getvalue())
    assert b"Hidden" in out.getvalue()
    assert b"Hidden" not in bare
    opened(bare).verify()
    left = opened(bare).getexif()
    assert left[MAKER] == "Camera"
    assert left.get_ifd(EXIF)[TAKEN] == "2026:11:27"


def test_film_behind_a_picture_loses_its_place_too() -> None:
    text = len(COORDINATES).to_bytes(2) + b"\x15\xc7" + COORDINATES.encode()
    film = box(b"ftyp", b"mp42\0\0\0\0")
    film += box(b"moov", box(b"mvhd", b"kept"), box(b"udta", box(b"\xa9xyz", text)))
    bare = stripped(picture("JPEG") + film)
    assert COORDINATES.encode() not in bare
    assert b"kept" in bare


@pytest.mark.parametrize("begin", [b"ftyp", b"wide", b"mdat"])
def test_xmp_in_a_film_is_looked_through_whatever_box_it_begins_with(begin: bytes) -> None:
    first = box(begin, b"qt  \0\0\0\0")
    for header in (box(b"uuid", bytes(16), XMP), box(b"moov", box(b"udta", box(b"XMP_", XMP)))):
        data = first + header + box(b"mdat", b"frames")
        bare = stripped(data)
        assert len(bare) == len(data)
        assert b"GPS" not in bare
        assert b"Hidden" not in bare
        assert b"<xmp:Label>Kept</xmp:Label>" in bare


@pytest.mark.parametrize("last", [False, True])
def test_film_loses_its_place(last: bool) -> None:
    text = len(COORDINATES).to_bytes(2) + b"\x15\xc7" + COORDINATES.encode()
    header = box(
        b"moov",
        box(b"mvhd", b"kept"),
        box(b"udta", box(b"\xa9xyz", text), box(b"loci", b"\0" * 6 + b"Hidden")),
        box(b"meta", b"com.apple.quicktime.location.ISO6709", COORDINATES.encode()),
    )
    film = box(b"mdat", COORDINATES.encode() + b"frames")
    parts = (film, header) if last else (header, film)
    data = box(b"ftyp", b"isom\0\0\0\0") + b"".join(parts)
    bare = stripped(data)
    assert len(bare) == len(data)
    assert bare.count(COORDINATES.encode()) == 1, "what is shown is not touched"
    assert b"Hidden" not in bare
    assert b"kept" in bare


def test_place_across_two_windows_is_found() -> None:
    for shift in range(0, len(XMP), 7):
        data = b"\xff\xd8\xff" + bytes(WINDOW - 3 - shift) + XMP + bytes(WINDOW)
        bare = stripped(data)
        assert b"GPS" not in bare
        assert b"Hidden" not in bare


HEADS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\0\0\0\0WEBP",
    b"II*\0",
    b"\0\0\0\x10ftypisom",
)
PARTS = (
    *(b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"\x25\x88\4\0\1\0\0\0\x08\0\0\0", b"\1\0", b"\0\0"),
    *(
        b"<exif:GPSA>",
        b"</exif:GPSA>",
        b'a:GPSB="',
        b'"',
        b"8BIM\4\4\0\0\0\0\0\x20",
        b"\x1c\2\x5a\0\4",
    ),
    *(b"moov", b"\xa9xyz", b"\0\0\0\x10", b"eXIf", b"zTXt", b"a\0\0x\x9c"),
)


@given(st.sampled_from(HEADS), st.lists(st.one_of(st.sampled_from(PARTS), st.binary(max_size=9))))
def test_whatever_is_sent_keeps_its_length_and_fails_nothing(
    head: bytes, parts: list[bytes]
) -> None:
    data = head + b"".join(parts)
    assert len(stripped(data)) == len(data)


@pytest.mark.parametrize(
    "part",
    [b'a:GPSB="', b"<a:GPSB>", b"II*\0\x08\0\0\0", b"8BIM\x04\x04", b"<exif:GPSA>" + b"a" * 900],
)
def test_cost_of_a_made_up_file_is_bounded(part: bytes) -> None:
    data = b"\xff\xd8\xff" + part * (4 * WINDOW // len(part))
    reader = reader_for(data)
    assert reader
    asked = 0
    reading = reader(len(data))
    start, stop = next(reading)
    patches = None
    while patches is None:
        asked += 1
        try:
            start, stop = reading.send(data[start:stop])
        except StopIteration as end:
            patches = end.value
    assert asked < 2_000
    assert len(patches) <= 2 * PATCHES_MAX


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_stored_file_is_changed_where_it_is(db: Database) -> None:
    blobs = Blobs(db)
    # Its directories across the border of two stored chunks.
    data = b"\xff\xd8\xff" + bytes(CHUNK_BYTES - 40) + exif_block() + bytes(2 * CHUNK_BYTES)
    written = await blobs.write("one", once(data))
    reader = reader_for(written.head)
    assert reader
    patches = await blobs.run_reader("one", written.size, reader(written.size))
    digest = await blobs.patch("one", written.size, patches)
    stored = b"".join([piece async for piece in blobs.read("one", 0, written.size)])
    assert stored == stripped(data)
    assert stored != data
    assert digest != written.digest
