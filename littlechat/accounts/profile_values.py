"""What people tell about themselves, and the rules for it; pure.

A display name is shown beside the username, never in its place: it may not pass for another's.
"""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from littlechat.core import (
    INVISIBLE,
    Invalid,
    fold,
    is_blank,
)

DISPLAY_MAX = 48
BIO_MAX = 500
STATUS_MAX = 100

STATUS_HOURS = {"": None, "1": 1, "4": 4, "24": 24, "168": 168}
"""For how long a status is shown, as the form names it; None is until it is changed."""

JOINERS = "\u200c\u200d"
"""Needed within words of Persian and Indic scripts, and within many emoji."""

_zones: list[str] = []


@dataclass(frozen=True, slots=True)
class Status:
    """What somebody is about just now."""

    text: str = ""
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is to be shown."""
        return bool(self.text) and (self.until is None or self.until > now)


@dataclass(frozen=True, slots=True)
class Profile:
    """One person as the others see them. `name` is the username, `avatar` a digest or empty."""

    user_id: str
    name: str
    created: datetime
    display: str = ""
    bio: str = ""
    zone: str = ""
    status: Status = Status()
    avatar: str = ""
    seen: datetime | None = None
    disabled: bool = False
    is_admin: bool = False
    bot: bool = False
    keeps_position: bool = False
    """Whether the pictures they send go on telling where they were taken."""

    def local_time(self, now: datetime) -> datetime | None:
        """Return the time where the person lives, None if they do not say."""
        return now.astimezone(ZoneInfo(self.zone)) if self.zone in zones() else None


def zones() -> list[str]:
    """Return the names of the world's time zones."""
    if not _zones:
        kept = (name for name in available_timezones() if "/" in name or name == "UTC")
        _zones.extend(sorted(name for name in kept if not name.startswith(("Etc/", "SystemV/"))))
    return _zones


def validate_display(raw: str) -> str:
    """Return a display name on one line, or nothing; raise `Invalid`."""
    text = " ".join(unicodedata.normalize("NFKC", raw[: DISPLAY_MAX * 8]).split())
    if not text:
        return ""
    if len(text) > DISPLAY_MAX:
        raise Invalid(display=f"A display name has at most {DISPLAY_MAX} characters.")
    if not all(_shows(char) for char in text) or is_blank(text):
        raise Invalid(display="A display name has no characters that cannot be seen.")
    if not any(char.isalnum() for char in text):
        raise Invalid(display="A display name has at least one letter.")
    return text


def validate_bio(raw: str) -> str:
    """Return a few lines about somebody; raise `Invalid`."""
    text = _plain(raw.replace("\r\n", "\n").replace("\r", "\n"), "\n").strip()
    if len(text) > BIO_MAX:
        raise Invalid(
            bio=f"This has at most {BIO_MAX} characters; it is {len(text) - BIO_MAX} over."
        )
    return "" if is_blank(text) else text


def validate_zone(raw: str) -> str:
    """Return the name of a time zone, or nothing; raise `Invalid`."""
    if raw and raw not in zones():
        raise Invalid(zone="This is none of the time zones on the list.")
    return raw


def validate_status(raw: str, hours: str, now: datetime) -> Status:
    """Return a status and its end; raise `Invalid`."""
    text = " ".join(_plain(raw).split())
    if len(text) > STATUS_MAX:
        raise Invalid(status=f"A status has at most {STATUS_MAX} characters.")
    if hours not in STATUS_HOURS:
        raise Invalid(hours="Choose how long it is shown.")
    if is_blank(text):
        return Status()
    lasting = STATUS_HOURS[hours]
    return Status(text, now.astimezone(UTC) + timedelta(hours=lasting) if lasting else None)


def display_key(display: str) -> str:
    """Return the form under which two display names, or one and a username, count as the same."""
    return fold("".join(char for char in display if char not in JOINERS))


def _shows(char: str) -> bool:
    # Controls, surrogates, unassigned and private characters (C), and the marks that turn the
    # direction of what follows (Cf), would make a name look like another, or like the page.
    if char in JOINERS:
        return True
    return unicodedata.category(char)[0] != "C" and char not in INVISIBLE


def _plain(text: str, kept: str = "") -> str:
    return "".join(
        char if char in kept or not char.isspace() else " "
        for char in text
        if char in kept or char in JOINERS or char.isspace() or _may_stand(char)
    )


def _may_stand(char: str) -> bool:
    # Emoji have variation selectors, which are among the invisible ones.
    return unicodedata.category(char)[0] != "C"
