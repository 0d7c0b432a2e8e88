"""Which names look alike, and which are reserved.

Two names look alike if they have a skeleton of Unicode's confusables in common (UTS 39, 4), with
the characters left out that are not seen. Skeletons are stored in unique indexes: a table that
gives others needs the stored ones to be made anew, so the library is pinned exactly.
"""

import unicodedata
from collections.abc import Iterator
from itertools import groupby

from confusable_homoglyphs.utils import load  # type: ignore[import-untyped]

from littlechat.core import INVISIBLE, RESERVED_NAMES, fold


def _prototypes() -> dict[int, str]:
    """Return the character that stands for all that look like it, for each of the others.

    The library's file tells of each line of Unicode's table in both directions: a prototype is
    what several others point to. Of two that point to each other alone, either may be it.
    """
    alike: dict[str, list[str]] = {
        text: [one["c"] for one in others] for text, others in load("confusables.json").items()
    }
    found = dict[int, str]()
    for char, others in alike.items():
        if len(char) > 1 or len(others) > 1:
            continue
        other = others[0]
        mutual = len(other) == 1 and len(alike[other]) == 1
        if not mutual or other < char:
            found[ord(char)] = other
    return {char: other.translate(found) for char, other in found.items()}


_PROTOTYPES = _prototypes()


def list_looks(name: str) -> list[str]:
    """Return the skeletons of a name: as it is written, and without capital letters.

    Both count: a capital I looks like a small l, and people write names in small letters.
    """
    written = _skeleton(unicodedata.normalize("NFKC", name))
    return sorted({written, _skeleton(fold(name))} - {""})


def look_alike(one: str, other: str) -> bool:
    """Whether two names look alike."""
    return not set(list_looks(one)).isdisjoint(list_looks(other))


def _skeleton(text: str) -> str:
    seen = filter(_is_seen, unicodedata.normalize("NFD", text))
    replaced = unicodedata.normalize("NFD", "".join(seen).translate(_PROTOTYPES))
    return " ".join("".join(_without_repeated_marks(replaced)).split())


def _is_seen(char: str) -> bool:
    return char not in INVISIBLE and unicodedata.category(char) != "Cf"


def _without_repeated_marks(text: str) -> Iterator[str]:
    # A mark drawn twice in one place looks like one (UTS 39, 5.4).
    for char, run in groupby(text):
        yield char if unicodedata.category(char) == "Mn" else "".join(run)


_RESERVED = (
    "abuse admin administrator administrators admins helpdesk hostmaster littlechat lobbybot "
    "moderator moderators noreply official operator owner postmaster root security staff "
    "superuser support sysadmin system webmaster"
).split()


def _spoken_forms(name: str) -> set[str]:
    """Return the forms in which a name is compared with the reserved ones.

    There are more of them than for two people's names: also capital letters, and nothing between
    the letters, since nobody loses a name of their own by it.
    """
    bare = "".join(char for char in name if char not in "._- ")
    cased = (bare, fold(bare), bare.upper(), _skeleton(fold(bare)).upper())
    looks = {look for one in cased for look in list_looks(one)}
    return looks | set(map(fold, looks))


_RESERVED_FORMS = frozenset(
    form for name in (*_RESERVED, *RESERVED_NAMES) for form in _spoken_forms(name)
)


def is_reserved(name: str) -> bool:
    """Whether a name would speak for the installation, or looks as if it did."""
    return not _spoken_forms(name).isdisjoint(_RESERVED_FORMS)
