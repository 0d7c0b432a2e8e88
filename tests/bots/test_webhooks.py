"""Webhooks hear of what is for them, signed, once and surely; what they answer is said."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from littlechat.bots import deliveries as deliveries_module
from littlechat.bots.deliveries import LEASE, PAUSES
from littlechat.bots.schema import BOTS, DELIVERIES
from littlechat.bots.store import OFF_AFTER
from littlechat.bots.values import Bot
from littlechat.bots.webhooks import Webhooks
from littlechat.core.messages import Draft, Message
from littlechat.core.names import new_id
from littlechat.core.rooms import Room
from littlechat.platform.bus import MemoryBroker, MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Unavailable, now
from littlechat.platform.http_client import HttpResponse, Unreachable
from littlechat.web.services import Services
from tests.factories import WAIT_SECONDS
from tests.receivers import Receiver, answer
from tests.tabs import process, somebody

ADA = somebody("Ada")

Hook = Callable[..., Awaitable[Bot]]


class Clock:
    """The time, as the test says."""

    def __init__(self) -> None:
        self.time = now()

    def __call__(self) -> datetime:
        return self.time

    def pass_(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The receivers are on this machine."""
    return replace(settings, webhooks_private=True)


@pytest.fixture
def clock(here: Services) -> Clock:
    clock = Clock()
    here.bots.webhooks.clock = clock
    return clock


@pytest.fixture
async def room(here: Services) -> AsyncIterator[Room]:
    yield await here.actions.rooms.create(ADA, "Garden", "", "public")
    await here.bots.webhooks.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
def hook(here: Services, room: Room, receiver: Receiver) -> Hook:
    """Make a bot whose webhook is the receiver."""

    async def make(name: str = "Robot", when: str = "mention", url: str = "") -> Bot:
        bot, _ = await here.bots.store.create(room.id, name, ADA)
        url = url or receiver.url
        await here.bots.store.set_webhook(bot, url, when, "https://chat.example")
        here.realtime.announcements.revoke(user="", room=room.id)
        return await here.bots.store.get(room.id, bot.id)

    return make


async def say(served: Services, room: Room, text: str) -> Message:
    """Post, and wait until every listener has run."""
    message = await served.actions.messages.say(room.id, ADA, Draft(text, new_id()))
    await served.platform.tasks.close()
    return message


async def deliver(webhooks: Webhooks) -> float:
    """Catch up, make every try that is due now, and return when to look again."""
    await webhooks.catch_up()
    while True:
        wait = await webhooks.pump()
        if not webhooks._trying:
            return wait
        await webhooks.settle()


async def said(served: Services, room: Room) -> list[tuple[str, str]]:
    head = await served.messages.head(room.id)
    page = await served.messages.newest(room.id, head, 100)
    return [(one.author_name, one.body) for one in page.messages]


