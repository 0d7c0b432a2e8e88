"""What a person asks the search for, parsed from what they typed. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from littlechat.search.terms import KINDS
from littlechat.search.words import is_unspaced, words

QUERY_MAX = 200
WORDS_MAX = 12
PREFIX_MIN = 2
"""Letters from which on the last word typed stands for all words that begin with it."""

_OPERATORS = ("from", "in", "before", "after", "on", "has")
_PART = re.compile(r'(?:(from|in|before|after|on|has):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; a result must satisfy all of it.

    `people`, `rooms` and `kinds` are the values of `from:`, `in:` and `has:`. `hints` are sentences
    about what could not be understood.
    """

    words: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    people: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    after: datetime | None = None
    before: datetime | None = None
    hints: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        nothing = (self.words, self.prefixes, self.people, self.rooms, self.kinds)
        return not any(nothing) and self.after is None and self.before is None


def parse(text: str, now: datetime) -> Query:
    """Return the query that a person typed. Whatever cannot be understood becomes a hint."""
    text = text[:QUERY_MAX]
    parser = _Parser(now)
    for match in _PART.finditer(text):
        operator, quoted, plain = match[1], match[2], match[3]
        value = quoted if quoted is not None else plain
        if operator:
            parser.restrict(operator.lower(), value)
        elif not _is_bare_operator(plain):
            parser.add(value, quoted is not None, match.end() == len(text))
    return parser.query()


def _is_bare_operator(text: str | None) -> bool:
    """Whether a text is an operator whose value is not typed yet."""
    return text is not None and text.endswith(":") and text.lower().rstrip(":") in _OPERATORS


class _Parser:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.words: list[str] = []
        self.prefixes: list[str] = []
        self.phrases: list[tuple[str, ...]] = []
        self.values: dict[str, list[str]] = {"from": [], "in": [], "has": []}
        self.after: datetime | None = None
        self.before: datetime | None = None
        self.hints: list[str] = []

    def add(self, text: str, quoted: bool, last: bool) -> None:
        found = [word.text for word in words(text)]
        # The last letter of an unspaced run is a word of its own only in what is indexed: there it
        # begins whatever pair is typed.
        if len(found) > 1 and len(found[-1]) == 1 and all(map(is_unspaced, found[-2:])):
            found.pop()
        if quoted:
            self.phrases += [tuple(found)] if len(found) > 1 else []
        elif found and is_unspaced(found[-1]):
            # A phrase, since the pairs of one word must stand beside each other.
            self.phrases += [tuple(found)] if len(found) > 1 else []
        lone = bool(found) and is_unspaced(found[-1]) and len(found[-1]) == 1
        if lone or (last and not quoted and found and len(found[-1]) >= PREFIX_MIN):
            self.prefixes.append(found.pop())
        self.words += found

    def restrict(self, operator: str, value: str) -> None:
        if not value:
            return
        if operator in ("before", "after", "on"):
            self._limit(operator, value)
        elif operator == "has" and value.lower().rstrip("s") not in KINDS:
            self.hints.append(f"“has:{value}” is not known: there are has:link and has:file.")
        else:
            value = value.lower().rstrip("s") if operator == "has" else value
            self.values[operator].append(value.lstrip("@\uff20\ufe6b#"))

    def _limit(self, operator: str, value: str) -> None:
        span = _span(value, self.now)
        if span is None:
            self.hints.append(
                f"“{operator}:{value}” has no date: write it like {self.now:%Y-%m-%d}, "
                f"{self.now:%Y-%m}, today or yesterday."
            )
            return
        start, end = span
        if operator in ("before", "on"):
            limit = end if operator == "on" else start
            self.before = min(self.before or limit, limit)
        if operator in ("after", "on"):
            limit = start if operator == "on" else end
            self.after = max(self.after or limit, limit)

    def query(self) -> Query:
        kept = tuple(dict.fromkeys(self.words))
        if len(kept) > WORDS_MAX:
            self.hints.append(f"Only the first {WORDS_MAX} words are looked for.")
        return Query(
            words=kept[:WORDS_MAX],
            prefixes=tuple(dict.fromkeys(self.prefixes))[:WORDS_MAX],
            phrases=tuple(dict.fromkeys(self.phrases))[:WORDS_MAX],
            people=tuple(dict.fromkeys(self.values["from"])),
            rooms=tuple(dict.fromkeys(self.values["in"])),
            kinds=tuple(dict.fromkeys(self.values["has"])),
            after=self.after,
            before=self.before,
            hints=tuple(self.hints),
        )


def _span(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Return start and end, in UTC, of the day, month or year that `text` names, or None."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    by_name = {"today": today, "yesterday": today - timedelta(days=1)}.get(text.lower())
    if by_name:
        return by_name, by_name + timedelta(days=1)
    match = re.fullmatch(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", text, re.ASCII)
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        start = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
        return start, _after(start, month, day)
    except (ValueError, OverflowError):
        return None


def _after(start: datetime, month: int | None, day: int | None) -> datetime:
    if day:
        return start + timedelta(days=1)
    if month:
        return (start + timedelta(days=32)).replace(day=1)
    return start.replace(year=start.year + 1)
