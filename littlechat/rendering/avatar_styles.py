"""The avatar style sheet: everybody's picture and display name, cached by each process.

A message is rendered once, with its author's username, and not again when the author changes their
picture: the style sheet puts it on every element that carries the name. Text that a person typed
stands in the sheet only as hexadecimal escapes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from littlechat.text import have_prefixes, joined_words, split_words

AVATAR_STYLES = "faces_changed"
"""The signal by which processes tell each other that the sheet changed, and the kind of the frame
that each then sends its pages."""

FOUND_MAX = 50

PLACES = ("data-author", "data-user", "data-member", "data-person")
"""The attributes that hold a username beside an avatar."""


class Appearance(Protocol):
    """What somebody looks like to others; an empty text stands for none."""

    @property
    def name(self) -> str:
        """The username."""

    @property
    def display(self) -> str:
        """What they want to be called."""

    @property
    def avatar(self) -> str:
        """The digest of their picture."""


class ProfileReader(Protocol):
    """Where the sheet is read from: plugged in by `app.py`."""

    async def list_customized(self) -> Sequence[Appearance]:
        """Return those who have a picture or a display name."""


class AvatarStyles:
    """The style sheet as it is now. `version` changes with its content."""

    def __init__(self, profiles: ProfileReader) -> None:
        self._profiles = profiles
        self.sheet = ""
        self.version = "0"
        self.displays: Mapping[str, str] = {}
        """Display names by username."""
        self._words: dict[str, str] = {}
        self._begun = self._shown = 0

    async def load(self) -> bool:
        """Read the profiles again; return whether the sheet changed."""
        self._begun += 1
        number = self._begun
        people = await self._profiles.list_customized()
        if number < self._shown:
            return False  # This reading began before the one that is shown, and may be older.
        self._shown, before = number, self.version
        self.sheet = sheet(people)
        self.displays = {one.name: one.display for one in people if one.display}
        # Split here and not in `find`, which is called at every letter that somebody types.
        known = self._words
        self._words = {one: known.get(one) or joined_words(one) for one in self.displays.values()}
        self.version = hashlib.sha256(self.sheet.encode()).hexdigest()[:12]
        return before != self.version

    def find(self, query: str) -> list[str]:
        """Return the usernames of at most `FOUND_MAX` people whose display name `query` finds.

        Each word of `query` must begin a word of the name. Names that are equal to `query` come
        first. A query without a word finds nobody.
        """
        asked = split_words(query)
        if not asked:
            return []
        found = [
            name for name, one in self.displays.items() if have_prefixes(self._words[one], asked)
        ]
        exact = joined_words(query)
        found.sort(key=lambda name: self._words[self.displays[name]] != exact)
        return found[:FOUND_MAX]


def sheet(people: Iterable[Appearance]) -> str:
    """Return the style sheet for these people."""
    return "@layer parts{" + "".join(map(_rules, people)) + "}"


def _rules(person: Appearance) -> str:
    name = escaped(person.name)
    rules = ""
    if person.avatar and person.avatar.isalnum() and person.avatar.isascii():
        places = ",".join(f'[{place}="{name}"]' for place in PLACES)
        rules += (
            f':is({places})>.avatar,.avatar[data-presence="{name}"]{{background:url(/avatars/{person.avatar})center/cover;'
            "color:transparent}"
        )
    if person.display:
        rules += (
            f'.message[data-author="{name}"] .author::after,'
            f':is([data-user="{name}"],[data-member="{name}"])>.label::after,[data-named="{name}"]::after'
            f'{{content:"{escaped(person.display)}"}}'
        )
    return rules


def escaped(text: str) -> str:
    """Return text for a CSS string: letters and digits of ASCII, all else as escapes."""
    # Six digits end an escape by themselves (CSS Syntax, 4.3.7).
    return "".join(
        char if char.isascii() and char.isalnum() else f"\\{ord(char):06x}" for char in text
    )
