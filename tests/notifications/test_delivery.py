"""From a post to the browsers of those who are to hear of it, and of nobody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from quart import Quart

from littlechat.app import create_app
from littlechat.core.messages import Draft, File, Message
from littlechat.core.rooms import Room, everyone_in
from littlechat.notifications import delivery, viewers
from littlechat.notifications.content import Digest, notification_for
from littlechat.notifications.recipients import Recipient
from littlechat.notifications.rules import Preferences
from littlechat.notifications.schema import SUBSCRIPTIONS
from littlechat.platform.bus import MemoryBroker, MemoryBus
from littlechat.platform.configuration import Settings
from tests.attacks import found_room, insiders, user_of
from tests.browsers import FakeBrowser, PushService, signature
from tests.factories import Person, Site
from tests.tabs import until

Say = Callable[..., Awaitable[Message]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait longer than a loopback needs."""
    monkeypatch.setattr("littlechat.actions.messages.TOUCH_SECONDS", 0.01)
    monkeypatch.setattr(delivery, "GATHER_SECONDS", 0.05)
    monkeypatch.setattr(viewers, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.01, 0.01, 0.01))


@pytest.fixture
def make_app(db: object, settings: Settings, broker: MemoryBroker) -> Callable[..., Quart]:
    """Make applications that may send to this machine."""
    return lambda: create_app(replace(settings, push_private=True), MemoryBus(broker))


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    """The push service of all browsers."""
    async with PushService() as service:
        yield service


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


@pytest.fixture
async def cast(site: Site, service: PushService) -> AsyncIterator[Cast]:
    """The cast, in place."""
    cast = await Cast(site, service).gather()
    async with cast.stack:
        yield cast


async def test_a_mention_reaches_the_browser_with_its_place(cast: Cast) -> None:
    message = await cast.to_ben("**Look** here\nsecond line")
    notification = await cast.browser.next()
    assert notification["title"] == "Ada · Garden"
    assert notification["body"] == "Look here"
    assert notification["url"] == f"/rooms/{cast.room}?around={message.seq}#message-{message.seq}"
    claims, key = signature(cast.browser.pushed[0])
    assert key == cast.site.services.notifications.public_key
    assert claims["sub"] == "https://localhost"
    page = await cast.ben.get("/account/notifications")
    assert f'data-key="{key}"' in page.text


async def test_a_direct_message_is_told_of_under_its_authors_name(cast: Cast) -> None:
    answer = await cast.ada.post("/direct", name="Ben")
    room = answer.headers["location"].rpartition("/")[2]
    await cast.ada.say(room, "just for you")
    notification = await cast.browser.next()
    assert (notification["title"], notification["body"]) == ("Ada", "just for you")
    answer = await cast.ada.http.post("/direct", data={"name": ["Ben", "Cleo"]})
    room = answer.headers["location"].rpartition("/")[2]
    await cast.ada.say(room, "for both of you")
    assert (await cast.browser.next(2))["title"] == "Ada · Ada, Cleo"


async def test_who_is_not_meant_did_not_ask_or_said_it_hears_nothing(cast: Cast) -> None:
    cleo = await cast.service.subscribed(cast.cleo)
    ada = await cast.service.subscribed(cast.ada)
    dan = await cast.service.subscribed(cast.dan)
    dan_id = (await user_of(cast.site, cast.dan)).id
    await cast.say("plain words")
    await cast.settle()
    assert cast.browser.pushed == []
    await cast.say("all of you", everyone_in(cast.room), dan_id)
    await cast.browser.next()
    await cleo.next()
    await cast.settle()
    assert (ada.pushed, dan.pushed) == ([], [])


async def test_a_rooms_level_takes_effect_at_once_in_every_process(
    cast: Cast, other_site: Site
) -> None:
    await cast.say("a list is kept now", site=other_site)
    await cast.settle(other_site)
    for level, body, count in (
        ("everything", "plain", 1),
        ("nothing", "named", 1),
        ("mentions", "named again", 2),
        ("", "plain again", 2),
    ):
        answer = await cast.ben.post(f"/rooms/{cast.room}/level", level=level)
        assert answer.status_code == 303
        await until_level(cast, other_site, level)
        concerns = [cast.ben_id] if "named" in body else []
        await cast.say(body, *concerns, site=other_site)
        await cast.settle(other_site)
        assert len(cast.browser.pushed) == count, level


async def until_level(cast: Cast, site: Site, level: str) -> None:
    """Wait until a process has received the level that was chosen, by the bus."""
    async with asyncio.timeout(5):
        while True:
            members = await site.services.rooms.access.list_members(cast.room)
            if {one.user_id: one.level for one in members}[cast.ben_id] == (level or None):
                return
            await asyncio.sleep(0.01)


