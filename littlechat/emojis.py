"""Which emoji there are: what may stand under a message, and what the picker offers, in groups.

The `emoji` package knows them all by name; it knows no groups, which here are ranges of code points.
"""

from dataclasses import dataclass
from functools import cache

from emoji import EMOJI_DATA, STATUS

from littlechat.models import Invalid

EMOJI_CHARS_MAX = 40
"""More code points than any emoji has."""

VERSION_MAX = 15.0
"""The newest emoji that the fonts of most people can show; others are let through all the same."""

Ranges = tuple[tuple[int, int], ...]

GROUPS: tuple[tuple[str, Ranges], ...] = (
    (
        "Faces",
        ((0x1F600, 0x1F644), (0x1F910, 0x1F917), (0x1F920, 0x1F925), (0x1F927, 0x1F92F))
        + ((0x1F970, 0x1F97A), (0x1F9D0, 0x1F9D0), (0x1FAE0, 0x1FAEF), (0x2639, 0x263A))
        + ((0x1F648, 0x1F64A), (0x1F479, 0x1F47F), (0x1F480, 0x1F480), (0x1F4A9, 0x1F4A9)),
    ),
    (
        "Hands and people",
        ((0x1F44A, 0x1F450), (0x1F446, 0x1F449), (0x1F918, 0x1F91F), (0x1F90C, 0x1F90C))
        + ((0x1F90F, 0x1F90F), (0x1F590, 0x1F596), (0x1F64B, 0x1F64F), (0x1F645, 0x1F647))
        + ((0x270A, 0x270D), (0x261D, 0x261D), (0x1FAF0, 0x1FAFF), (0x1F4AA, 0x1F4AA))
        + ((0x1F440, 0x1F445), (0x1F464, 0x1F478), (0x1F481, 0x1F487), (0x1F926, 0x1F926))
        + ((0x1F930, 0x1F93E), (0x1F977, 0x1F977), (0x1F9B4, 0x1F9BF), (0x1F9CC, 0x1F9DF))
        + ((0x1F3C2, 0x1F3C4), (0x1F3C7, 0x1F3C7), (0x1F3CA, 0x1F3CC), (0x1F574, 0x1F57A))
        + ((0x1F6A3, 0x1F6A3), (0x1F6B4, 0x1F6B6), (0x1FAC3, 0x1FAC5)),
    ),
    (
        "Hearts and signs of feeling",
        ((0x2764, 0x2764), (0x1F493, 0x1F49F), (0x1F90D, 0x1F90E), (0x1F9E1, 0x1F9E1))
        + ((0x1FA75, 0x1FA77), (0x1F5A4, 0x1F5A4), (0x1F48B, 0x1F48C), (0x1F4A2, 0x1F4AF)),
    ),
    (
        "Animals and nature",
        ((0x1F400, 0x1F43F), (0x1F980, 0x1F9AE), (0x1FAB0, 0x1FABF), (0x1FACE, 0x1FACF))
        + ((0x1F330, 0x1F344), (0x1F490, 0x1F490), (0x1F300, 0x1F32C), (0x2600, 0x2604)),
    ),
    (
        "Food and drink",
        ((0x1F345, 0x1F37F), (0x1F32D, 0x1F32F), (0x1F950, 0x1F96F), (0x1FAD0, 0x1FADF))
        + ((0x1F9C0, 0x1F9CB), (0x2615, 0x2615), (0x1F382, 0x1F382)),
    ),
    (
        "Activities",
        ((0x1F380, 0x1F38B), (0x1F38D, 0x1F3C1), (0x1F3C5, 0x1F3C9), (0x1F3CD, 0x1F3D3))
        + ((0x1F3F8, 0x1F3FA), (0x1F93F, 0x1F94F), (0x26BD, 0x26BE), (0x1F9E7, 0x1F9E9))
        + ((0x1FA80, 0x1FA8F), (0x1F0CF, 0x1F0CF)),
    ),
    ("Travel and places", ((0x1F3D4, 0x1F3F0), (0x1F5FA, 0x1F5FF), (0x1F680, 0x1F6FF))),
    ("Flags", ((0x1F1E6, 0x1F1FF), (0x1F3F3, 0x1F3F4), (0x1F38C, 0x1F38C))),
    ("Objects", ((0x1F451, 0x1F463), (0x1F484, 0x1F5F9), (0x1F9AF, 0x1FAAF), (0x1FAC0, 0x1FACD))),
    ("Symbols", ((0, 0x10FFFF),)),
)
"""First come, first served: an emoji belongs to the first group that has a place for it."""

SKIN_TONES = range(0x1F3FB, 0x1F400)
FULL = "\ufe0f"
"""Asks for the coloured picture of a character; people's keyboards leave it out at times."""


@dataclass(frozen=True, slots=True)
class Emoji:
    """One in the picker. `words` are further names by which it is found."""

    char: str
    name: str
    words: str


def clean_emoji(raw: str) -> str:
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
    found: dict[str, list[tuple[tuple[int, str], Emoji]]] = {title: [] for title, _ in GROUPS}
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
        for title, ranges in GROUPS
        for place, (low, high) in enumerate(ranges)
        if low <= code <= high
    )


def _spoken(name: str) -> str:
    return name.strip(":").replace("_", " ").replace("-", " ").lower()
