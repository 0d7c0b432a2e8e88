"""Profiles, and the validation of what people enter in them. No I/O; the time is passed in.

A display name is shown beside the username, and must not be mistaken for somebody else's name.
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

DISPLAY_NAME_MAX = 48
BIO_MAX = 500
STATUS_MAX = 100

PROFILE_LIMITS = {"display": DISPLAY_NAME_MAX, "bio": BIO_MAX, "status": STATUS_MAX}
"""Characters of each field of a profile at the most."""

STATUS_HOURS = {"": None, "1": 1, "4": 4, "24": 24, "168": 168}
"""The durations that the form offers for a status, in hours; None is until it is changed."""

JOINERS = "\u200c\u200d"
"""Zero-width characters that are part of words in Persian and Indic scripts, and of many emoji."""

_zones: list[str] = []


@dataclass(frozen=True, slots=True)
class Status:
    """A status text and the time at which it ends."""

    text: str = ""
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is to be shown at the time `now`."""
        return bool(self.text) and (self.until is None or self.until > now)


@dataclass(frozen=True, slots=True)
class Profile:
    """What others see of a user. `name` is the username, `avatar` a digest or empty."""

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
    bot_room: str = ""
    """The id of the room of a bot; empty for a person."""
    bot: bool = False
    keeps_position: bool = False
    """Whether the pictures they send go on telling where they were taken."""

    def local_time(self, now: datetime) -> datetime | None:
        """Return `now` in the user's time zone, None if they have not set one."""
        return now.astimezone(ZoneInfo(self.zone)) if self.zone in zones() else None


def zones() -> list[str]:
    """Return the names of the time zones to choose from, sorted."""
    if not _zones:
        kept = (name for name in available_timezones() if "/" in name or name == "UTC")
        _zones.extend(sorted(name for name in kept if not name.startswith(("Etc/", "SystemV/"))))
    return _zones


def validate_display(raw: str) -> str:
    """Return a display name on one line, or ""; raise `Invalid`."""
    text = " ".join(unicodedata.normalize("NFKC", raw[: DISPLAY_NAME_MAX * 8]).split())
    if not text:
        return ""
    if len(text) > DISPLAY_NAME_MAX:
        raise Invalid(display=f"A display name has at most {DISPLAY_NAME_MAX} characters.")
    if not all(_shows(char) for char in text) or is_blank(text):
        raise Invalid(display="A display name has no characters that cannot be seen.")
    if not any(char.isalnum() for char in text):
        raise Invalid(display="A display name has at least one letter.")
    return text


def validate_bio(raw: str) -> str:
    """Return the text of a biography, which may have several lines; raise `Invalid`."""
    text = _plain(raw.replace("\r\n", "\n").replace("\r", "\n"), "\n").strip()
    if len(text) > BIO_MAX:
        raise Invalid(
            bio=f"This has at most {BIO_MAX} characters; it is {len(text) - BIO_MAX} over."
        )
    return "" if is_blank(text) else text


def validate_zone(raw: str) -> str:
    """Return the name of a time zone, or ""; raise `Invalid`."""
    if raw and raw not in zones():
        raise Invalid(zone="This is none of the time zones on the list.")
    return raw


def validate_status(raw: str, hours: str, now: datetime) -> Status:
    """Return a status that lasts for `hours`, a key of `STATUS_HOURS`; raise `Invalid`."""
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
    """Return the form in which a display name is compared with other names."""
    return fold(without_joiners(display))


def without_joiners(display: str) -> str:
    """Return a display name without the characters that are not seen by themselves."""
    return "".join(char for char in display if char not in JOINERS)


def _shows(char: str) -> bool:
    # Category C: control characters, surrogates, unassigned and private characters, and (Cf)
    # bidirectional marks, which could make a name look like another or change the page around it.
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
    # Not checked against INVISIBLE, which includes the variation selectors of emoji.
    return unicodedata.category(char)[0] != "C"
