"""What the quick switcher finds, and in which order; pure.

Every word of a query begins some word of what it finds, whatever the case, accents or script. What
one is in comes before people, these before rooms to join, and the latest activity first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from littlechat.core import LONG_AGO, Room
from littlechat.text import comparable, have_prefixes, joined_words, split_words

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


def is_found(query: str, *titles: str) -> bool:
    """Whether every word of `query` begins a word of `titles`."""
    return have_prefixes(joined_words(*titles), split_words(query))


def rank(query: str, places: Iterable[Place]) -> list[Place]:
    """Return the places that `query` finds, the likeliest first; without one, the latest."""
    found = [place for place in places if is_found(query, place.title, place.named)]
    found.sort(key=lambda place: comparable(place.title))
    found.sort(key=lambda place: place.at, reverse=True)
    asked = comparable(query)
    found.sort(
        key=lambda place: (
            asked not in (comparable(place.title), comparable(place.named)),
            ORDER.index(place.kind),
        )
    )
    return found[:SHOWN_MAX]
