"""Pictures and display names of all people as one style sheet, which each process keeps.

Messages are rendered once, with usernames, and never again because somebody has a new picture: the
sheet puts it on every element that carries the name. Nothing a person typed stands in it but as
hexadecimal escapes.
"""

import hashlib
from collections.abc import Iterable, Mapping

from littlechat.accounts import Profile, Profiles
from littlechat.rooms import begin, spaced, words

AVATAR_STYLES = "faces_changed"
"""The signal between processes, and the kind of the frame that follows it."""

CALLED_MAX = 50

PLACES = ("data-author", "data-user", "data-member", "data-person")
"""The attributes that hold a username beside an avatar."""


class AvatarStyles:
    """The sheet as it is now. `version` changes with its content."""

    def __init__(self, people: Profiles) -> None:
        self._people = people
        self.sheet = ""
        self.version = "0"
        self.displays: Mapping[str, str] = {}
        """Display names by username."""
        self._words: dict[str, str] = {}
        self._begun = self._shown = 0

    async def load(self) -> bool:
        """Read it anew; return whether it changed."""
        self._begun += 1
        number = self._begun
        people = await self._people.list_faces()
        if number < self._shown:
            return False  # Begun before what is shown, so it may not know the latest.
        self._shown, before = number, self.version
        self.sheet = sheet(people)
        self.displays = {one.name: one.display for one in people if one.display}
        # Cut into words here, not at every letter that somebody types to find a person.
        known = self._words
        self._words = {one: known.get(one) or spaced(one) for one in self.displays.values()}
        self.version = hashlib.sha256(self.sheet.encode()).hexdigest()[:12]
        return before != self.version

    def list_called(self, query: str) -> list[str]:
        """Return the usernames of those whose display name `query` finds, some of very many.

        Those who are called exactly so come first. A query without a word finds nobody.
        """
        asked = words(query)
        if not asked:
            return []
        found = [name for name, one in self.displays.items() if begin(asked, self._words[one])]
        exact = spaced(query)
        found.sort(key=lambda name: self._words[self.displays[name]] != exact)
        return found[:CALLED_MAX]


def sheet(people: Iterable[Profile]) -> str:
    """Return the rules for these people."""
    return "@layer parts{" + "".join(map(_rules, people)) + "}"


def _rules(person: Profile) -> str:
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
