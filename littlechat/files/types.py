"""What a file is, by its first bytes, and how it may be handed out; never by what anybody says.

A browser's word, or a name's ending, would let a page pass as a picture. What is not known here is
bytes, for download only.
"""

import re
import unicodedata

from littlechat.core import Invalid, is_blank

FILE_NAME_MAX = 120
HEAD_BYTES = 4_096
"""How much of a file's beginning `find_type` looks at."""

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
"""Offsets, what stands there, and what that says; the WHATWG's MIME Sniffing has most of them."""

RIFF = frozenset({b"WEBP", b"WAVE"})

ENDINGS = {
    "document": "pdf doc docx odt rtf pages md txt tex",
    "sheet": "xls xlsx ods csv tsv numbers",
    "archive": "zip gz tgz tar 7z rar bz2 xz zst",
    "code": "py js ts html htm css svg json xml sh c h cpp rs go java rb php sql yml yaml toml",
}
"""What a name's ending decides: the drawing on a card, and nothing else."""


def find_type(head: bytes) -> str:
    """Return the type that a file's first `HEAD_BYTES` bytes show."""
    if head[:4] == b"OggS":
        return "video/ogg" if b"\x80theora" in head[:200] else "audio/ogg"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else BYTES
    for offset, bytes_, kind in SIGNATURES:
        if head.startswith(bytes_, offset) and (bytes_ not in RIFF or head[:4] == b"RIFF"):
            return kind
    return TEXT if _is_text(head) else BYTES


def _is_text(head: bytes) -> bool:
    if re.search(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]", head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The last character may be cut in two.
        return error.start > HEAD_BYTES - 4 and len(head) == HEAD_BYTES
    return True


def family(kind: str) -> str:
    """Return how a page shows a file of a type: `picture`, `audio`, `video` or `other`."""
    if kind in PICTURES:
        return "picture"
    main = kind.partition("/")[0]
    return main if main in ("audio", "video") else "other"


def is_inline(kind: str) -> bool:
    """Whether a browser may show a file of this type as itself: it cannot hold a script."""
    return family(kind) != "other"


def drawing(name: str) -> str:
    """Return which drawing stands for a file on its card, by its name's ending."""
    ending = name.rpartition(".")[2].lower()
    return next((kind for kind, words in ENDINGS.items() if ending in words.split()), "file")


def ending(name: str) -> str:
    """Return what is written on that drawing: the name's ending if it is a short one."""
    stem, _, last = name.rpartition(".")
    short = stem and len(last) <= 4 and last.isascii() and last.isalnum()
    return last.upper() if short else ""


def validate_file_name(raw: str) -> str:
    """Return a file's name without path, controls or marks that turn its direction.

    Leading dots and inner blanks stay: they are part of what the file is called.

    Cut to `FILE_NAME_MAX` characters with its ending kept; a name that shows nothing is `file`.
    Raises `Invalid` for one that no browser sends.
    """
    if len(raw) > 4_096:
        raise Invalid(file="This file’s name is too long.")
    last = re.split(r"[/\\]", raw)[-1]
    # Cf holds the marks that would let gnp.exe be read as exe.png; Cs cannot be stored.
    kept = "".join(" " if char in "\t\n" else char for char in last if _may_stand(char))
    name = unicodedata.normalize("NFC", kept).strip()
    # Of dots alone it would be a directory.
    if is_blank(name.strip(".")):
        return "file"
    if len(name) <= FILE_NAME_MAX:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = dot + ending if stem and len(ending) <= 10 else ""
    return (stem if tail else name)[: FILE_NAME_MAX - len(tail)].rstrip() + tail


def _may_stand(char: str) -> bool:
    # The joiners belong to words of Persian and Indic scripts, and to emoji.
    category = unicodedata.category(char)
    return char in "\t\n\u200c\u200d" or category not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def size_in_words(size: int) -> str:
    """Return a number of bytes as people say it: a kB of 1,024, as their systems count."""
    if size < 1_024:
        return f"{size} bytes" if size != 1 else "1 byte"
    amount, unit = size / 1_024, "kB"
    for larger in ("MB", "GB"):
        if amount >= 999.5:
            amount, unit = amount / 1_024, larger
    return f"{amount:.0f} {unit}" if amount >= 9.95 else f"{amount:.1f} {unit}".replace(".0 ", " ")
