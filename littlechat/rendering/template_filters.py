"""What templates call to put values into words: names, times, browsers, sizes. Pure functions."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from littlechat.core import File, fold

HUES = 12
"""How many colours the initials of people and rooms have; `layout/style.css` names them."""

NAMES_CACHED = 10_000
"""How many names' initials and colours are cached: a page shows many, and every page the same."""


def typing_sentence(names: Sequence[str]) -> str:
    """Return who is typing, in words."""
    match names:
        case []:
            return ""
        case [one]:
            return f"{one} is typing…"
        case [one, other]:
            return f"{one} and {other} are typing…"
        case _:
            return "Several people are typing…"


NAMED_MAX = 20


def who(names: Sequence[str]) -> str:
    """Return people in words, the last of very many only counted."""
    named, more = list(names[:NAMED_MAX]), len(names) - NAMED_MAX
    if more > 0:
        named.append(f"{more} {'other' if more == 1 else 'others'}")
    return " and ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))


@lru_cache(NAMES_CACHED)
def initial(name: str) -> str:
    """Return the letter that stands for a name in its avatar."""
    return next((char for char in name if char.isalnum()), "#").upper()[:1]


@lru_cache(NAMES_CACHED)
def hue(name: str) -> int:
    """Return the number of a name's colour, the same for ever and everywhere."""
    return hashlib.sha256(fold(name).encode()).digest()[0] % HUES


def iso(moment: datetime) -> str:
    """Return a moment for a `datetime` attribute, to the millisecond, in UTC."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc(moment: datetime) -> str:
    """Return a moment in words that are right for everybody; the browser makes them local."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


PICTURE_BOX = 360
"""The longest side of a picture in a message, in CSS pixels."""


def shown_size(file: File) -> tuple[int, int]:
    """Return width and height of a picture in CSS pixels, so that nothing moves when it loads."""
    width, height = file.width or 1, file.height or 1
    scale = min(1.0, PICTURE_BOX / width, PICTURE_BOX / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


BROWSERS = ("Edg", "OPR", "FxiOS", "Firefox", "CriOS", "Chrome", "Safari", "curl")
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
COMMON_NAMES = {
    "Edg": "Edge",
    "OPR": "Opera",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Mac OS": "macOS",
}


def browser(agent: str) -> str:
    """Return a browser and system in words a person knows them by, from a User-Agent."""
    named = next((one for one in BROWSERS if one in agent), "")
    system = next((one for one in SYSTEMS if one in agent), "")
    words = [COMMON_NAMES.get(word, word) for word in (named, system) if word]
    return " on ".join(words) or "Unknown browser"
