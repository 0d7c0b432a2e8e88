"""Finds addresses in text: where each begins and ends, and what it leads to.

Addresses name their scheme (http, https, mailto), begin with www, or are e-mail addresses.
README.md and main.py are names of files, so a bare host is never an address. docs/text.md states
the rules with examples.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from littlechat.text.scripts import UNSPACED, is_unspaced

LOCAL_PART_MAX = 64
EMAIL_HOST_MAX = 253
LOOK_AHEAD_MAX = 200
STEPS_FACTOR = 8
"""How often each character of a text may be looked at before the search for addresses ends."""

_START = re.compile(r"(?P<web>https?://)|(?P<www>www\.)|(?P<mailto>mailto:)|@", re.IGNORECASE)
_LETTER = rf"[^\W_{UNSPACED}]"
_LABEL = rf"{_LETTER}(?:(?:{_LETTER}|-)*{_LETTER})?"
_EMAIL_HOST = re.compile(rf"(?:{_LABEL}\.)+[^\W\d_{UNSPACED}]{{2,}}")
_LOCAL_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+'-")
_LOCAL_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._%+'-]*[A-Za-z0-9_%+-])?")
_WWW_HOST = re.compile(r"[^\W_][\w-]*(?:\.[\w-]+)*\.[^\W\d_]{2,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """An address in a text, and what it leads to."""

    start: int
    end: int
    href: str


def find(text: str) -> list[Address]:
    """Return the addresses in `text`, in their order; they do not overlap."""
    return list(_Finder(text).find())


class _Finder:
    """Looks through one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.done = 0
        # An address may be walked to its end and then prove to end before a bracket. A text of
        # nothing but such addresses must not take time by the square of its length.
        self.steps_left = STEPS_FACTOR * len(text) + 1

    def find(self) -> Iterator[Address]:
        """Yield the addresses, in their order."""
        at = 0
        while self.steps_left > 0 and (match := _START.search(self.text, at)):
            at = match.end()
            if address := self._find_at(match):
                yield address
                at = self.done = address.end

    def _find_at(self, match: re.Match[str]) -> Address | None:
        start, after = match.span()
        if match["web"]:
            # "xhttps" is another scheme.
            return None if self._follows(start, "+.-") else self._web(start, after)
        if match["www"]:
            return None if self._follows(start, ".@/-:") else self._www(start, after)
        if match["mailto"]:
            return None if self._follows(start, "+.-") else self._mailto(start, after)
        return self._email(start)

    def _follows(self, start: int, signs: str) -> bool:
        """Whether what would begin at `start` is the end of something else in ASCII."""
        before = self.text[start - 1] if start > self.done else " "
        return before in signs or (before.isascii() and before.isalnum())

    def _web(self, start: int, host: int, prefix: str = "") -> Address | None:
        end = self._walk(start, host)
        return Address(start, end, prefix + self.text[start:end]) if end > host else None

    def _walk(self, start: int, host: int) -> int:
        walk = _Walk(self.text, start, host)
        end = walk.end()
        self.steps_left -= walk.steps
        return end

    def _www(self, start: int, host: int) -> Address | None:
        address = self._web(start, host, "https://")
        if address is None:
            return None
        authority = re.split(r"[/?#:]", self.text[host : address.end], maxsplit=1)[0]
        return address if _WWW_HOST.fullmatch(authority) else None

    def _mailto(self, start: int, at: int) -> Address | None:
        local = _LOCAL_PART.match(self.text, at, at + LOCAL_PART_MAX)
        if local is None or self.text[local.end() : local.end() + 1] != "@":
            return None
        end = self._email_end(local.end() + 1)
        if end and self.text[end : end + 1] == "?":
            end = self._walk(start, end - 1)
        return Address(start, end, self.text[start:end]) if end else None

    def _email(self, sign: int) -> Address | None:
        start = sign
        least = max(self.done, sign - LOCAL_PART_MAX)
        while start > least and self.text[start - 1] in _LOCAL_CHARS:
            start -= 1
        # Signs may stand around an address, too, as in "_ben@example.com_".
        while start < sign and not self.text[start].isalnum():
            start += 1
        before = self.text[start - 1] if start > self.done else " "
        if before in "/@\\" or (before.isalnum() and not is_unspaced(before)):
            return None
        if not _LOCAL_PART.fullmatch(self.text, start, sign):
            return None
        end = self._email_end(sign + 1)
        return Address(start, end, f"mailto:{self.text[start:end]}") if end else None

    def _email_end(self, host: int) -> int:
        """Return where the host of an e-mail address ends, 0 if none begins at `host`."""
        match = _EMAIL_HOST.match(self.text, host, host + EMAIL_HOST_MAX)
        if match is None:
            return 0
        after = self.text[match.end() : match.end() + 1] or " "
        goes_on = after in "@-" or _is_mark(after) or (after.isalnum() and not is_unspaced(after))
        return 0 if goes_on else match.end()


