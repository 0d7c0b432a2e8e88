"""Media types are found in the content, and file names lose what could deceive."""

import pytest

from littlechat.core.errors import Invalid
from littlechat.files.types import (
    BYTES,
    FILE_NAME_MAX,
    TYPE_HEAD_BYTES,
    extension_label,
    find_type,
    icon,
    is_inline,
    media_kind,
    size_in_words,
    validate_file_name,
    why_not_shown,
)
from tests.pictures import picture


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (picture("JPEG"), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("GIF"), "image/gif"),
        (picture("WEBP"), "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"XXXX\0\0\0\0WAVEfmt ", BYTES),
        (b"RIFF\0\0\0\0AVI ", BYTES),
        (b"ID3\4\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"OggS\0\2" + b"\0" * 22 + b"\1vorbis", "audio/ogg"),
        (b"OggS\0\2" + b"\0" * 22 + b"\x80theora", "video/ogg"),
        (b"fLaC\0", "audio/flac"),
        (b"\0\0\0\x20ftypM4A \0", "audio/mp4"),
        (b"\0\0\0\x20ftypisom\0", "video/mp4"),
        (b"\0\0\0\x20ftypqt  \0", "video/quicktime"),
        (b"\0\0\0\x20ftypheic\0", BYTES),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1B\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1B\x82\x88matroska", BYTES),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\3\4", "application/zip"),
        (b"MZ\x90\0", BYTES),
        (b"\x7fELF", BYTES),
        ("Grüße\n".encode(), "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "text/plain"),
        (b"<!doctype html><script>x()</script>", "text/plain"),
        (b"\xff\xfe<\0h\0", BYTES),
        (b"\xe4\xf6\xfc", BYTES),
        (b"a" * (TYPE_HEAD_BYTES - 1) + "ü".encode()[:1], "text/plain"),
        (b"a\xc3", BYTES),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_type_is_found_in_the_content(head: bytes, kind: str) -> None:
    assert find_type(head) == kind


def test_only_types_without_scripts_are_displayed_inline() -> None:
    for kind in ("image/png", "audio/mpeg", "video/mp4"):
        assert is_inline(kind)
    for kind in ("image/svg+xml", "text/html", "application/pdf", "text/plain", "text/xml", BYTES):
        assert not is_inline(kind)
    assert [media_kind(kind) for kind in ("image/gif", "audio/wav", "video/webm", BYTES)] == [
        "picture",
        "audio",
        "video",
        "other",
    ]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\plan.pdf", "plan.pdf"),
        ("..", "file"),
        ("", "file"),
        (" \u200b ", "file"),
        (".htaccess", ".htaccess"),
        ("src/.gitignore", ".gitignore"),
        ("...three dots", "...three dots"),
        ("...", "file"),
        ("two  blanks.txt", "two  blanks.txt"),
        ("a\u3000b.txt", "a\u3000b.txt"),
        ("#1: 100% (a+b) & 'c'?.txt", "#1: 100% (a+b) & 'c'?.txt"),
        ("trailing dot.", "trailing dot."),
        (" outer blanks ", "outer blanks"),
        ("a\r\nSet-Cookie: x=y", "aSet-Cookie: x=y".replace("aS", "a S")),
        ("a\0b", "ab"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\u2066b\u2069.txt", "ab.txt"),
        ("lone \ud800.txt", "lone .txt"),
        ("Gru\u0308ße 🌱.txt", "Grüße 🌱.txt"),
        ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),
        ("a" * 300 + ".jpeg", "a" * (FILE_NAME_MAX - 5) + ".jpeg"),
        ("a" * 300, "a" * FILE_NAME_MAX),
        ("a." + "b" * 300, "a." + "b" * (FILE_NAME_MAX - 2)),
        ('<img src=x onerror="x()">', '<img src=x onerror="x()">'),
    ],
)
def test_a_file_name_loses_its_path_and_what_cannot_be_seen(raw: str, name: str) -> None:
    assert validate_file_name(raw) == name


def test_an_overlong_name_is_refused() -> None:
    with pytest.raises(Invalid):
        validate_file_name("a" * 5_000)


def test_the_icon_is_chosen_by_the_extension() -> None:
    names = ("a.PDF", "b.csv", "c.tar.gz", "d.py", "e", "f.unknown", "pdf")
    assert [icon(name) for name in names] == [
        *("document", "sheet", "archive", "code", "file", "file"),
        "document",
    ]
    assert [extension_label(name) for name in names] == ["PDF", "CSV", "GZ", "PY", "", "", ""]


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1_023, "1023 bytes"),
        (1_024, "1 kB"),
        (1_536, "1.5 kB"),
        (20_000, "20 kB"),
        (1_023_000, "999 kB"),
        (25 * 1024 * 1024, "25 MB"),
        (3 * 1024**3, "3 GB"),
        (3_000 * 1024**3, "3000 GB"),
    ],
)
def test_size_is_said_in_words(size: int, words: str) -> None:
    assert size_in_words(size) == words


@pytest.mark.parametrize(
    ("name", "media_type", "why"),
    [
        ("wide.jpg", "image/jpeg", "too large a picture to be shown"),
        ("IMG_1.HEIC", BYTES, "a kind of picture that is not shown"),
        ("cut.JPG", BYTES, "damaged, or not what its name says, and not shown"),
        ("notes.txt", "text/plain", ""),
        ("heic", BYTES, ""),
        ("archive.bin", BYTES, ""),
    ],
)
def test_picture_that_is_not_drawn_says_why(name: str, media_type: str, why: str) -> None:
    assert why_not_shown(name, media_type) == why
