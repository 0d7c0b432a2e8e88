"""What the quick switcher finds, and in which order; pure.

Every word of a query begins some word of what it finds, whatever the case, accents or script. What
one is in comes before people, these before rooms to join, and the latest activity first.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from littlechat.core import LONG_AGO, Room, fold

QUERY_MAX = 60
SHOWN_MAX = 12

Kind = Literal["mine", "person", "other"]
ORDER: tuple[Kind, ...] = ("mine", "person", "other")


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go: a room, or a person with whom there is no conversation yet."""

    kind: Kind
    title: str
    room: Room | None = None
    named: str = ""
    """What people call themselves who are called otherwise in the title."""

    @property
    def at(self) -> datetime:
        """When something last happened there."""
        return (self.room.last_at or self.room.created) if self.room else LONG_AGO


def plain(text: str) -> str:
    """Return `text` folded and without accents, as it is compared."""
    marked = unicodedata.normalize("NFD", fold(text))
    bare = "".join(char for char in marked if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFC", bare)


def words(text: str) -> list[str]:
    """Return the words of `text`, as they are compared."""
    return re.findall(r"[^\W_]+", plain(text))


def is_found(query: str, *titles: str) -> bool:
    """Whether every word of `query` begins a word of `titles`."""
    return begin(words(query), spaced(*titles))


def spaced(*titles: str) -> str:
    """Return the words of `titles` with a space before each, for `begin`."""
    return "".join(f" {word}" for title in titles for word in words(title))


def begin(asked: Iterable[str], there: str) -> bool:
    """Whether each of the words `asked` begins one of those `there`, which are `spaced`."""
    return all(f" {part}" in there for part in asked)


def rank(query: str, places: Iterable[Place]) -> list[Place]:
    """Return the places that `query` finds, the likeliest first; without one, the latest."""
    found = [place for place in places if is_found(query, place.title, place.named)]
    found.sort(key=lambda place: plain(place.title))
    found.sort(key=lambda place: place.at, reverse=True)
    asked = plain(query)
    found.sort(
        key=lambda place: (
            asked not in (plain(place.title), plain(place.named)),
            ORDER.index(place.kind),
        )
    )
    return found[:SHOWN_MAX]
