"""The one object through which other packages use notifications."""

from littlechat.accounts import Sessions
from littlechat.core import Level, Message, Session
from littlechat.messages import Messages
from littlechat.notifications.delivery import Delivery
from littlechat.notifications.recipients import Recipient, Recipients
from littlechat.notifications.rules import Notification, Preferences
from littlechat.notifications.sender import Sender
from littlechat.notifications.shutdown import Shutdown
from littlechat.notifications.subscriptions import Subscriptions
from littlechat.notifications.viewers import Viewers
from littlechat.notifications.web_push import Answer, Push
from littlechat.platform import Bus, Database, Event
from littlechat.realtime import Hub
from littlechat.rooms import Rooms

TEST = Notification(
    title="A test",
    body="This is how littlechat reaches you.",
    url="/account/notifications",
    tag="test",
    urgent=True,
    insists=True,
)


class Notifications:
    """What people choose, and the notifications that they get.

    `private` allows push services at addresses that are not public, for tests.
    """

    def __init__(
        self,
        db: Database,
        sessions: Sessions,
        rooms: Rooms,
        messages: Messages,
        hub: Hub,
        bus: Bus,
        *,
        private: bool,
    ) -> None:
        self._subscriptions, self._memberships = Subscriptions(db), rooms.memberships
        shutdown = Shutdown()
        self.recipients = Recipients(self._subscriptions, sessions, rooms.access, bus)
        self._viewers = Viewers(hub, bus, shutdown)
        self._sender = Sender(Push(private=private), self._subscriptions, self.recipients)
        self.delivery = Delivery(
            rooms, messages, self.recipients, self._viewers, self._sender, shutdown
        )
        self.counters = self._sender.counters

    async def open(self) -> None:
        """Read the installation's key, or create it; raise `Unavailable`."""
        await self._sender.open()

    async def close(self) -> None:
        """Give what is under way a moment, then end it."""
        await self.delivery.close()
        await self._sender.close()

    @property
    def public_key(self) -> str:
        """The key with which browsers subscribe."""
        return self._sender.public_key

    # What people choose

    async def subscribe(
        self, session: Session, endpoint: str, p256dh: str, auth: str, contact: str
    ) -> None:
        """Let a browser of this session be notified. The fields must have been validated."""
        await self._subscriptions.add(session, endpoint, p256dh, auth, contact)
        self.recipients.announce_change(session.user.id)

    async def on_renewed(self, old: Session, fresh: Session) -> None:
        """Let the browser of a session that is replaced by another be notified as before."""
        await self._subscriptions.pass_on(old.id, fresh.id)
        self.recipients.announce_change(old.user.id)

    async def unsubscribe(self, session: Session, subscription_id: str) -> None:
        """Stop notifying one of the person's browsers; raise `Missing`."""
        await self._subscriptions.remove(session.user.id, subscription_id)
        self.recipients.announce_change(session.user.id)

    async def set_preferences(self, session: Session, preferences: Preferences) -> None:
        """Store what the person is notified of, and when not."""
        await self._subscriptions.set_preferences(session.user.id, preferences)
        self.recipients.announce_change(session.user.id)

    async def set_level(self, room_id: str, session: Session, level: Level | None) -> None:
        """Store what the person is notified of in one room; None is as in all rooms."""
        await self._memberships.set_level(room_id, session.user.id, level)
        self.recipients.announce_change(session.user.id, room_id)

    async def get_recipient(self, session: Session) -> Recipient:
        """Return what the person has chosen, and their browsers that are signed in."""
        user_id = session.user.id
        found = (await self.recipients.read([user_id]))[user_id]
        return Recipient(
            found.preferences, tuple(await self.recipients.list_live(found.subscriptions))
        )

    async def send_test(self, session: Session) -> list[Answer]:
        """Send a test to all browsers of the person; return the answers of the push services."""
        recipient = await self.get_recipient(session)
        answers = [await self._sender.send(one, TEST) for one in recipient.subscriptions]
        self.recipients.announce_change(session.user.id)
        return answers

    # What happens

    async def on_posted(self, message: Message) -> None:
        """Notify people of a posted message, in the background."""
        await self.delivery.on_posted(message)

    async def on_changed(self, message: Message) -> None:
        """Take a change to a message into account that nobody was notified of yet."""
        await self.delivery.on_changed(message)

    def on_event(self, event: Event) -> None:
        """Receive what any process publishes on the topic `NOTIFICATIONS`."""
        match event["kind"]:
            case "chosen":
                self.recipients.on_change(event)
            case "asked":
                self._viewers.on_question(event)
            case "answered":
                self._viewers.on_answer(event)
