"""Programs that speak in a room: their tokens, and the webhooks that tell them of messages.

Owns `bots` and `deliveries`. Hears of posts; posts what a webhook answers through the port
`Poster`. Only digests of tokens are stored, and a bot's message is told to no bot.
"""

from littlechat.bots.facade import Bots
from littlechat.bots.schema import COLLECTIONS
from littlechat.bots.store import URL_MAX, Bot

__all__ = [
    "COLLECTIONS",
    "URL_MAX",
    "Bot",
    "Bots",
]
