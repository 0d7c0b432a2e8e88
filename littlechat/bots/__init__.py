"""bots."""

from littlechat.bots.facade import Bots
from littlechat.bots.schema import COLLECTIONS
from littlechat.bots.store import URL_MAX, Bot

__all__ = [
    "Bot",
    "Bots",
    "COLLECTIONS",
    "URL_MAX",
]
