"""Validation of input: every `validate_*` function takes a field as it was sent.

It returns the normalized value to store, or raises `Invalid` with a sentence for the sender.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import TypeVar

from littlechat.core.errors import Invalid
from littlechat.core.limits import (
    BODY_MAX,
    CLIENT_ID_MAX,
    DESCRIPTION_MAX,
    DIRECT_MAX,
    NAME_MAX,
    NAME_MIN,
    PASSWORD_MAX,
    PASSWORD_MIN,
    RESERVED_NAMES,
    ROOM_NAME_MAX,
    SEQ_MAX,
)
from littlechat.core.names import fold, new_id
from littlechat.core.rooms import Visibility

DIGITS_MAX = len(str(SEQ_MAX))

Default = TypeVar("Default", int, None)

NOTHING_TO_SEND = "There is nothing to send yet: write something first."

INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Invisible letters and marks (Unicode's Default_Ignorable_Code_Point), and the Braille blank. A
name that differs from another only by these would look the same."""


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters other than tab and newline, which are invisible and break logs and terminals,
and lone surrogates, which cannot be stored as UTF-8."""

_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that turn around the order in which what follows is drawn, so that a name can be drawn
as another one is. Those who write from right to left need none in a name of its own."""


def is_name_character(char: str) -> bool:
    """Whether a username may contain this character."""
    # Marks (M) are part of words in many scripts. Nd are the decimal digits, without superscripts.
    category = unicodedata.category(char)
    letter = category[0] in "LM" and char not in INVISIBLE
    return char in "._-" or letter or category == "Nd"


def validate_username(raw: str) -> str:
    """Return a username of 2 to 32 letters of any script, digits and `._-`; raise `Invalid`."""
    name = unicodedata.normalize("NFKC", raw.strip())
    if not NAME_MIN <= len(name) <= NAME_MAX:
        raise Invalid(username=f"A username has {NAME_MIN} to {NAME_MAX} characters.")
    if not all(is_name_character(char) for char in name):
        raise Invalid(username="A username has letters, digits, dots, hyphens and underscores.")
    if unicodedata.category(name[0])[0] not in "LN":
        raise Invalid(username="A username starts with a letter or a digit.")
    if fold(name) in RESERVED_NAMES:
        raise Invalid(username=f"@{name} calls a whole room, so nobody can be called that.")
    return name


def validate_password(raw: str, username: str, common: Iterable[str]) -> str:
    """Return `raw` unchanged; raise `Invalid` for a password that is too short, long or common.

    There are no rules on which characters it has (NIST SP 800-63B, 3.1.1.2).
    """
    if len(raw) < PASSWORD_MIN:
        raise Invalid(password=f"A password has at least {PASSWORD_MIN} characters.")
    if len(raw) > PASSWORD_MAX:
        raise Invalid(password=f"A password has at most {PASSWORD_MAX:,} characters.")
    lowered = raw.lower()
    if lowered in common or fold(raw) == fold(username) or len(set(lowered)) < 3:
        raise Invalid(password="This password is among the first that a stranger would try.")  # noqa: S106 - a sentence
    return raw


def validate_room_name(raw: str) -> str:
    """Return a room's name, each run of white space made one space; raise `Invalid`."""
    name = " ".join(_OVERRIDES.sub("", _without_controls(raw)).split())
    if is_blank(name):
        raise Invalid(name="A room needs a name.")
    if len(name) > ROOM_NAME_MAX:
        raise Invalid(name=f"A room's name has at most {ROOM_NAME_MAX} characters.")
    return name


def validate_description(raw: str) -> str:
    """Return a room's description on one line; raise `Invalid`."""
    text = " ".join(_without_controls(raw).split())
    if len(text) > DESCRIPTION_MAX:
        raise Invalid(description=f"A description has at most {DESCRIPTION_MAX} characters.")
    return text


def validate_people(raw: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct usernames to open a direct conversation with; raise `Invalid`."""
    names = tuple(dict.fromkeys(name.strip()[: NAME_MAX + 1] for name in raw if name.strip()))
    if not names:
        raise Invalid(name="Choose whom to talk to.")
    if len(names) > DIRECT_MAX:
        raise Invalid(
            name=f"A direct conversation has at most {DIRECT_MAX} people: make a room for more."
        )
    return names


def validate_visibility(raw: str) -> Visibility:
    """Return `public`, which is the default, or `private`; raise `Invalid`."""
    if raw in ("", "public"):
        return "public"
    if raw == "private":
        return "private"
    raise Invalid(visibility="A room is either public or private.")


def validate_body(raw: str, *, may_be_blank: bool = False) -> str:
    """Return a message's text with `\\n` as line ends; raise `Invalid` if it is too long or blank.

    A message with files `may_be_blank`.
    """
    text = _without_controls(raw.replace("\r\n", "\n").replace("\r", "\n")).strip("\n").rstrip()
    if is_blank(text):
        if may_be_blank:
            return ""
        raise Invalid(body=NOTHING_TO_SEND)
    if len(text) > BODY_MAX:
        over = len(text) - BODY_MAX
        raise Invalid(
            body=f"A message has at most {BODY_MAX:,} characters; this one is {over:,} over."
        )
    return text


def validate_client_id(raw: str) -> str:
    """Return the id that the sender gave to this send, a new one for none; raise `Invalid`."""
    if not raw:
        return new_id()
    if len(raw) > CLIENT_ID_MAX or not re.fullmatch(r"[A-Za-z0-9_-]+", raw):
        raise Invalid(client_id="The page sent a malformed message id: reload it and try again.")
    return raw


def validate_number(
    raw: str, field: str, default: Default, *, least: int = 0, most: int = SEQ_MAX
) -> int | Default:
    """Return a whole number, or `default` for an empty field; raise `Invalid`.

    Give `most` for a field that people fill in: the error then names the range.
    """
    if not raw:
        return default
    if raw.isascii() and raw.isdigit() and len(raw) <= DIGITS_MAX and least <= int(raw) <= most:
        return int(raw)
    if most == SEQ_MAX:
        raise Invalid(**{field: f"“{field}” is a whole number."})
    raise Invalid(**{field: f"This is a whole number from {least} to {most:,}."})


def validate_switch(raw: str, field: str) -> bool | None:
    """Return True for `1`, False for `0`, None for an empty field; raise `Invalid`."""
    if raw not in ("", "0", "1"):
        raise Invalid(**{field: "The page sent a malformed choice: reload it and try again."})
    return raw == "1" if raw else None


def is_blank(text: str) -> bool:
    """Whether `text` has only white space, control characters and invisible characters."""
    return all(
        char.isspace() or char in INVISIBLE or unicodedata.category(char) in ("Cc", "Cf")
        for char in text
    )


def _without_controls(text: str) -> str:
    return _CONTROLS.sub("", text)
