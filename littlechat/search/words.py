"""The words of a text in any script. Pure.

This decides what counts as the same word: case, accents and width do not matter, and scripts that
are written without spaces are cut into pairs of letters. Indexing, queries and highlighting all use
it, and so agree.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

WORD_MAX = 40
"""How many letters of a word count: longer words are mostly hashes or addresses."""

_ASCII = re.compile(r"[a-z0-9]+")

_BARE = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW")
"""Scripts whose combining marks are accents or vowels that many people leave out. In other scripts
a mark makes another letter."""

# Chinese, Japanese, Thai, Lao, Burmese and Khmer have no spaces; Korean words have suffixes.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)


class Word(NamedTuple):
    """A word as it is compared, and from where to where it stands in the text."""

    text: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """Return the words of a text in order; of unspaced scripts overlapping pairs of letters."""
    if text.isascii():
        lowered = text.lower()
        return [
            Word(match[0][:WORD_MAX], match.start(), match.end())
            for match in _ASCII.finditer(lowered)
        ]
    return [word for run in _runs(text) for word in _cut(run)]


def _runs(text: str) -> Iterator[list[tuple[str, int]]]:
    """Yield the letters between spaces and punctuation, folded, with their places in the text."""
    run: list[tuple[str, int]] = []
    for place, char in enumerate(text):
        folded, joins = _folded(char)
        if not joins and run:
            yield run
            run = []
        if folded and joins:
            run += [(one, place) for one in folded]
        elif folded:
            yield [(folded, place)]
    if run:
        yield run


@lru_cache(maxsize=20_000)
def _folded(char: str) -> tuple[str, bool]:
    """Return a character as it is compared, and whether it joins its neighbours into a word.

    It is empty for a mark that does not count. An emoji is a word of its own.
    """
    kind = unicodedata.category(char)
    if kind == "Cf" or 0xFE00 <= ord(char) <= 0xFE0F or 0x1F3FB <= ord(char) <= 0x1F3FF:
        return "", True
    if kind == "So":
        return char, False
    if kind[0] == "M":
        # Judged by its name, since the letter before it is not known here: the marks that do not
        # count are named after no script or after one of these.
        name = unicodedata.name(char, "")
        return ("" if name.startswith(("COMBINING", *_BARE)) else char), True
    if kind[0] not in "LN":
        return "", False
    whole = unicodedata.normalize("NFKC", char).casefold()
    parts = unicodedata.normalize("NFKD", whole)
    if unicodedata.name(parts[0], "").startswith(_BARE):
        whole = "".join(one for one in parts if unicodedata.category(one)[0] in "LN")
    return "".join(one for one in whole if unicodedata.category(one)[0] in "LNM"), True


def _cut(run: list[tuple[str, int]]) -> Iterator[Word]:
    """Cut a run into words: of unspaced letters, each pair is one and the last letter alone."""
    if len(run) == 1:
        yield Word(run[0][0], run[0][1], run[0][1] + 1)
        return
    text = "".join(letter for letter, _ in run)
    done = 0
    for match in _UNSPACED.finditer(text):
        yield from _whole(run, text, done, match.start())
        for at in range(match.start(), match.end()):
            pair = run[at : min(at + 2, match.end())]
            yield Word(text[at : at + len(pair)], pair[0][1], pair[-1][1] + 1)
        done = match.end()
    yield from _whole(run, text, done, len(text))


def _whole(run: list[tuple[str, int]], text: str, start: int, end: int) -> Iterator[Word]:
    if start < end:
        yield Word(text[start : min(end, start + WORD_MAX)], run[start][1], run[end - 1][1] + 1)


def is_unspaced(word: str) -> bool:
    """Whether a word is of a script that is cut into pairs of letters."""
    return bool(_UNSPACED.match(word))


def ids_named(name: str, names: Mapping[str, str]) -> list[str]:
    """Return the ids, keys of `names`, that are `name` or whose name has the same words."""
    wanted = "".join(word.text for word in words(name))
    return [
        key
        for key, label in names.items()
        if key == name or "".join(word.text for word in words(label)) == wanted
    ]
