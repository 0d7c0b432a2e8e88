"""The terms by which the index finds a message: its words, author, room, links and files. Pure."""

import re
from collections.abc import Iterator

from littlechat.core import Message
from littlechat.search.words import words

LINK = re.compile(r"https?://[^\s/]|\bwww\.[\w-]+\.\w", re.IGNORECASE)

WORDS_MAX = 4_000
"""Different words by which one message is found: more than any text of 8,000 characters has in
words, and as many as one in Chinese has in pairs."""

# Terms that are not words begin with a control character, which no word contains.


def author_term(user_id: str) -> str:
    """Return the term that every message of a person has."""
    return f"\1by:{user_id}"


def room_term(room_id: str) -> str:
    """Return the term that every message of a room has."""
    return f"\1in:{room_id}"


def kind_term(kind: str) -> str:
    """Return the term that every message with a `link` or a `file` has."""
    return f"\1has:{kind}"


KINDS = ("link", "file")
"""What the operator `has:` can ask for."""


def terms(message: Message) -> frozenset[str]:
    """Return all terms by which a message is found; none for a removed one."""
    if message.removed:
        return frozenset()
    found: set[str] = set()
    for text in texts_of(message):
        for word in words(text):
            if len(found) >= WORDS_MAX:
                break
            found.add(word.text)
    found |= {author_term(message.author_id), room_term(message.room_id)}
    if message.files:
        found.add(kind_term("file"))
    if LINK.search(message.body):
        found.add(kind_term("link"))
    return frozenset(found)


def texts_of(message: Message) -> Iterator[str]:
    """Yield the texts of a message in which words are looked for: its body and its files' names."""
    yield message.body
    for file in message.files:
        yield file.name
