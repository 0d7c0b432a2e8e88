"""The words of names and titles, as people look for them: without case, accents or marks.

What finds a message in the search is decided in `search`; this is for names that are typed.
"""

import re
import unicodedata
from collections.abc import Iterable

from littlechat.core import fold


def comparable(text: str) -> str:
    """Return `text` folded and without accents, as it is compared."""
    marked = unicodedata.normalize("NFD", fold(text))
    bare = "".join(char for char in marked if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFC", bare)


def split_words(text: str) -> list[str]:
    """Return the words of `text`, as they are compared."""
    return re.findall(r"[^\W_]+", comparable(text))


def joined_words(*texts: str) -> str:
    """Return the words of `texts` in one string, with a space before each."""
    return "".join(f" {word}" for text in texts for word in split_words(text))


def have_prefixes(joined: str, prefixes: Iterable[str]) -> bool:
    """Whether each of the prefixes begins one of the words that `joined_words` returned."""
    return all(f" {prefix}" in joined for prefix in prefixes)
