"""Notifies people, in their browsers, of messages that they do not see in an open page.

Owns `subscriptions`, `preferences`, `installation`. Receives every posted and changed message, and
exchanges events with the other processes on the topic `notifications`. Best effort: it must never
delay a post.
"""

from littlechat.notifications.facade import Notifications
from littlechat.notifications.rules import (
    AUTH_BYTES,
    P256DH_BYTES,
    validate_endpoint,
    validate_key,
    validate_level,
    validate_preferences,
)
from littlechat.notifications.schema import COLLECTIONS
from littlechat.notifications.viewers import NOTIFICATIONS

__all__ = [
    "AUTH_BYTES",
    "COLLECTIONS",
    "NOTIFICATIONS",
    "P256DH_BYTES",
    "Notifications",
    "validate_endpoint",
    "validate_key",
    "validate_level",
    "validate_preferences",
]
