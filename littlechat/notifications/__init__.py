"""Tells people's browsers of what was said to them while they look elsewhere.

Owns `subscriptions`, `preferences`, `installation`. Hears of posts and changes, and talks with the
other processes on the topic `notifications`. Best effort: it must never delay a post.
"""

from littlechat.notifications.build import build_notifications
from littlechat.notifications.delivery import NOTICES, Notifications
from littlechat.notifications.rules import (
    AUTH_BYTES,
    P256DH_BYTES,
    validate_endpoint,
    validate_key,
    validate_level,
    validate_preferences,
)
from littlechat.notifications.schema import COLLECTIONS

__all__ = [
    "AUTH_BYTES",
    "COLLECTIONS",
    "NOTICES",
    "P256DH_BYTES",
    "Notifications",
    "build_notifications",
    "validate_endpoint",
    "validate_key",
    "validate_level",
    "validate_preferences",
]
