"""A message held against a query: whether it matches, and which part of it to show. Pure."""

import re
from collections.abc import Iterable

from littlechat.core import Message
from littlechat.search.query import Query
from littlechat.search.terms import LINK, texts_of
from littlechat.search.words import words

_GAP = re.compile(r"\s")


def matches(query: Query, message: Message) -> bool:
    """Whether a message as it is now has the words, phrases and kinds that a query asks for."""
    if message.removed:
        return False
    texts = [[word.text for word in words(text)] for text in texts_of(message)]
    found = {word for text in texts for word in text}
    begun = "\0" + "\0".join(found) if query.prefixes else ""
    joined = "\0\0".join(_joined(text) for text in texts) if query.phrases else ""
    return (
        found.issuperset(query.words)
        and all(f"\0{prefix}" in begun for prefix in query.prefixes)
        and all(_joined(phrase) in joined for phrase in query.phrases)
        and ("link" not in query.kinds or bool(LINK.search(message.body)))
        and ("file" not in query.kinds or bool(message.files))
    )


def _joined(found: Iterable[str]) -> str:
    """Return words in one string, which has a phrase's string in it if they have the phrase."""
    return "".join(f"\0{word}\0" for word in found)


CONTEXT = 90
"""How many characters are shown before the first hit of a long text."""

EXCERPT_MAX = 320


def excerpt(query: Query, text: str) -> list[tuple[str, bool]]:
    """Return the part of a text around its first hit as pieces, each with whether it is a hit."""
    hits = _hits(query, text)
    start = max(0, hits[0][0] - CONTEXT) if hits else 0
    if start:
        start = text.find(" ", start, hits[0][0]) + 1 or start
    end = min(len(text), start + EXCERPT_MAX)
    pieces = [("…", False)] if start else []
    for low, high in hits:
        if start <= low and high <= end:
            pieces += [(text[start:low], False), (text[low:high], True)]
            start = high
    pieces += [(text[start:end], False), ("…" if end < len(text) else "", False)]
    return [piece for piece in pieces if piece[0]]


SOURCE_MAX = 480
"""How many characters of a message's Markdown its excerpt is made from; some of them are markup."""

SOURCE_BEFORE = 120


def excerpt_source(query: Query, text: str) -> tuple[str, bool, bool]:
    """Return the part of a text for its excerpt, and whether it was cut before and behind."""
    hits = _hits(query, text) if len(text) > SOURCE_MAX else []
    low = hits[0][0] if hits else 0
    start = max(0, low - SOURCE_BEFORE)
    if start and (gap := _GAP.search(text, start, low)):
        start = gap.end()
    end = start + SOURCE_MAX
    return text[start:end], start > 0, end < len(text)


def _hits(query: Query, text: str) -> list[tuple[int, int]]:
    """Return the spans of a text that are looked for; spans that touch are joined."""
    wanted = frozenset(query.words)
    found: list[tuple[int, int]] = []
    for word in words(text):
        if word.text not in wanted:
            if not word.text.startswith(query.prefixes):
                continue
            begun = next(one for one in query.prefixes if word.text.startswith(one))
            if len(begun) == 1:
                word = word._replace(end=word.start + 1)
        if found and word.start <= found[-1][1]:
            found[-1] = (found[-1][0], max(word.end, found[-1][1]))
        else:
            found.append((word.start, word.end))
    return found
