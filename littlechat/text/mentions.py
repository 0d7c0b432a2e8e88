"""Where a text says @name: finds names that are known, and takes nothing else for one."""

from collections.abc import Iterable, Mapping

from littlechat.core import NAME_MAX, fold, is_name_character

HERE = "here"
CALLS = ("all", HERE)
"""What calls everybody in a room, or those of them who are online."""

Known = Mapping[str, str]
"""The names to find, by their folded form."""

Piece = tuple[str, str]
"""A piece of text, and the name that it means, empty for none."""


def known(names: Iterable[str]) -> Known:
    """Return names as `split` wants them."""
    return {fold(name): name for name in names}


def split(text: str, names: Known) -> list[Piece]:
    """Return `text` in pieces, those of which say @name apart; joined they are `text` again.

    An @ after a letter is part of an address, not the beginning of a name.
    """
    pieces: list[Piece] = []
    done = at = 0
    while (at := text.find("@", at)) >= 0:
        end = _end(text, at + 1, names) if _may_begin(text, at) else 0
        if end:
            pieces += [(text[done:at], ""), (text[at:end], names[fold(text[at + 1 : end])])]
            done = at = end
        else:
            at += 1
    return [piece for piece in (*pieces, (text[done:], "")) if piece[0]]


def _may_begin(text: str, at: int) -> bool:
    before = text[at - 1 : at]
    return not before or not (is_name_character(before) or before in "@/")


def _end(text: str, start: int, names: Known) -> int:
    """Return where the longest known name from `start` on ends, 0 if there is none."""
    end = start
    # Twice the length, since a name may be written in decomposed letters.
    while end < min(len(text), start + 2 * NAME_MAX) and is_name_character(text[end]):
        end += 1
    # What ends a sentence belongs to names as well: @Ben. is Ben, unless somebody is "Ben.".
    cut = end
    while cut > start:
        if fold(text[start:cut]) in names:
            return cut
        cut = max(text.rfind(mark, start, cut) for mark in "._-")
    return 0
