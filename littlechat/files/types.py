"""The media types of files, found in their first bytes, and the validation of file names.

The type that a browser claims, and the extension of the name, are not trusted: a page could pass as
a picture. Files of unknown types are served as bytes, for download only.
"""

import re
import unicodedata

from littlechat.core import Invalid, is_blank

FILE_NAME_MAX = 120
TYPE_HEAD_BYTES = 4_096
"""The number of bytes at the start of a file that `find_type` needs."""

BYTES = "application/octet-stream"
TEXT = "text/plain"
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypM4B", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypisom", "video/mp4"),
    (4, b"ftypiso", "video/mp4"),
    (4, b"ftypmp4", "video/mp4"),
    (4, b"ftypM4V", "video/mp4"),
    (4, b"ftypavc1", "video/mp4"),
    (4, b"ftypdash", "video/mp4"),
    (4, b"ftypMSNV", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
)
"""Offset, bytes at that offset, media type. Most are from the WHATWG's MIME Sniffing Standard."""

RIFF = frozenset({b"WEBP", b"WAVE"})

ICON_EXTENSIONS = {
    "document": "pdf doc docx odt rtf pages md txt tex",
    "sheet": "xls xlsx ods csv tsv numbers",
    "archive": "zip gz tgz tar 7z rar bz2 xz zst",
    "code": "py js ts html htm css svg json xml sh c h cpp rs go java rb php sql yml yaml toml",
}
"""Which icon stands for a file with one of these extensions. They decide nothing else."""


PICTURE_EXTENSIONS = frozenset("jpg jpeg jpe jfif png apng gif webp".split())
OTHER_PICTURE_EXTENSIONS = frozenset(
    "heic heif hif avif jxl jp2 tif tiff bmp dng cr2 cr3 nef arw orf raf rw2 psd".split()
)


def find_type(head: bytes) -> str:
    """Return the media type of a file, given its first `TYPE_HEAD_BYTES` bytes."""
    if head[:4] == b"OggS":
        return "video/ogg" if b"\x80theora" in head[:200] else "audio/ogg"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else BYTES
    for offset, bytes_, media_type in SIGNATURES:
        if head.startswith(bytes_, offset) and (bytes_ not in RIFF or head[:4] == b"RIFF"):
            return media_type
    return TEXT if _is_text(head) else BYTES


def _is_text(head: bytes) -> bool:
    if re.search(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]", head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The last character may be cut off.
        return error.start > TYPE_HEAD_BYTES - 4 and len(head) == TYPE_HEAD_BYTES
    return True


def media_kind(media_type: str) -> str:
    """Return how a page shows a file of a media type: `picture`, `audio`, `video` or `other`."""
    if media_type in PICTURES:
        return "picture"
    main = media_type.partition("/")[0]
    return main if main in ("audio", "video") else "other"


def why_not_shown(name: str, media_type: str) -> str:
    """Return why a picture that could not be drawn small is a file, "" for what is no picture.

    By its name alone, since nothing else is known of what could not be read.
    """
    if media_type in PICTURES:
        return "too large a picture to be shown"
    stem, _, last = name.rpartition(".")
    extension = last.lower() if stem and media_type == BYTES else ""
    if extension in PICTURE_EXTENSIONS:
        return "damaged, or not what its name says, and not shown"
    return "a kind of picture that is not shown" if extension in OTHER_PICTURE_EXTENSIONS else ""


def is_inline(media_type: str) -> bool:
    """Whether a browser may display a file of this media type, which cannot contain scripts."""
    return media_kind(media_type) != "other"


def icon(name: str) -> str:
    """Return the CSS class of the icon for a file, by the extension of its name."""
    extension = name.rpartition(".")[2].lower()
    return next(
        (kind for kind, words in ICON_EXTENSIONS.items() if extension in words.split()), "file"
    )


def extension_label(name: str) -> str:
    """Return the label of a file's icon: the extension in capitals if it is short, else ""."""
    stem, _, last = name.rpartition(".")
    short = stem and len(last) <= 4 and last.isascii() and last.isalnum()
    return last.upper() if short else ""


def validate_file_name(raw: str) -> str:
    """Return a file's name without a path, control characters or bidirectional marks.

    Leading dots and inner blanks stay, because they are part of the name. It is cut to
    `FILE_NAME_MAX` characters but keeps its extension; a blank name becomes `file`.
    Raises `Invalid` for a name longer than any that browsers send.
    """
    if len(raw) > 4_096:
        raise Invalid(file="This file’s name is too long.")
    last = re.split(r"[/\\]", raw)[-1]
    # Cf includes the bidirectional marks, which can make exe.png of gnp.exe; Cs cannot be stored.
    kept = "".join(" " if char in "\t\n" else char for char in last if _may_stand(char))
    name = unicodedata.normalize("NFC", kept).strip()
    # A name of dots alone would be a directory.
    if is_blank(name.strip(".")):
        return "file"
    if len(name) <= FILE_NAME_MAX:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = dot + extension if stem and len(extension) <= 10 else ""
    return (stem if tail else name)[: FILE_NAME_MAX - len(tail)].rstrip() + tail


def _may_stand(char: str) -> bool:
    # The joiners U+200C and U+200D are part of words in Persian and Indic scripts, and of emoji.
    category = unicodedata.category(char)
    return char in "\t\n\u200c\u200d" or category not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def size_in_words(size: int) -> str:
    """Return a number of bytes for people to read, with a kB of 1,024 bytes."""
    if size < 1_024:
        return f"{size} bytes" if size != 1 else "1 byte"
    amount, unit = size / 1_024, "kB"
    for larger in ("MB", "GB"):
        if amount >= 999.5:
            amount, unit = amount / 1_024, larger
    return f"{amount:.0f} {unit}" if amount >= 9.95 else f"{amount:.1f} {unit}".replace(".0 ", " ")
