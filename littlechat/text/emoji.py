"""Which emoji there are: what may stand under a message, and what the picker offers, in groups.

The `emoji` package knows them all by name, but no groups: here these are ranges of code points.
"""

from dataclasses import dataclass
from functools import cache

from emoji import EMOJI_DATA, STATUS

from littlechat.core import Invalid

EMOJI_CHARS_MAX = 40
"""More code points than any emoji has."""

VERSION_MAX = 15.0
"""The newest emoji that the fonts of most people can show; others are let through all the same."""

GROUPS: dict[str, str] = {
    "Faces": (
        "1F600-1F644 1F910-1F917 1F920-1F925 1F927-1F92F 1F970-1F97A 1F9D0 1FAE0-1FAEF "
        "2639-263A 1F648-1F64A 1F479-1F47F 1F480 1F4A9"
    ),
    "Hands and people": (
        "1F44A-1F450 1F446-1F449 1F918-1F91F 1F90C 1F90F 1F590-1F596 1F64B-1F64F 1F645-1F647 "
        "270A-270D 261D 1FAF0-1FAFF 1F4AA 1F440-1F445 1F464-1F478 1F481-1F487 1F926 "
        "1F930-1F93E 1F977 1F9B4-1F9BF 1F9CC-1F9DF 1F3C2-1F3C4 1F3C7 1F3CA-1F3CC 1F574-1F57A "
        "1F6A3 1F6B4-1F6B6 1FAC3-1FAC5"
    ),
    "Hearts and signs of feeling": (
        "2764 1F493-1F49F 1F90D-1F90E 1F9E1 1FA75-1FA77 1F5A4 1F48B-1F48C 1F4A2-1F4AF"
    ),
    "Animals and nature": (
        "1F400-1F43F 1F980-1F9AE 1FAB0-1FABF 1FACE-1FACF 1F330-1F344 1F490 1F300-1F32C 2600-2604"
    ),
    "Food and drink": ("1F345-1F37F 1F32D-1F32F 1F950-1F96F 1FAD0-1FADF 1F9C0-1F9CB 2615 1F382"),
    "Activities": (
        "1F380-1F38B 1F38D-1F3C1 1F3C5-1F3C9 1F3CD-1F3D3 1F3F8-1F3FA 1F93F-1F94F 26BD-26BE "
        "1F9E7-1F9E9 1FA80-1FA8F 1F0CF"
    ),
    "Travel and places": "1F3D4-1F3F0 1F5FA-1F5FF 1F680-1F6FF",
    "Flags": "1F1E6-1F1FF 1F3F3-1F3F4 1F38C",
    "Objects": "1F451-1F463 1F484-1F5F9 1F9AF-1FAAF 1FAC0-1FACD",
    "Symbols": "0-10FFFF",
}
"""Code points of an emoji's first character. The first group that has a place for it has it."""

SKIN_TONES = range(0x1F3FB, 0x1F400)
FULL = "\ufe0f"
"""Asks for the coloured picture of a character; people's keyboards leave it out at times."""


@dataclass(frozen=True, slots=True)
class Emoji:
    """One in the picker. `words` are further names by which it is found."""

    char: str
    name: str
    words: str


def validate_emoji(raw: str) -> str:
    """Return a single emoji in the one way it is stored; raise `Invalid` for anything else."""
    known = _known().get(raw.replace(FULL, "")) if len(raw) <= EMOJI_CHARS_MAX else None
    if known is None:
        raise Invalid(emoji="A reaction is one emoji.")
    return known


@cache
def _known() -> dict[str, str]:
    full = STATUS["fully_qualified"]
    return {
        char.replace(FULL, ""): char for char, data in EMOJI_DATA.items() if data["status"] == full
    }


@cache
def list_groups() -> tuple[tuple[str, tuple[Emoji, ...]], ...]:
    """Return what the picker offers: titles, and the emoji under each."""
    found: dict[str, list[tuple[tuple[int, str], Emoji]]] = {title: [] for title in GROUPS}
    for char in _known().values():
        data = EMOJI_DATA[char]
        if data["E"] <= VERSION_MAX and not any(ord(one) in SKIN_TONES for one in char):
            title, place = _place(char)
            names = [_spoken(data["en"]), *map(_spoken, data.get("alias", []))]
            found[title].append(((place, char), Emoji(char, names[0], " ".join(names[1:]))))
    return tuple(
        (title, tuple(one for _, one in sorted(members, key=lambda member: member[0])))
        for title, members in found.items()
    )


def _place(char: str) -> tuple[str, int]:
    code = ord(char[0])
    return next(
        (title, place)
        for title, ranges in _ranges()
        for place, (low, high) in enumerate(ranges)
        if low <= code <= high
    )


@cache
def _ranges() -> list[tuple[str, list[tuple[int, int]]]]:
    return [(title, list(map(_range, text.split()))) for title, text in GROUPS.items()]


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low, 16), int(high or low, 16)


def _spoken(name: str) -> str:
    return name.strip(":").replace("_", " ").replace("-", " ").lower()
