"""What a reply shows of the message it answers: its author and its first line."""

from functools import lru_cache

from littlechat.core import Message, Quote
from littlechat.text.markdown import first_line

REMOVED = "removed message"
"""What a quote of a removed message says."""


def quote_of(root: Message) -> Quote:
    """Return what a reply shows of the message it answers."""
    if root.removed:
        return Quote(root.author_name, REMOVED, root.version)
    named = root.files[0].name if root.files else ""
    return Quote(root.author_name, _first_line(root.body) or named, root.version)


@lru_cache(maxsize=2_000)
def _first_line(body: str) -> str:
    return first_line(body)
