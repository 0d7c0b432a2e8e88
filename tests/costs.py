"""What the text of a stranger costs: every step that looks at one, and the worst inputs found.

Work is counted in calls of functions, which do not depend on the machine or on what else runs;
what a function of C does within one call shows in the processor's time.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from littlechat.core.limits import BODY_MAX
from littlechat.core.messages import Message
from littlechat.core.rooms import Membership
from littlechat.search.matching import excerpt, excerpt_source, matches
from littlechat.search.query import Query, parse
from littlechat.search.terms import terms
from littlechat.text import addressing, links, markdown

MOMENT = datetime(2026, 11, 27, 12, tzinfo=UTC)
MEMBERS = [
    Membership("room", f"id{number}", name, "member", MOMENT)
    for number, name in enumerate(["Ben", "字", *(f"user{number}" for number in range(100))])
]
NAMES = [one.user_name for one in MEMBERS]


def message(body: str) -> Message:
    return Message("room", 1, "ada", "Ada", body, MOMENT)


def asked(text: str) -> Query:
    """Return a query for as much as one may ask for, each part of which the text has many times."""
    return parse(f'"{text[:12]}" {text[12:40]} ' * 9, MOMENT)


def cut(text: str) -> None:
    query = asked(text)
    part, _, _ = excerpt_source(query, text)
    excerpt(query, part)


def name(text: str) -> None:
    markdown.addressable.cache_clear()
    addressing.list_other_names(text, MEMBERS)
    addressing.find_unreached(text, MEMBERS, ())
    markdown.mentioned(text, NAMES)


STEPS: dict[str, Callable[[str], Any]] = {
    "HTML": lambda text: markdown._formatted(text, {name.casefold(): name for name in NAMES}),
    "plain HTML": lambda text: markdown._PLAIN.fullmatch(text),
    "addresses": links.find,
    "plain text": markdown.plain,
    "first line": markdown.first_line,
    "names": name,
    "search terms": lambda text: terms(message(text)),
    "matching": lambda text: matches(asked(text), message(text)),
    "excerpt": cut,
}
"""Every step from the text of a message to what is served."""

CALLS_MAX = 250_000
"""Of one step for any text; 100,000 calls take about 15 ms."""

SECONDS_MAX = 1.0
"""Of processor time, wide enough for a machine on which everything else runs too: alone a step
takes at most 60 ms."""

UNITS = (
    *("a", "a ", "a\n", "a.b/", "http://a.b ", "(http://a)", "http://a(", "http://a,http://a", "@"),
    *("www.a.bc ", "a@b.cc ", "mailto:a@b.cc?", "@a ", "@字", "\uff20a", "@a.", "._-@", "*", "*a"),
    *("*a* ", "*_", "a**b", "[", "[a](http://b.cc)", "[[a](http://b.cc)", "[*", "[`", "<http://a>"),
    *("- a\n", "1. a\n", "> a\n", "> - ", "```a\n", "a ```b\n", "\\\n", "\\*", "`", "``a`b", "~"),
    *("字", "한 ", "e\u0301", "\u0301", "😀", "ﷺ", "\u200d", "İ"),
    *(")[_a@b.cc", "a@b.cc[}-;\n", "[-> \n~ﷺ", "[> > \n~", "[\uff20www.a.bcéé"),
    "字{,www.字1#https://字",
)
"""Finds: texts made of one of these again and again took up to a second."""


def filled(unit: str, length: int = BODY_MAX) -> str:
    """Return a text of this length, made of the unit."""
    return (unit * (length // len(unit) + 1))[:length]


def calls(step: Callable[[str], Any], text: str) -> int:
    """Return how many functions a step calls for a text."""
    count = 0

    def see(_: FrameType, event: str, __: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(see)
    try:
        step(text)
    finally:
        sys.setprofile(None)
    return count


def seconds(step: Callable[[str], Any], text: str) -> float:
    """Return the processor's time that a step takes for a text, at best of three times."""
    taken = []
    for _ in range(3):
        began = time.thread_time()
        step(text)
        taken.append(time.thread_time() - began)
        if taken[-1] < SECONDS_MAX:
            break
    return min(taken)
