"""Where a text says @name: finds the longest names that exist, and takes nothing else for one."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from littlechat.core import NAME_MAX, fold, is_name_character
from littlechat.text.scripts import is_unspaced

HERE = "here"
GROUP_NAMES = ("all", HERE)
"""Names for everybody in a room, and for those of them who are online."""

SIGNS = "@\uff20\ufe6b"
"""The sign before a name, also in full width and small."""

SIGNS_MAX = 500
"""Signs in one piece of text that are looked behind: more than anybody names people."""

_MARKS = "._-"
"""Marks that names may contain, and that also end words and sentences."""

Known = Mapping[str, str]
"""The names to find, by their folded form."""

Piece = tuple[str, str]
"""A piece of text, and the name that it means, empty for none."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A place where a text may name somebody: a sign, and what of the text may be the name."""

    text: str
    sign: int
    ends: tuple[int, ...]
    """Where the name may end, the furthest first."""

    @property
    def typed(self) -> str:
        """What was probably meant as a name, by whoever typed it."""
        return self.text[self.sign + 1 : self.ends[0]].rstrip(_MARKS)

    def names(self) -> Iterator[str]:
        """Yield what may be the name, the longest first."""
        return (self.text[self.sign + 1 : end] for end in self.ends)

    def end_of(self, names: Known) -> int:
        """Return where the longest known name ends, 0 if there is none."""
        return next((end for end in self.ends if self._is_named(end, names)), 0)

    def _is_named(self, end: int, names: Known) -> bool:
        name = names.get(fold(self.text[self.sign + 1 : end]))
        # "@all-hands" does not mean everybody.
        goes_on = (
            self.text[end : end + 1] in tuple(_MARKS) and self.text[end + 1 : end + 2].isalnum()
        )
        return name is not None and not (name in GROUP_NAMES and goes_on)


def known(names: Iterable[str]) -> Known:
    """Return names as `split` wants them."""
    return {fold(name): name for name in names}


def has_sign(text: str) -> bool:
    """Whether a text has a sign that a name may follow."""
    return any(sign in text for sign in SIGNS)


def attempts(text: str) -> Iterator[Attempt]:
    """Yield the places where `text` may name somebody."""
    last = -1
    signs = (at for at, char in enumerate(text) if char in SIGNS)
    for at in islice(signs, SIGNS_MAX):
        begins = _may_begin(text, at) or _goes_on(text, last, at)
        if begins and (ends := _ends(text, at + 1)):
            last = at
            yield Attempt(text, at, ends)


def split(text: str, names: Known) -> list[Piece]:
    """Return `text` in pieces, those of which say @name apart; joined they are `text` again."""
    pieces: list[Piece] = []
    done = 0
    for attempt in attempts(text):
        if end := attempt.end_of(names):
            at = attempt.sign
            pieces += [(text[done:at], ""), (text[at:end], names[fold(text[at + 1 : end])])]
            done = end
    return [piece for piece in (*pieces, (text[done:], "")) if piece[0]]


def _may_begin(text: str, at: int) -> bool:
    """Whether a sign begins a name, and is not part of an address as in ben@example.com."""
    before = text[at - 1 : at]
    if not before or before == ".":
        return True
    if before in SIGNS or before == "/":
        return False
    if text[at] != "@":
        return True  # A full-width sign stands in no address.
    if before in _MARKS:
        rest = text[max(at - NAME_MAX, 0) : at].rstrip(_MARKS)
        return not rest[-1:].isalnum() or is_unspaced(rest[-1:])
    return not is_name_character(before) or is_unspaced(before)


def _goes_on(text: str, last: int, at: int) -> bool:
    """Whether a sign begins one more name behind that of the sign at `last`, as in @ann/@ben."""
    name = text[last + 1 : at - 1]
    return (
        last >= 0
        and text[at - 1] == "/"
        and 0 < len(name) <= 2 * NAME_MAX
        and all(map(is_name_character, name))
    )


def _ends(text: str, start: int) -> tuple[int, ...]:
    """Return where a name from `start` on may end, the furthest first."""
    end = start
    # Twice the length, since a name may be written in decomposed letters.
    while end < min(len(text), start + 2 * NAME_MAX) and is_name_character(text[end]):
        end += 1
    if end == start:
        return ()
    return (end, *(at for at in range(end - 1, start, -1) if _may_end(text, at)))


def _may_end(text: str, at: int) -> bool:
    """Whether a name may end before the character at `at`, which could be in a name as well."""
    # What ends a sentence belongs to names as well: @Ben. is Ben, unless somebody is "Ben.".
    if text[at] in _MARKS:
        return True
    if unicodedata.category(text[at])[0] == "M":
        return False
    return is_unspaced(text[at]) or is_unspaced(text[at - 1])
