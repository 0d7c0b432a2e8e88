"""notifications."""

from littlechat.notifications.delivery import NOTICES, Notifications
from littlechat.notifications.rules import (
    AUTH_BYTES,
    P256DH_BYTES,
    clean_endpoint,
    clean_key,
    clean_level,
    clean_preferences,
)
from littlechat.notifications.subscriptions import Subscriptions
from littlechat.notifications.web_push import Push

__all__ = [
    "AUTH_BYTES",
    "NOTICES",
    "Notifications",
    "P256DH_BYTES",
    "Push",
    "Subscriptions",
    "clean_endpoint",
    "clean_key",
    "clean_level",
    "clean_preferences",
]
