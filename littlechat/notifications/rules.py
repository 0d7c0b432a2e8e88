"""Who is notified of which messages, when not, and in which browsers. Pure: the time is passed
in."""

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
"""Sizes of a browser's keys: an uncompressed point of P-256, and a secret (RFC 8291)."""

LEVELS: tuple[Level, ...] = get_args(Level)

UNUSABLE = "Your browser gave an address for notifications that cannot be used."


@dataclass(frozen=True, slots=True)
class Preferences:
    """What somebody is notified of in rooms for which they set no level, and in which hours not."""

    level: Level = "mentions"
    quiet_from: time | None = None
    quiet_to: time | None = None
    zone: str = ""

    def is_quiet(self, now: datetime) -> bool:
        """Whether `now` is in the quiet hours, in the person's time zone."""
        start, end = self.quiet_from, self.quiet_to
        if start is None or end is None:
            return False
        local = now.astimezone(ZoneInfo(self.zone or "UTC")).time()
        if start < end:
            return start <= local < end
        return local >= start or local < end


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser that is notified, while its session lasts. Its keys encrypt what is sent to it."""

    id: str
    user_id: str
    session_id: str
    endpoint: str
    p256dh: str
    auth: str
    contact: str
    """The address of this installation, which push services require (RFC 8292, section 2.1)."""
    agent: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """What a notification shows. It replaces an earlier one with the same tag."""

    title: str
    body: str
    url: str
    tag: str
    urgent: bool = False
    insists: bool = False
    """Whether it is shown although a page of its `url` is open, as a test is."""

    def packed(self) -> bytes:
        """Return it as JSON, as `installed/service_worker.js` reads it."""
        values = {"title": self.title, "body": self.body, "url": self.url, "tag": self.tag}
        return json.dumps({**values, "insists": self.insists}, ensure_ascii=False).encode()


def is_addressed_to(message: Message, user_id: str) -> bool:
    """Whether a message is addressed to somebody, by name or with `@all`."""
    return user_id in message.addressed_to or everyone_in(message.room_id) in message.addressed_to


def wants(member: Membership, preferences: Preferences, message: Message, *, direct: bool) -> bool:
    """Whether a member is to be notified of a message.

    The level of the room decides, else in direct conversations `everything`, else `preferences`.
    """
    if member.user_id == message.author_id or message.removed:
        return False
    level = member.level or ("everything" if direct else preferences.level)
    if level == "mentions":
        return is_addressed_to(message, member.user_id)
    return level == "everything"


def validate_level(raw: str) -> Level:
    """Return a level by its name; raise `Invalid`."""
    if raw not in LEVELS:
        raise Invalid(level="Choose everything, mentions or nothing.")
    return raw


def validate_preferences(level: str, quiet_from: str, quiet_to: str, zone: str) -> Preferences:
    """Return the preferences that a form holds; raise `Invalid`. Empty times are no quiet hours."""
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
    """Return the address at which a push service takes notifications; raise `Invalid`.

    With `private`, for tests, it may be on this machine and unencrypted.
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
