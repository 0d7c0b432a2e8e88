"""Cuts a line between characters as people see them."""

import unicodedata

JOINED_MAX = 32
"""Code points that may belong to one character; more are somebody's ornament ("Zalgo")."""

_JOINER = "\u200d"


def cut_line(line: str, end: int) -> str:
    """Return at most the first `end` code points of a line, accents and joined emoji whole."""
    for _ in range(JOINED_MAX):
        if end < 1 or not (_joins(line[end]) or line[end - 1] == _JOINER):
            break
        end -= 1
    return line[: max(end, 0)].rstrip()


def _joins(char: str) -> bool:
    """Whether a character belongs to the one before it: an accent, a joiner, a skin tone."""
    return unicodedata.category(char)[0] == "M" or char == _JOINER or "🏻" <= char <= "🏿"
