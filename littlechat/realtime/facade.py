"""The one object through which other packages use the sockets."""

from littlechat.accounts import Accounts
from littlechat.messages import Messages
from littlechat.platform import BackgroundTasks, Bus
from littlechat.realtime.announcements import Announcements
from littlechat.realtime.dispatcher import Dispatcher
from littlechat.realtime.feeds import Feeds
from littlechat.realtime.hub import Hub
from littlechat.realtime.presence import Presence
from littlechat.realtime.revocation import Revocation
from littlechat.realtime.unread_signals import UnreadSignals
from littlechat.rendering import Renderer
from littlechat.rooms import Rooms


class Realtime:
    """The sockets of this process, and the events between processes."""

    def __init__(
        self,
        bus: Bus,
        renderer: Renderer,
        accounts: Accounts,
        messages: Messages,
        rooms: Rooms,
        tasks: BackgroundTasks,
    ) -> None:
        access = rooms.access
        self.hub = Hub()
        self.feeds = Feeds(bus, self.hub, messages, renderer)
        self.presence = Presence(bus, self.hub, renderer)
        self.announcements = Announcements(bus, access)
        revocation = Revocation(bus, self.hub, access, accounts.sessions, rooms.memberships)
        self.dispatcher = Dispatcher(
            bus, self.hub, self.feeds, renderer, access, self.presence, revocation
        )
        self.unread_signals = UnreadSignals(
            access, messages, rooms.read_positions, renderer, self.announcements, tasks
        )
