"""The one object through which other packages use bots."""

from littlechat.accounts import Users
from littlechat.bots.deliveries import Deliveries
from littlechat.bots.store import BotStore
from littlechat.bots.webhooks import Poster, Webhooks
from littlechat.messages import Messages
from littlechat.platform import Database, HttpClient
from littlechat.rooms import Rooms


class Bots:
    """Bots, their tokens and their webhooks."""

    def __init__(
        self,
        db: Database,
        users: Users,
        rooms: Rooms,
        messages: Messages,
        poster: Poster,
        secret_key: str,
        *,
        private: bool,
    ) -> None:
        self.store = BotStore(db, users, rooms.memberships, secret_key)
        self.webhooks = Webhooks(
            self.store, Deliveries(db), rooms, messages, poster, HttpClient(private=private)
        )
