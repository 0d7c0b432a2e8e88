"""How notifications are put together from what other packages give them."""

from littlechat.accounts import Sessions
from littlechat.messages import Messages
from littlechat.notifications.delivery import Notifications
from littlechat.notifications.subscriptions import Subscriptions
from littlechat.notifications.web_push import Push
from littlechat.platform import Bus, Database
from littlechat.realtime import Hub
from littlechat.rooms import Rooms


def build_notifications(
    db: Database,
    sessions: Sessions,
    rooms: Rooms,
    messages: Messages,
    hub: Hub,
    bus: Bus,
    *,
    private: bool,
) -> Notifications:
    """Return the one object by which others reach notifications.

    `private` lets push services have addresses that are not public, for tests.
    """
    push = Push(private=private)
    return Notifications(sessions, rooms, messages, Subscriptions(db), push, hub, bus)
