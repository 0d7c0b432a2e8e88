"""What a message's text means: Markdown to safe HTML, mentions, whom it addresses, emoji, words.

Functions without state or I/O. Whatever is typed can be read, and no tag, attribute or address
leaves that is not listed here.
"""

from littlechat.text import addressing, markdown
from littlechat.text.addressing import may_mention_all
from littlechat.text.emoji import list_groups, validate_emoji
from littlechat.text.lookalikes import is_reserved, list_looks, look_alike
from littlechat.text.markdown import first_line, plain
from littlechat.text.mentions import HERE, has_sign
from littlechat.text.quotes import quote_of
from littlechat.text.words import (
    accent_pattern,
    comparable,
    have_prefixes,
    joined_words,
    list_similar,
    split_words,
)

__all__ = [
    "HERE",
    "accent_pattern",
    "addressing",
    "comparable",
    "first_line",
    "has_sign",
    "have_prefixes",
    "is_reserved",
    "joined_words",
    "list_groups",
    "list_looks",
    "list_similar",
    "look_alike",
    "markdown",
    "may_mention_all",
    "plain",
    "quote_of",
    "split_words",
    "validate_emoji",
]
