"""Programs that post in a room: their tokens, and the webhooks that messages are sent to.

Owns `bots` and `deliveries`. Receives every posted message; posts what a webhook answers through
the port `Poster`. Only digests of tokens are stored, and a bot's message is sent to no bot.
"""

from littlechat.bots.facade import Bots
from littlechat.bots.schema import COLLECTIONS
from littlechat.bots.store import URL_MAX
from littlechat.bots.values import Bot

__all__ = [
    "COLLECTIONS",
    "URL_MAX",
    "Bot",
    "Bots",
]
