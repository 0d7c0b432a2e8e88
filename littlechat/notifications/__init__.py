"""notifications."""

from littlechat.notifications.build import build_notifications
from littlechat.notifications.delivery import NOTICES, Notifications
from littlechat.notifications.rules import (
    AUTH_BYTES,
    P256DH_BYTES,
    clean_endpoint,
    clean_key,
    clean_level,
    clean_preferences,
)
from littlechat.notifications.schema import COLLECTIONS

__all__ = [
    "AUTH_BYTES",
    "COLLECTIONS",
    "NOTICES",
    "Notifications",
    "P256DH_BYTES",
    "build_notifications",
    "clean_endpoint",
    "clean_key",
    "clean_level",
    "clean_preferences",
]