async def test_in_quiet_hours_nobody_is_told_and_nothing_comes_later(cast: Cast) -> None:
    notifications = cast.site.services.notifications
    session = await session_of(cast.ben, cast.site)
    notifications.delivery.clock = lambda: datetime(2026, 1, 1, 21, 30, tzinfo=UTC)
    await notifications.set_preferences(
        session, Preferences("mentions", time(22), time(7), "Europe/Berlin")
    )
    await cast.to_ben("at half past ten, there")
    await cast.settle()
    assert cast.browser.pushed == []
    notifications.delivery.clock = lambda: datetime(2026, 1, 1, 6, 30, tzinfo=UTC)
    await cast.to_ben("in the morning")
    assert (await cast.browser.next())["body"] == "in the morning"
    assert len(cast.browser.pushed) == 1


async def session_of(person: Person, site: Site):  # type: ignore[no-untyped-def]
    user = await user_of(site, person)
    return (await site.services.accounts.sessions.list_of(user))[0]


async def test_a_burst_is_one_notification_of_the_last_that_matters(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "GATHER_SECONDS", 3_600.0)
    await cast.ben.post(f"/rooms/{cast.room}/level", level="everything")
    await cast.say("one")
    await cast.to_ben("two, Ben")
    await cast.say("three")
    await cast.gathered()
    notification = await cast.browser.next()
    assert notification["body"] == "two, Ben (and 2 more)"
    await cast.settle()
    assert len(cast.browser.pushed) == 1


async def test_what_is_taken_back_or_corrected_at_once_is_not_told_as_it_was(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "GATHER_SECONDS", 3_600.0)
    other, message = await cast.to_ben("a tpyo"), await cast.to_ben("a slip of the tongue")
    await cast.ada.post(f"/rooms/{cast.room}/messages/{message.seq}/remove")
    await cast.ada.post(f"/rooms/{cast.room}/messages/{other.seq}/edit", body="a typo, @Ben")
    await cast.gathered()
    assert (await cast.browser.next())["body"] == "a typo, @Ben"


async def test_what_somebody_looks_at_on_any_process_is_not_told_of(
    cast: Cast, other_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Time enough for an answer, on however busy a machine.
    monkeypatch.setattr(viewers, "ANSWER_SECONDS", 1.0)
    there = Person(other_site, "Ben")
    there.http.cookies = cast.ben.http.cookies
    stream = await there.stream(cast.room)
    await stream.until(lambda dom: "Ben" in dom.online)
    await stream.connection.send('{"type": "beat", "visible": "true"}')
    (socket,) = (one for one in other_site.services.realtime.hub.sockets if one.name == "Ben")
    await until(lambda: socket.looked_at > 0)
    await cast.to_ben("you see this")
    await cast.settle()
    assert cast.browser.pushed == []
    await stream.connection.send('{"type": "beat", "visible": "false"}')
    await until(lambda: socket.looked_at < 0)
    await cast.to_ben("you do not see this")
    assert (await cast.browser.next())["body"] == "you do not see this"
    await stream.close()


async def test_a_look_without_word_of_it_does_not_last(cast: Cast) -> None:
    stream = await cast.ben.stream(cast.room)
    await stream.until(lambda dom: "Ben" in dom.online)
    (socket,) = (one for one in cast.site.services.realtime.hub.sockets if one.name == "Ben")
    clock = asyncio.get_running_loop().time
    socket.looked_at = clock() - viewers.LOOKED_SECONDS - 1
    await cast.to_ben("the page went to sleep")
    await cast.browser.next()
    await stream.close()


@pytest.mark.parametrize("how", ["logout", "elsewhere", "password"])
async def test_a_session_that_ended_takes_its_notifications_along(cast: Cast, how: str) -> None:
    user = await user_of(cast.site, cast.ben)
    if how == "logout":
        await cast.ben.post("/logout")
    else:
        actions, accounts = cast.site.services.actions, cast.site.services.accounts
        _, other = await accounts.sessions.open(user, "", "")
        if how == "elsewhere":
            await actions.sessions.end_others(other)
        else:
            await actions.sessions.change_password(
                other, "correct horse battery", "another good one"
            )
    await cast.to_ben("not for this browser any more")
    await cast.settle()
    assert cast.browser.pushed == []
    assert await cast.site.services.platform.database[SUBSCRIPTIONS].find({}) == []


async def test_who_was_removed_from_a_room_hears_no_more_of_it(cast: Cast) -> None:
    await cast.to_ben("while a member")
    await cast.browser.next()
    await cast.ada.post(f"/rooms/{cast.room}/members/Ben/remove")
    await cast.to_ben("behind his back")
    await cast.settle()
    assert len(cast.browser.pushed) == 1


async def test_a_browser_that_is_gone_is_forgotten(cast: Cast) -> None:
    cast.service.answers = [(410, {})]
    await cast.to_ben("to nobody")
    await cast.settle()
    assert await cast.site.services.platform.database[SUBSCRIPTIONS].find({}) == []
    assert len(cast.browser.pushed) == 1
    await cast.to_ben("not tried again")
    await cast.settle()
    assert len(cast.browser.pushed) == 1


async def test_a_busy_service_is_tried_again_and_not_for_ever(cast: Cast) -> None:
    cast.service.answers = [(503, {}), (429, {"Retry-After": "0"})]
    await cast.to_ben("in the end")
    await cast.browser.next(3)
    await cast.settle()
    assert len({one["body"] for one in cast.browser.notifications}) == 1
    cast.service.answers = [(500, {})] * 10
    await cast.to_ben("never")
    await cast.settle()
    assert len(cast.browser.pushed) == 3 + 4
    assert cast.site.services.notifications.counters.failed == 2 + 4


async def test_a_session_that_ends_between_two_tries_ends_the_tries(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (1.5, 0.01))
    cast.service.answers = [(503, {})]
    await cast.to_ben("too late")
    await cast.browser.next()
    await cast.ben.post("/logout")
    await cast.settle()
    assert len(cast.browser.pushed) == 1


@pytest.mark.parametrize("how", ["removed", "member", "room"])
async def test_what_was_taken_back_between_two_tries_is_not_told(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.4, 0.4))
    cast.service.answers = [(503, {})]
    message = await cast.to_ben("too late")
    await cast.browser.next()
    path = f"/rooms/{cast.room}"
    if how == "removed":
        await cast.ada.post(f"{path}/messages/{message.seq}/remove")
    elif how == "member":
        await cast.ada.post(f"{path}/members/Ben/remove")
    else:
        await cast.ada.post(f"{path}/delete", confirmation="Garden")
    await cast.settle()
    assert len(cast.browser.pushed) == 1


