"""The words of a text in any script, and what a person asks a search for; pure.

It decides what counts as the same word: case, accents and width do not matter, scripts without
spaces are cut into pairs of letters. Index, query and highlighting all go by it and so agree.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from littlechat.core import Message

WORD_MAX = 40
"""Letters of a word that count; what follows is mostly a hash or an address."""

QUERY_MAX = 200
WORDS_MAX = 12
PREFIX_MIN = 2
"""Letters from which on the last word typed stands for all that begin with it."""

LINK = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_ASCII = re.compile(r"[a-z0-9]+")
_GAP = re.compile(r"\s")
_OPERATOR = re.compile(r'(?:(from|in|before|after|on|has):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)

_BARE = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW")
"""Scripts whose marks are accents or vowels that many leave out; elsewhere they make the letter."""

# Chinese, Japanese, Korean, Thai, Lao, Burmese and Khmer: no spaces, or endings that cling.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)


class Word(NamedTuple):
    """A word of a text, and where in the text it stands."""

    text: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """Return the words of a text, in their order. Pairs of letters overlap."""
    if text.isascii():
        lowered = text.lower()
        return [
            Word(match[0][:WORD_MAX], match.start(), match.end())
            for match in _ASCII.finditer(lowered)
        ]
    return [word for run in _runs(text) for word in _cut(run)]


def _runs(text: str) -> Iterator[list[tuple[str, int]]]:
    """Yield what stands between spaces and signs: folded letters with their places."""
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
    """Return what a character is for a search, and whether it joins its neighbours to a word.

    Nothing for a mark that does not count; a picture is a word of its own.
    """
    kind = unicodedata.category(char)
    if kind == "Cf" or 0xFE00 <= ord(char) <= 0xFE0F or 0x1F3FB <= ord(char) <= 0x1F3FF:
        return "", True
    if kind == "So":
        return char, False
    if kind[0] == "M":
        # Its base is not known here; marks of these scripts are named after none or after theirs.
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
    """Cut a run into words; of unspaced letters each pair is one, and the last letter."""
    if len(run) == 1 and len(run[0][0]) > 1:
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
    """Whether a word is of a script that is cut into pairs."""
    return bool(_UNSPACED.match(word))


# What stands in an index beside words; no word begins like these.


def by(user_id: str) -> str:
    """Return the term of everything that a person wrote."""
    return f"\1by:{user_id}"


def within(room_id: str) -> str:
    """Return the term of everything in a room."""
    return f"\1in:{room_id}"


def having(kind: str) -> str:
    """Return the term of everything with a `link` or a `file`."""
    return f"\1has:{kind}"


KINDS = ("link", "file")


def terms(message: Message) -> frozenset[str]:
    """Return all the terms by which a message is found; none for a removed one."""
    if message.removed:
        return frozenset()
    found = {word.text for text in _texts(message) for word in words(text)}
    found |= {by(message.author_id), within(message.room_id)}
    if message.files:
        found.add(having("file"))
    if "://" in message.body and LINK.search(message.body):
        found.add(having("link"))
    return frozenset(found)


def _texts(message: Message) -> Iterator[str]:
    yield message.body
    for file in message.files:
        yield file.name


# Queries


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for: all of it must hold. `hints` say what could not be understood."""

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
    """Return the query that a person typed; nothing typed is an error."""
    text = text[:QUERY_MAX]
    asked = _Asked(now)
    for match in _OPERATOR.finditer(text):
        operator, quoted, plain = match[1], match[2], match[3]
        value = quoted if quoted is not None else plain
        if operator:
            asked.restrict(operator.lower(), value)
        elif not (plain and plain.lower().rstrip(":") in _NAMES and plain.endswith(":")):
            asked.add(value, quoted is not None, match.end() == len(text))
    return asked.query()


_NAMES = ("from", "in", "before", "after", "on", "has")


class _Asked:
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
        # The letter at the end of an unspaced run is the first of any pair.
        if len(found) > 1 and len(found[-1]) == 1 and all(map(is_unspaced, found[-2:])):
            found.pop()
        if quoted:
            self.phrases += [tuple(found)] if len(found) > 1 else []
        elif found and is_unspaced(found[-1]):
            # Neighbours, or the pairs of one word would be found apart.
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
            self.values[operator].append(value.lstrip("@#"))

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
            phrases=tuple(self.phrases),
            people=tuple(dict.fromkeys(self.values["from"])),
            rooms=tuple(dict.fromkeys(self.values["in"])),
            kinds=tuple(dict.fromkeys(self.values["has"])),
            after=self.after,
            before=self.before,
            hints=tuple(self.hints),
        )


def _span(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Return the beginning and the end of the day, month or year that `text` names, in UTC."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    spoken = {"today": today, "yesterday": today - timedelta(days=1)}.get(text.lower())
    if spoken:
        return spoken, spoken + timedelta(days=1)
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


# A message against a query


def matches(query: Query, message: Message) -> bool:
    """Whether a message's own text has what a query asks of texts."""
    if message.removed:
        return False
    texts = [[word.text for word in words(text)] for text in _texts(message)]
    found = {word for text in texts for word in text}
    return (
        found.issuperset(query.words)
        and all(any(word.startswith(prefix) for word in found) for prefix in query.prefixes)
        and all(any(_has_phrase(text, phrase) for text in texts) for phrase in query.phrases)
        and ("link" not in query.kinds or bool(LINK.search(message.body)))
        and ("file" not in query.kinds or bool(message.files))
    )


def _has_phrase(text: list[str], phrase: tuple[str, ...]) -> bool:
    size = len(phrase)
    return any(tuple(text[at : at + size]) == phrase for at in range(len(text) - size + 1))


CONTEXT = 90
"""Characters shown before the first hit in a long text."""

EXCERPT_MAX = 320


def excerpt(query: Query, text: str) -> list[tuple[str, bool]]:
    """Return the part of a text around its first hit, in pieces, and which of them are hits."""
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
"""Characters of a message's source that are looked at for its excerpt: some of them are markup."""

SOURCE_BEFORE = 120


def source(query: Query, text: str) -> tuple[str, bool, bool]:
    """Return the part of a text its excerpt is made of, and whether it is cut before and behind."""
    hits = _hits(query, text) if len(text) > SOURCE_MAX else []
    low = hits[0][0] if hits else 0
    start = max(0, low - SOURCE_BEFORE)
    if start and (gap := _GAP.search(text, start, low)):
        start = gap.end()
    end = start + SOURCE_MAX
    return text[start:end], start > 0, end < len(text)


def _hits(query: Query, text: str) -> list[tuple[int, int]]:
    """Return where a text has what is looked for; what touches is one."""
    wanted = frozenset(query.words)
    found: list[tuple[int, int]] = []
    for word in words(text):
        begun = next((one for one in query.prefixes if word.text.startswith(one)), "")
        if not begun and word.text not in wanted:
            continue
        if len(begun) == 1 and word.text not in wanted:
            word = word._replace(end=word.start + 1)
        if found and word.start <= found[-1][1]:
            found[-1] = (found[-1][0], max(word.end, found[-1][1]))
        else:
            found.append((word.start, word.end))
    return found


def known_as(name: str, spoken: Mapping[str, str]) -> Iterable[str]:
    """Return the ids of those whose id or name, as `spoken` tells, is `name`, however written."""
    wanted = "".join(word.text for word in words(name))
    return [
        key
        for key, label in spoken.items()
        if key == name or "".join(word.text for word in words(label)) == wanted
    ]
