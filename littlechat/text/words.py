"""The words of names and titles, as people look for them: without case, accents or marks.

What finds a message in the search is decided in `search`; this is for names that are typed.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from functools import cache
from itertools import chain

from littlechat.core import fold

_PLAIN_LETTERS = str.maketrans(
    {"\u0131": "i", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ð": "d", "þ": "th"}
    | {"æ": "ae", "œ": "oe"}
)
"""Letters that Unicode does not take apart, by what is typed for them on other keyboards."""


def comparable(text: str) -> str:
    """Return `text` folded and without accents, as it is compared."""
    marked = unicodedata.normalize("NFD", fold(text).translate(_PLAIN_LETTERS))
    bare = "".join(char for char in marked if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFC", bare)


@cache
def _variants() -> Mapping[str, str]:
    """Return the letters with accents for each letter without, of the scripts that have them."""
    ranges = (range(0xC0, 0x530), range(0x1E00, 0x2000))
    found: dict[str, str] = {}
    for char in map(chr, chain(*ranges)):
        plain = comparable(char)
        if len(plain) == 1 and plain != char == fold(char):
            found[plain] = found.get(plain, "") + char
    return found


def accent_pattern(text: str) -> str:
    """Return a regular expression that finds `text` in a folded name, with accents or without."""
    letters = ((char, _variants().get(char)) for char in comparable(text))
    return "".join(f"[{char}{more}]" if more else re.escape(char) for char, more in letters)


def split_words(text: str) -> list[str]:
    """Return the words of `text`, as they are compared."""
    return re.findall(r"[^\W_]+", comparable(text))


def joined_words(*texts: str) -> str:
    """Return the words of `texts` in one string, with a space before each."""
    return "".join(f" {word}" for text in texts for word in split_words(text))


def have_prefixes(joined: str, prefixes: Iterable[str]) -> bool:
    """Whether each of the prefixes begins one of the words that `joined_words` returned."""
    return all(f" {prefix}" in joined for prefix in prefixes)


TYPO_RATIO = 0.65
"""How alike two names must be, as difflib counts it, for one to be a slip of the other."""


def list_similar(typed: str, people: Mapping[str, str]) -> list[str]:
    """Return the usernames that may be meant by `typed`, the likeliest first.

    `people` are display names, or nothing, by username. A name is meant by its beginning, by the
    beginnings of words in it or in the display name, or by a slip of the keyboard.
    """
    asked, prefixes = comparable(typed), split_words(typed)
    ranked = [(_rank(asked, prefixes, *one), comparable(one[0]), one[0]) for one in people.items()]
    return [name for rank, _, name in sorted(ranked) if rank < NOT_SIMILAR]


NOT_SIMILAR = 3


def _rank(asked: str, prefixes: list[str], name: str, display: str) -> int:
    key = comparable(name)
    if key.startswith(asked):
        return 0
    if prefixes and have_prefixes(joined_words(name, display), prefixes):
        return 1
    near = key[:1] == asked[:1] and abs(len(key) - len(asked)) <= 2
    return 2 if near and SequenceMatcher(None, key, asked).ratio() >= TYPO_RATIO else NOT_SIMILAR