async def test_a_further_try_tells_of_what_is_left_as_it_is_then(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.4, 0.4))
    cast.service.answers = [(503, {})]
    first, last = await cast.to_ben("a tpyo"), await cast.to_ben("a slip")
    assert (await cast.browser.next())["body"] == "a slip (and 1 more)"
    await cast.ada.post(f"/rooms/{cast.room}/messages/{last.seq}/remove")
    await cast.ada.post(f"/rooms/{cast.room}/messages/{first.seq}/edit", body="a typo, @Ben")
    assert (await cast.browser.next(2))["body"] == "a typo, @Ben"


async def test_too_many_at_once_are_dropped_and_counted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "UNDER_WAY_MAX", 1)
    await cast.to_ben("no room for this")
    await cast.settle()
    assert cast.browser.pushed == []
    assert cast.site.services.notifications.counters.dropped == 1


async def test_who_has_no_browser_costs_no_read_after_the_first(cast: Cast) -> None:
    await cast.site.services.platform.database[SUBSCRIPTIONS].delete({})
    await cast.say("now it is known")
    await cast.settle()
    reads: list[object] = []
    recipients = cast.site.services.notifications.recipients
    read = recipients.read

    async def counted(user_ids: list[str]) -> dict[str, Recipient]:
        reads.append(user_ids)
        return await read(user_ids)

    recipients.read = counted  # type: ignore[method-assign]
    for number in range(5):
        await cast.say(f"again {number}")
        await cast.settle()
    assert reads == []


async def test_a_post_does_not_wait_for_a_push_service_nor_fails_with_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(cast.site.services.notifications.delivery, "_notify", broken)
    assert (await cast.to_ben("said all the same")).seq == 1
    await cast.settle()
    assert await cast.ben.say(cast.room, "and the next") == 2


async def test_a_stop_waits_a_moment_for_what_is_under_way(cast: Cast, other_site: Site) -> None:
    await cast.to_ben("last words", site=other_site)
    await cast.listeners_done(other_site)
    await other_site.services.notifications.close()
    assert [one["body"] for one in cast.browser.notifications] == ["last words"]


async def test_a_renewed_address_replaces_nothing_of_others(cast: Cast) -> None:
    fake: FakeBrowser = await cast.service.subscribed(cast.cleo, "Ben")
    await cast.to_ben("his browser is hers now")
    await cast.settle()
    assert fake.pushed == []


def test_many_long_names_of_files_fit_into_a_notice() -> None:
    files = tuple(File(f"f{n}", "文" * 120, "text/plain", 1) for n in range(10))
    moment = datetime.now(UTC)
    message = Message("garden", 1, "ben", "Ben", "", moment, files=files)
    room = Room("garden", "文" * 60, "", "public", None, moment)
    # What encryption adds to it is some hundred bytes, and 4,096 is all that a service takes.
    digest = Digest(room, "Ada", [message])
    assert len(notification_for(digest, "ada").packed()) < 3_000
