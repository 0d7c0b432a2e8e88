"""Ada and Ben in a room, he with a browser that is notified."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from littlechat.core.messages import Draft, Message
from littlechat.notifications import delivery
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

    def hold_gathering(self, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
        """Let the moment in which posts are gathered last until the event is set."""
        return self._hold(monkeypatch, "GATHER_SECONDS", 3_600.0, 3_600.0)

    def hold_retries(self, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
        """Let the pauses before further tries last until the event is set."""
        most = delivery.RETRY_AFTER_MAX
        return self._hold(monkeypatch, "RETRY_SECONDS", (most, most), most)

    def _hold(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: object, held: float
    ) -> asyncio.Event:
        shutdown, go_on = self.site.services.notifications.delivery._shutdown, asyncio.Event()
        pause = shutdown.pause

        async def until_set(seconds: float) -> bool:
            if seconds != held:
                return await pause(seconds)
            await go_on.wait()
            return await pause(0)

        monkeypatch.setattr(delivery, name, value)
        monkeypatch.setattr(shutdown, "pause", until_set)
        return go_on

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
