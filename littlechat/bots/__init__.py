"""bots."""

from littlechat.bots.deliveries import Deliveries
from littlechat.bots.store import URL_MAX, Bot, Bots
from littlechat.bots.webhooks import Webhooks

__all__ = [
    "Bot",
    "Bots",
    "Deliveries",
    "URL_MAX",
    "Webhooks",
]
