"""Ada and Ben in a room, he with a browser that is notified."""

from contextlib import AsyncExitStack

from littlechat.core.messages import Draft, Message
from tests.attacks import found_room, insiders, user_of
from tests.browsers import PushService
from tests.factories import Person, Site
from tests.tabs import until


class Cast:
    """Ada and Ben in a room, he with a browser that is notified."""

    def __init__(self, site: Site, service: PushService) -> None:
        self.site, self.service = site, service
        self.stack = AsyncExitStack()

    async def gather(self) -> "Cast":
        people = await self.stack.enter_async_context(
            insiders(self.site, "Ada", "Ben", "Cleo", "Dan")
        )
        self.ada, self.ben, self.cleo, self.dan = people
        self.room = await found_room(self.site, "Garden", self.ada, self.ben, self.cleo)
        self.ben_id = (await user_of(self.site, self.ben)).id
        self.browser = await self.service.subscribed(self.ben)
        return self

    async def say(self, body: str, *concerns: str, site: Site | None = None) -> Message:
        """Let Ada post a message that is addressed to people, by their ids."""
        actions = (site or self.site).services.actions
        author = await user_of(self.site, self.ada)
        return await actions.messages.say(self.room, author, Draft(body, "", addressed_to=concerns))

    async def to_ben(self, body: str, site: Site | None = None) -> Message:
        return await self.say(body, self.ben_id, site=site)

    async def gathered(self) -> None:
        """End the moment in which posts are gathered, as a stop does: no clock decides."""
        await self.listeners_done()
        self.site.services.notifications.delivery._shutdown.begin()

    async def listeners_done(self, site: Site | None = None) -> None:
        """Wait until every listener has received the posts."""
        work = (site or self.site).services.platform.tasks
        await until(lambda: not work._running)

    async def settle(self, site: Site | None = None) -> None:
        """Wait until nothing is under way."""
        tasks = (site or self.site).services.notifications.delivery.tasks
        await self.listeners_done(site)
        await until(lambda: not tasks)


async def session_of(person: Person, site: Site):  # type: ignore[no-untyped-def]
    user = await user_of(site, person)
    return (await site.services.accounts.sessions.list_of(user))[0]