_SAFE = re.compile(r"[A-Za-z0-9%~._-]+")
"""Characters with which an address goes on wherever they stand in it."""
_HOST_SIGNS = frozenset(":@")
_PATH_SIGNS = frozenset("!$&'*+,;=:@/?#")
_ODD_SIGNS = frozenset("\u2010\u2013\u00b7\u30fb\u200c\u200d")
"""Hyphens, middle dots and joiners beyond ASCII that stand within names and titles."""
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_OPENING = {closing: opening for opening, closing in _CLOSING.items()}
_TRAILING = _ODD_SIGNS.union(".,;:!?'*([{")

_PART_STARTS = frozenset("/=#_-+(")
_FIRST_PART = re.compile(rf"[\w{UNSPACED}]+/")
_HOST_PART = re.compile(rf"[{UNSPACED}]{{1,63}}\.[A-Za-z0-9]")
_NEVER_FIRST = "を"
"""The Japanese particle of the object, which follows a word and begins none."""


class _Walk:
    """Walks along one address to its end."""

    def __init__(self, text: str, start: int, host: int) -> None:
        self.text, self.start, self.host = text, start, host
        self.steps = 0
        self.path = -1
        """Where the path, query or fragment begins; -1 while the walk is in the host."""
        self.open: list[int] = []
        self.in_unspaced_part = self.has_unspaced_host = False

    def end(self) -> int:
        """Return where the address ends; `host` if there is none."""
        at = self.host
        while at < len(self.text):
            if safe := _SAFE.match(self.text, at):
                at = safe.end()
            elif self._takes(self.text[at], at):
                at += 1
            else:
                break
        self.steps = at - self.host
        return self._trimmed(self._before_closed_bracket(at))

    def _takes(self, char: str, at: int) -> bool:
        if char.isascii():
            return self._takes_sign(char, at)
        if char in _ODD_SIGNS:
            return at > self.host
        if not (char.isalnum() or _is_mark(char)):
            return False
        return not is_unspaced(char) or self._takes_unspaced(char, at)

    def _takes_sign(self, char: str, at: int) -> bool:
        if char in "/?#&=":
            self.in_unspaced_part = False
        if self.path < 0 and char in "/?#":
            self.path = at
            return at > self.host
        if char in _CLOSING:
            self.open.append(at)
            return self.path >= 0 or (char == "[" and at == self.host)
        if char in _OPENING:
            return bool(self.open) and self.text[self.open.pop()] == _OPENING[char]
        if char in ",;" and self.text.startswith(("http://", "https://"), at + 1):
            return False  # Addresses in a row.
        return char in (_HOST_SIGNS if self.path < 0 else _PATH_SIGNS)

    def _takes_unspaced(self, char: str, at: int) -> bool:
        """Whether a letter of a script without blanks belongs to the address, or to the text.

        It belongs to the address if a part of the address begins with such a letter.
        """
        if self.in_unspaced_part:
            return True
        takes = char != _NEVER_FIRST and self._begins_part(at)
        self.in_unspaced_part = takes
        self.has_unspaced_host |= takes and self.path < 0
        return takes

    def _begins_part(self, at: int) -> bool:
        before = self.text[at - 1]
        if self.path < 0:
            begins = self.has_unspaced_host or _HOST_PART.match(self.text, at) is not None
            return at == self.host or (before == "." and begins)
        if at - 1 == self.path and before == "/" and not self.has_unspaced_host:
            # "https://example.com/" followed by text is the commoner of the two.
            return _FIRST_PART.match(self.text, at, at + LOOK_AHEAD_MAX) is not None
        return before in _PART_STARTS

    def _before_closed_bracket(self, end: int) -> int:
        """Return `end`, or the place of a bracket that is closed only after the address."""
        line = self.text[end : end + LOOK_AHEAD_MAX].partition("\n")[0]
        return next((at for at in self.open if _CLOSING[self.text[at]] in line), end)

    def _trimmed(self, end: int) -> int:
        around = self.text[self.start - 1 : self.start]
        trailing = _TRAILING | ({around} if around in ("_", "~") else frozenset())
        while end > self.host and self.text[end - 1] in trailing:
            end -= 1
        return end


def _is_mark(char: str) -> bool:
    """Whether a character belongs to the letter before it."""
    return unicodedata.category(char)[0] == "M"