async def test_a_mention_is_sent_signed_and_the_answer_posted(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    robot = await hook()
    receiver.answers.append(answer(200, '{"text": "**At your service**"}', "application/json"))
    await say(here, room, "nobody in particular")
    message = await say(here, room, "hello @robot, how are you?")
    await deliver(here.bots.webhooks)
    (heard,) = receiver.received
    assert heard.line == "POST /hook HTTP/1.1"
    assert heard.json == {
        "event": "mention",
        "bot": "Robot",
        "room": {"id": room.id, "name": "Garden"},
        "message": {
            "seq": message.seq,
            "author": "Ada",
            "text": "hello @robot, how are you?",
            "at": message.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "thread": None,
            "files": [],
            "url": f"https://chat.example/rooms/garden?around={message.seq}#message-{message.seq}",
        },
    }
    assert robot.webhook
    stamp = heard.headers["x-littlechat-timestamp"]
    assert int(stamp) == int(clock.time.timestamp())
    secret = here.bots.store.secret(robot.webhook.key)
    wanted = hmac.new(secret.encode(), stamp.encode() + b"." + heard.body, "sha256").hexdigest()
    assert heard.headers["x-littlechat-signature"] == f"sha256={wanted}"
    assert (await said(here, room))[-1] == ("Robot", "**At your service**")
    assert (await here.messages.get(room.id, message.seq + 1)).bot


async def test_a_mention_is_a_name_after_an_at_and_not_in_code(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    await hook()
    meant = ["@Robot", "hi @robot!", "(@ROBOT)"]
    for text in ("Robot", "me@robot", "@Robots", "`@Robot`", "@all", *meant):
        await say(here, room, text)
    await deliver(here.bots.webhooks)
    assert [one.json["message"]["text"] for one in receiver.received] == meant


async def test_an_answer_that_may_not_be_posted_is_shown_to_the_room_manager(
    here: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("littlechat.text.addressing.MENTION_ALL_MAX", 1)
    robot = await hook()
    receiver.answers.append(answer(200, "@all wake up"))
    await say(here, room, "@Robot")
    await deliver(here.bots.webhooks)
    assert await said(here, room) == [("Ada", "@Robot")]
    bot = await here.bots.store.get(room.id, robot.id)
    assert bot.webhook
    assert bot.webhook.problem.startswith("Its answer could not be said. Only who manages")


async def test_every_message_is_sent_except_those_of_bots(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    first = await hook("First", "message")
    second = await hook("Second", "message")
    for bot in (first, second):
        await here.actions.messages.say(room.id, bot.user, Draft("@First @Second hello", new_id()))
    await say(here, room, "hello")
    await deliver(here.bots.webhooks)
    assert [one.json["message"]["text"] for one in receiver.received] == ["hello", "hello"]
    assert {one.json["bot"] for one in receiver.received} == {"First", "Second"}
    assert {one.json["event"] for one in receiver.received} == {"message"}


async def test_messages_of_another_room_are_not_sent(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    await hook("Robot", "message")
    other = await here.actions.rooms.create(ADA, "Other", "", "public")
    await say(here, other, "hello @Robot")
    await deliver(here.bots.webhooks)
    assert receiver.received == []


async def test_a_post_sent_twice_is_delivered_once(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    await hook()
    for _ in range(3):
        await here.actions.messages.say(room.id, ADA, Draft("@Robot", "c1"))
        await here.platform.tasks.close()
        await deliver(here.bots.webhooks)
    assert len(receiver.received) == 1


async def test_what_was_removed_meanwhile_is_not_sent(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    await hook()
    message = await say(here, room, "@Robot a slip")
    membership = await here.rooms.memberships.find(room.id, ADA)
    assert membership
    await here.actions.messages.remove(room.id, message.seq, membership, ADA)
    await deliver(here.bots.webhooks)
    assert receiver.received == []


@pytest.mark.parametrize("status", [500, 503, 429, 408])
async def test_failures_are_repeated_ever_later_and_then_given_up(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock, status: int
) -> None:
    robot = await hook()
    receiver.answers.extend([answer(status)] * 9)
    await say(here, room, "@Robot")
    for count, pause in enumerate(PAUSES, start=1):
        await deliver(here.bots.webhooks)
        assert len(receiver.received) == count
        clock.pass_(pause - 0.5)
        assert await deliver(here.bots.webhooks) == pytest.approx(0.5)
        clock.pass_(0.5)
    await deliver(here.bots.webhooks)
    clock.pass_(10_000)
    await deliver(here.bots.webhooks)
    assert len(receiver.received) == len(PAUSES) + 1
    assert len({one.headers["x-littlechat-delivery"] for one in receiver.received}) == 1
    bot = await here.bots.store.get(room.id, robot.id)
    assert bot.webhook
    assert (bot.webhook.failures, bot.webhook.off) == (5, False)
    assert bot.webhook.problem == f"It answered with status {status}."


async def test_a_repeated_try_that_is_answered_ends_it(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    robot = await hook()
    receiver.answers.extend([None, answer(502), answer(200, "at last")])
    await say(here, room, "@Robot")
    for pause in (*PAUSES, 0):
        await deliver(here.bots.webhooks)
        clock.pass_(pause)
    assert len(receiver.received) == 3
    assert await said(here, room) == [("Ada", "@Robot"), ("Robot", "at last")]
    bot = await here.bots.store.get(room.id, robot.id)
    assert bot.webhook
    assert (bot.webhook.failures, bot.webhook.problem) == (0, "")


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302])
async def test_what_would_fail_again_is_not_repeated(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock, status: int
) -> None:
    robot = await hook()
    receiver.answers.append(answer(status, Location=receiver.url))
    await say(here, room, "@Robot")
    await deliver(here.bots.webhooks)
    clock.pass_(10_000)
    await deliver(here.bots.webhooks)
    assert len(receiver.received) == 1
    bot = await here.bots.store.get(room.id, robot.id)
    assert bot.webhook
    assert str(status) in bot.webhook.problem


async def test_a_private_address_is_not_asked_unless_allowed(
    db: object, settings: Settings, receiver: Receiver
) -> None:
    async with process(replace(settings, webhooks_private=False), MemoryBus()) as served:
        room = await served.actions.rooms.create(ADA, "Garden", "", "public")
        robot, _ = await served.bots.store.create(room.id, "Robot", ADA)
        await served.bots.store.set_webhook(robot, receiver.url, "", "")
        served.realtime.announcements.revoke(user="", room=room.id)
        await say(served, room, "@Robot")
        await deliver(served.bots.webhooks)
        assert receiver.received == []
        robot = await served.bots.store.get(room.id, robot.id)
        assert robot.webhook
        assert "private network" in robot.webhook.problem
        await served.bots.webhooks.close()


async def test_who_never_answers_is_switched_off_and_its_queue_dropped(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    robot = await hook()
    receiver.answers.extend([answer(404)] * (OFF_AFTER + 5))
    for number in range(OFF_AFTER + 3):
        await say(here, room, f"@Robot {number}")
    await deliver(here.bots.webhooks)
    assert len(receiver.received) == OFF_AFTER
    bot = await here.bots.store.get(room.id, robot.id)
    assert bot.webhook
    assert bot.webhook.off
    await say(here, room, "@Robot again")
    await deliver(here.bots.webhooks)
    assert len(receiver.received) == OFF_AFTER
    await here.bots.store.set_webhook(bot, receiver.url, "", "")
    await say(here, room, "@Robot once more")
    receiver.answers.clear()
    await deliver(here.bots.webhooks)
    assert receiver.received[-1].json["message"]["text"] == "@Robot once more"


async def test_too_many_waiting_are_counted_for_the_room_manager(
    here: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deliveries_module, "QUEUE_MAX", 2)
    robot = await hook()
    for number in range(5):
        await say(here, room, f"@Robot {number}")
    bot = await here.bots.store.get(room.id, robot.id)
    assert bot.webhook
    assert bot.webhook.skipped == 3
    await deliver(here.bots.webhooks)
    assert len(receiver.received) == 2
    # Nor are they told once there is a place.
    clock.pass_(3_600)
    await deliver(here.bots.webhooks)
    assert len(receiver.received) == 2


@pytest.mark.parametrize("text", ["", "   ", "\u200b"])
async def test_an_empty_answer_says_nothing(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock, text: str
) -> None:
    await hook()
    receiver.answers.append(answer(200, text))
    await say(here, room, "@Robot")
    await deliver(here.bots.webhooks)
    assert await said(here, room) == [("Ada", "@Robot")]


async def test_a_long_answer_is_cut(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    await hook()
    receiver.answers.append(answer(200, "x" * 100_000))
    await say(here, room, "@Robot")
    await deliver(here.bots.webhooks)
    assert len((await said(here, room))[-1][1]) == 8_000


async def test_a_bot_that_was_removed_receives_and_posts_nothing(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    robot = await hook()
    receiver.hold.clear()
    receiver.answers.append(answer(200, "too late"))
    await say(here, room, "@Robot")
    await here.bots.webhooks.pump()
    await receiver.until(1)
    await here.bots.store.remove(robot)
    here.realtime.announcements.revoke(user="", room=room.id)
    receiver.hold.set()
    await here.bots.webhooks.settle()
    await say(here, room, "@Robot")
    await deliver(here.bots.webhooks)
    assert [name for name, _ in await said(here, room)] == ["Ada", "Ada"]
    assert len(receiver.received) == 1


async def test_a_slow_receiver_delays_its_own_bot_alone(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    async with Receiver() as quick:
        receiver.hold.clear()
        await hook("Slow", "message")
        await hook("Quick", "message", quick.url)
        await say(here, room, "one")
        await say(here, room, "two")
        await here.bots.webhooks.open()
        await quick.until(2)
        assert len(receiver.received) == 1
        receiver.hold.set()
        await receiver.until(2)


async def test_receivers_that_never_answer_leave_room_for_one_that_does(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    async with Receiver() as quick:
        receiver.hold.clear()
        for number in range(12):
            await hook(f"Slow{number}", "message")
        await hook("Quick", "message", quick.url)
        await say(here, room, "one")
        await here.bots.webhooks.pump()
        async with asyncio.timeout(3):
            await quick.until(1)
        assert len(here.bots.webhooks._trying) >= 12
        receiver.hold.set()


async def test_a_place_is_free_when_its_thread_is(
    here: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolving, asked = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def unresolved(*_: object) -> HttpResponse:
        asked.set()
        raise Unreachable("The name in its address is not known.", resolving=resolving)

    await hook()
    monkeypatch.setattr(here.bots.webhooks._client, "post", unresolved)
    await say(here, room, "@Robot")
    await here.bots.webhooks.pump()
    await asyncio.wait_for(asked.wait(), WAIT_SECONDS)
    async with asyncio.timeout(WAIT_SECONDS):
        # What came of it is noted at once.
        while not await here.bots.webhooks._deliveries.list_until(
            clock.time + timedelta(seconds=9)
        ):
            await asyncio.sleep(0.01)
    assert here.bots.webhooks._trying
    resolving.set_result([])
    await asyncio.wait_for(here.bots.webhooks.settle(), WAIT_SECONDS)
    assert not here.bots.webhooks._trying


@pytest.mark.parametrize("how", ["slow", "failing"])
async def test_who_was_slow_or_failed_gets_half_of_the_places(
    here: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setattr("littlechat.bots.webhooks.AT_ONCE", 4)
    monkeypatch.setattr("littlechat.bots.webhooks.SLOW_AT_ONCE", 2)
    async with Receiver() as quick:
        for number in range(5):
            await hook(f"Slow{number}", "message")
        if how == "slow":
            monkeypatch.setattr("littlechat.bots.webhooks.SLOW_SECONDS", 0)
        else:
            receiver.answers.extend([answer(503)] * 5)
        await say(here, room, "one")
        await deliver(here.bots.webhooks)
        monkeypatch.setattr("littlechat.bots.webhooks.SLOW_SECONDS", 2)
        clock.pass_(PAUSES[0])
        receiver.hold.clear()
        if how == "slow":
            await say(here, room, "two")
        await here.bots.webhooks.pump()
        await receiver.until(7)
        assert len(here.bots.webhooks._trying) == 2
        await hook("Quick", "message", quick.url)
        await say(here, room, "three")
        await here.bots.webhooks.pump()
        await quick.until(1)
        # Once they answer in time they are as good as any other.
        receiver.hold.set()
        await here.bots.webhooks.settle()
        await deliver(here.bots.webhooks)
        assert here.bots.webhooks._slow == set()


# Processes


async def test_a_post_sets_the_delivery_going_by_itself(
    here: Services, room: Room, hook: Hook, receiver: Receiver
) -> None:
    await hook()
    await here.bots.webhooks.open()
    await here.actions.messages.say(room.id, ADA, Draft("@Robot", new_id()))
    await receiver.until(1)


async def test_two_processes_deliver_once(
    here: Services, there: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    there.bots.webhooks.clock = clock
    for name in ("First", "Second", "Third"):
        await hook(name, "message")
    for number in range(3):
        await say(here, room, f"{number}")
    for _ in range(9):
        await asyncio.gather(deliver(here.bots.webhooks), deliver(there.bots.webhooks))
    told = [(one.json["bot"], one.json["message"]["seq"]) for one in receiver.received]
    assert len(told) == len(set(told)) == 9
    await there.bots.webhooks.close()


async def test_what_a_killed_process_was_delivering_is_delivered_by_the_next(
    here: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    clock: Clock,
    settings: Settings,
    broker: MemoryBroker,
) -> None:
    await hook()
    receiver.hold.clear()
    receiver.answers.extend([answer(200, "first"), answer(200, "second")])
    await say(here, room, "@Robot")
    await here.bots.webhooks.pump()
    await receiver.until(1)
    # Cut off as by a kill: nothing of what follows the try is written.
    await here.bots.webhooks.close()
    receiver.hold.set()
    async with process(settings, MemoryBus(broker)) as heir:
        heir.bots.webhooks.clock = clock
        await deliver(heir.bots.webhooks)
        assert len(receiver.received) == 1
        clock.pass_(LEASE.total_seconds())
        await deliver(heir.bots.webhooks)
        await heir.bots.webhooks.close()
    assert len(receiver.received) == 2
    assert await said(here, room) == [("Ada", "@Robot"), ("Robot", "second")]


async def die(*_: object) -> None:
    """Do nothing, as a process does that died before."""


@pytest.mark.parametrize("when", ["mention", "message"])
async def test_what_was_stored_and_never_queued_is_delivered_after_a_restart(
    here: Services,
    there: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    await here.actions.messages.say(room.id, ADA, Draft("@Robot you are not here yet", new_id()))
    robot = await hook("Robot", when)
    await say(here, room, "@Robot before")
    await deliver(here.bots.webhooks)
    with monkeypatch.context() as patched:
        patched.setattr(here.bots.webhooks, "_add", die)
        await say(here, room, "@Robot lost")
        removed = await say(here, room, "@Robot a slip")
        edited = await say(here, room, "for nobody")
    membership = await here.rooms.memberships.find(room.id, ADA)
    assert membership
    await here.actions.messages.remove(room.id, removed.seq, membership, ADA)
    await here.actions.messages.edit(room.id, edited.seq, ADA, "for nobody, @Robot")
    await here.actions.messages.say(room.id, robot.user, Draft("@Robot it is me", new_id()))
    await here.platform.tasks.close()
    there.bots.webhooks.clock = clock
    for _ in range(2):
        await deliver(there.bots.webhooks)
    assert [one.json["message"]["text"] for one in receiver.received] == [
        "@Robot before",
        "@Robot lost",
    ]
    # Every hour again, for it may have been another process that died.
    clock.pass_(3_600)
    await deliver(here.bots.webhooks)
    assert len(receiver.received) == 2
    await there.bots.webhooks.close()


async def test_a_full_queue_is_full_for_what_was_never_queued_too(
    here: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deliveries_module, "QUEUE_MAX", 2)
    robot = await hook()
    with monkeypatch.context() as patched:
        patched.setattr(here.bots.webhooks, "_add", die)
        for number in range(3):
            await say(here, room, f"@Robot {number}")
    for _ in range(2):
        await here.bots.webhooks.catch_up()
    bot = await here.bots.store.get(room.id, robot.id)
    assert bot.webhook
    assert bot.webhook.skipped == 1
    for _ in range(2):
        await deliver(here.bots.webhooks)
    assert [one.json["message"]["text"] for one in receiver.received] == ["@Robot 0", "@Robot 1"]


async def test_a_webhook_of_an_earlier_version_gets_what_is_posted_from_now_on(
    here: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    robot = await hook()
    await here.platform.database[BOTS].update({"_id": robot.id}, {"$unset": {"webhook.since": ""}})
    with monkeypatch.context() as patched:
        patched.setattr(here.bots.webhooks, "_add", die)
        await say(here, room, "@Robot long ago")
        clock.time = now() + timedelta(milliseconds=1)
        await deliver(here.bots.webhooks)
        await asyncio.sleep(0.01)
        await say(here, room, "@Robot lost")
    await deliver(here.bots.webhooks)
    assert [one.json["message"]["text"] for one in receiver.received] == ["@Robot lost"]


async def test_what_is_a_day_old_is_not_delivered_after_a_restart(
    here: Services,
    there: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await hook()
    await say(here, room, "@Robot told")
    await deliver(here.bots.webhooks)
    clock.pass_(24 * 3_600)
    there.bots.webhooks.clock = clock
    await deliver(there.bots.webhooks)
    assert await here.platform.database[DELIVERIES].find({}) == []
    assert len(receiver.received) == 1
    await there.bots.webhooks.close()


async def test_what_is_delivered_twice_is_answered_once(
    here: Services, room: Room, hook: Hook, receiver: Receiver, clock: Clock
) -> None:
    robot = await hook()
    receiver.answers.extend([answer(200, "first"), answer(200, "second")])
    message = await say(here, room, "@Robot")
    await deliver(here.bots.webhooks)
    # As if the process had died between saying the answer and noting it.
    await here.platform.database[DELIVERIES].update(
        {"_id": f"{robot.id}:{message.seq}"}, {"$set": {"due": clock.time}}
    )
    await deliver(here.bots.webhooks)
    assert len(receiver.received) == 2
    assert await said(here, room) == [("Ada", "@Robot"), ("Robot", "first")]


@pytest.mark.parametrize("error", [Unavailable, RuntimeError])
async def test_a_failure_does_not_end_the_deliveries(
    here: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    monkeypatch.setattr("littlechat.bots.webhooks.POLL_SECONDS", 0.02)
    await hook()
    real, failed = here.bots.webhooks.pump, asyncio.Event()

    async def failing() -> float:
        if not failed.is_set():
            failed.set()
            raise error
        return await real()

    monkeypatch.setattr(here.bots.webhooks, "pump", failing)
    await here.bots.webhooks.open()
    await asyncio.wait_for(failed.wait(), WAIT_SECONDS)
    await say(here, room, "@Robot")
    await receiver.until(1)


@pytest.mark.parametrize("error", [Unavailable, RuntimeError])
async def test_catching_up_delays_no_delivery_and_is_tried_again(
    here: Services,
    room: Room,
    hook: Hook,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    monkeypatch.setattr("littlechat.bots.webhooks.CATCH_UP_AGAIN_SECONDS", 0.02)
    await hook()
    with monkeypatch.context() as patched:
        patched.setattr(here.bots.webhooks, "_add", die)
        await say(here, room, "@Robot lost")
    real, go_on, rounds = here.bots.webhooks.catch_up, asyncio.Event(), 0

    async def failing() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            await go_on.wait()
            raise error
        await real()

    monkeypatch.setattr(here.bots.webhooks, "catch_up", failing)
    await here.bots.webhooks.open()
    await say(here, room, "@Robot now")
    await receiver.until(1)
    go_on.set()
    await receiver.until(2)
    assert [one.json["message"]["text"] for one in receiver.received] == [
        "@Robot now",
        "@Robot lost",
    ]
