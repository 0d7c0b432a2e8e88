"""Who hears of a message beyond its room, when not, and where to; pure: time is passed in."""

import binascii
import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import datetime, time
from typing import get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from littlechat.accounts import zones
from littlechat.core import (
    Invalid,
    Level,
    Membership,
    Message,
    everyone_in,
)
from littlechat.platform import is_public_host

ENDPOINT_MAX = 1_000
KEY_MAX = 200
P256DH_BYTES, AUTH_BYTES = 65, 16
"""A point of P-256, uncompressed, and a secret (RFC 8291)."""

LEVELS: tuple[Level, ...] = get_args(Level)

UNUSABLE = "Your browser gave an address for notifications that cannot be used."


@dataclass(frozen=True, slots=True)
class Preferences:
    """What somebody wants to hear of in rooms for which they have chosen nothing, and when not."""

    level: Level = "mentions"
    quiet_from: time | None = None
    quiet_to: time | None = None
    zone: str = ""

    def is_quiet(self, now: datetime) -> bool:
        """Whether they are to be left alone now, by the clocks of where they live."""
        start, end = self.quiet_from, self.quiet_to
        if start is None or end is None:
            return False
        local = now.astimezone(ZoneInfo(self.zone or "UTC")).time()
        if start < end:
            return start <= local < end
        return local >= start or local < end


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser that takes notifications for a session. Its keys encrypt what is sent to it."""

    id: str
    user_id: str
    session_id: str
    endpoint: str
    p256dh: str
    auth: str
    contact: str
    """Where this installation is, which a push service is told (RFC 8292, section 2.1)."""
    agent: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notification says. One with the tag of an earlier one takes its place."""

    title: str
    body: str
    url: str
    tag: str
    urgent: bool = False
    insists: bool = False
    """Shown though its page is open: a test."""

    def packed(self) -> bytes:
        """Return it as `installed/service_worker.js` reads it."""
        values = {"title": self.title, "body": self.body, "url": self.url, "tag": self.tag}
        return json.dumps({**values, "insists": self.insists}, ensure_ascii=False).encode()


def is_concerned(message: Message, user_id: str) -> bool:
    """Whether a message is addressed to somebody, alone or with all of its room."""
    return user_id in message.addressed_to or everyone_in(message.room_id) in message.addressed_to


def wants(member: Membership, preferences: Preferences, message: Message, *, direct: bool) -> bool:
    """Whether a member is to hear of a message; in direct conversations, unless told otherwise."""
    if member.user_id == message.author_id or message.removed:
        return False
    level = member.level or ("everything" if direct else preferences.level)
    if level == "mentions":
        return is_concerned(message, member.user_id)
    return level == "everything"


def validate_level(raw: str) -> Level:
    """Return a level by its name; raise `Invalid`."""
    if raw not in LEVELS:
        raise Invalid(level="Choose everything, mentions or nothing.")
    return raw


def validate_preferences(level: str, quiet_from: str, quiet_to: str, zone: str) -> Preferences:
    """Return what a form says; both times empty is no quiet hours; raise `Invalid`."""
    if zone and zone not in zones():
        raise Invalid(zone="Choose a time zone from the list.")
    start, end = _validate_time(quiet_from), _validate_time(quiet_to)
    if (start is None) != (end is None):
        raise Invalid(quiet="Quiet hours need a beginning and an end. Leave both empty for none.")
    if start is not None and start == end:
        raise Invalid(quiet="Quiet hours begin and end at different times.")
    return Preferences(validate_level(level), start, end, zone)


def _validate_time(raw: str) -> time | None:
    if not raw:
        return None
    try:
        return datetime.strptime(raw[:5], "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
    except ValueError:
        raise Invalid(quiet="Write a time as hours and minutes, such as 22:00.") from None


def validate_endpoint(raw: str, *, private: bool = False) -> str:
    """Return the address of a push service's; raise `Invalid`.

    With `private`, for tests, it may be on this machine and without encryption.
    """
    try:
        parts = urlsplit(raw)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid(endpoint=UNUSABLE) from None
    plain = raw.isascii() and raw.isprintable() and not set(raw) & set(' \\"<>')
    if not plain or len(raw) > ENDPOINT_MAX or not host or parts.username is not None:
        raise Invalid(endpoint=UNUSABLE)
    public = parts.scheme == "https" and port in (None, 443) and is_public_host(host)
    if not public and not (private and parts.scheme in ("http", "https")):
        raise Invalid(endpoint=UNUSABLE)
    return raw


def validate_key(raw: str, size: int) -> str:
    """Return a key of so many bytes in URL-safe Base64; raise `Invalid`."""
    try:
        if len(raw) > KEY_MAX or not raw.isascii():
            raise ValueError
        key = urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != size or (size == P256DH_BYTES and key[0] != 4):
        raise Invalid(endpoint=UNUSABLE)
    return raw.rstrip("=")
