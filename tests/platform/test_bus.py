"""One contract for every bus, and what only Redis can do to one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

import pytest
from redis.asyncio import Redis

from littlechat.platform import bus as bus_module
from littlechat.platform.bus import (
    RESUMED,
    Bus,
    Event,
    EventQueue,
    MemoryBroker,
    MemoryBus,
)
from littlechat.platform.redis_bus import RedisBus
from tests.factories import WAIT_SECONDS
from tests.programs import Gate, RedisServer
from tests.tabs import until

MakeBus = Callable[..., Awaitable[Bus]]


@pytest.fixture(scope="module")
async def running_redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    """A Redis for this file, which starts with the first test that needs it."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    await server.kill()


@pytest.fixture
async def redis(running_redis: RedisServer) -> RedisServer:
    """The same server, started again if a test left it dead."""
    return await running_redis.start()


@pytest.fixture
async def gate(redis: RedisServer) -> AsyncIterator[Gate]:
    """A way to the Redis that can be cut."""
    gate = Gate(redis.port)
    await gate.open()
    yield gate
    await gate.close()


@pytest.fixture(params=["memory", "redis"])
async def make_bus(
    request: pytest.FixtureRequest, running_redis: RedisServer
) -> AsyncIterator[MakeBus]:
    """Make open buses of one installation, or of the one named."""
    made: list[Bus] = []
    brokers: dict[str, MemoryBroker] = {}
    server = await running_redis.start() if request.param == "redis" else None

    async def make(namespace: str = "tests") -> Bus:
        bus: Bus
        if server is None:
            bus = MemoryBus(brokers.setdefault(namespace, MemoryBroker()))
        else:
            bus = RedisBus(server.url, namespace)
        made.append(bus)
        await bus.open()
        await until(lambda: bus.connected)
        return bus

    yield make
    for bus in made:
        await bus.close()


@pytest.fixture
async def make_redis_bus(redis: RedisServer) -> AsyncIterator[MakeBus]:
    """Make open buses on the Redis, which may be dead."""
    made: list[Bus] = []

    async def make(namespace: str = "tests", url: str = redis.url) -> Bus:
        bus = RedisBus(url, namespace)
        made.append(bus)
        await bus.open()
        return bus

    yield make
    for bus in made:
        await bus.close()  # Twice is as good as once.


class BusListener:
    """Everything that one bus received, its own notices apart."""

    def __init__(self, bus: Bus) -> None:
        self.received: list[tuple[str, Event]] = []
        self.resumed = 0
        self._bus = bus
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for topic, event in self._bus.listen():
            if topic == RESUMED:
                self.resumed += 1
            else:
                self.received.append((topic, event))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def until(self, *events: tuple[str, Event]) -> None:
        """Wait until this has been received in this order, perhaps among others."""
        await until(lambda: [one for one in self.received if one in events] == list(events))

    def numbers(self, sender: str) -> list[int]:
        return [event["n"] for _, event in self.received if event.get("from") == sender]


# The contract


async def test_a_subscriber_receives_events_of_others_and_its_own(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    async with BusListener(one) as first, BusListener(two) as second:
        await one.subscribe("room:a")
        await two.subscribe("room:a")
        event = {"kind": "said", "text": "grüße 🎉", "n": 1, "names": ["Ada"], "none": None}
        one.publish("room:a", event)
        await first.until(("room:a", event))
        await second.until(("room:a", event))
        assert (len(first.received), len(second.received)) == (1, 1)


async def test_without_a_subscription_nothing_is_received(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    async with BusListener(one) as first, BusListener(two) as second:
        await one.subscribe("room:a")
        await two.subscribe("room:b")
        one.publish("room:a", {"n": 1})
        two.publish("room:a", {"n": 2})
        one.publish("room:b", {"n": 3})
        await first.until(("room:a", {"n": 1}), ("room:a", {"n": 2}))
        await second.until(("room:b", {"n": 3}))
        assert len(first.received) == 2
        assert len(second.received) == 1


async def test_each_publisher_s_events_come_in_their_order(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    async with BusListener(one) as first, BusListener(two) as second:
        await one.subscribe("room:a")
        await two.subscribe("room:a")
        for n in range(500):
            one.publish("room:a", {"from": "one", "n": n})
            two.publish("room:a", {"from": "two", "n": n})
            if n % 50 == 0:
                await asyncio.sleep(0)
        for listener in (first, second):
            await until(lambda listener=listener: len(listener.received) == 1_000)  # type: ignore[misc]
            assert listener.numbers("one") == listener.numbers("two") == list(range(500))


async def test_after_unsubscribing_nothing_is_received_until_subscribing_again(
    make_bus: MakeBus,
) -> None:
    one, two = await make_bus(), await make_bus()
    async with BusListener(two) as listener:
        await two.subscribe("room:a")
        await two.subscribe("room:b")
        await two.unsubscribe("room:a")
        one.publish("room:a", {"n": 1})
        one.publish("room:b", {"n": 2})
        await listener.until(("room:b", {"n": 2}))
        await two.subscribe("room:a")
        one.publish("room:a", {"n": 3})
        await listener.until(("room:b", {"n": 2}), ("room:a", {"n": 3}))
        assert len(listener.received) == 2


async def test_subscribing_twice_is_once(make_bus: MakeBus) -> None:
    one, two = await make_bus(), await make_bus()
    async with BusListener(two) as listener:
        await asyncio.gather(*(two.subscribe("room:a") for _ in range(3)))
        one.publish("room:a", {"n": 1})
        one.publish("room:a", {"n": 2})
        await listener.until(("room:a", {"n": 1}), ("room:a", {"n": 2}))
        assert len(listener.received) == 2


async def test_two_installations_receive_nothing_of_each_other(make_bus: MakeBus) -> None:
    ours, theirs, friend = await make_bus("a"), await make_bus("b"), await make_bus("a")
    async with BusListener(ours) as listener:
        await ours.subscribe("all")
        theirs.publish("all", {"n": 1})
        friend.publish("all", {"n": 2})
        await listener.until(("all", {"n": 2}))
        assert len(listener.received) == 1


async def test_a_full_queue_drops_the_oldest_events_counts_them_and_reports_it(
    make_bus: MakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "QUEUE_EVENTS_MAX", 10)
    bus = await make_bus()
    await bus.subscribe("room:a")
    before = bus.lost
    for n in range(25):
        bus.publish("room:a", {"n": n})
    assert bus.lost - before >= 15
    async with BusListener(bus) as listener:
        await listener.until(*(("room:a", {"n": n}) for n in range(16, 25)))
        await until(lambda: listener.resumed > 0)


async def test_publishing_never_waits(make_bus: MakeBus) -> None:
    bus = await make_bus()
    await bus.subscribe("room:a")
    for n in range(bus_module.QUEUE_EVENTS_MAX + 100):
        bus.publish("room:a", {"n": n})  # Not a coroutine: there is nothing to wait for.
    assert bus.lost >= 100


# Redis alone


async def test_with_redis_dead_own_events_still_arrive_and_the_others_count_as_lost(
    make_redis_bus: MakeBus, redis: RedisServer
) -> None:
    bus = await make_redis_bus()
    async with BusListener(bus) as listener:
        await bus.subscribe("room:a")
        await until(lambda: bus.connected)
        await redis.kill()
        await until(lambda: not bus.connected)
        bus.publish("room:a", {"n": 1})
        await listener.until(("room:a", {"n": 1}))
        await until(lambda: bus.lost > 0)


async def test_without_a_redis_at_the_start_the_bus_opens_and_connects_later(
    make_redis_bus: MakeBus, redis: RedisServer
) -> None:
    await redis.kill()
    bus = await make_redis_bus()
    async with BusListener(bus) as listener:
        await bus.subscribe("room:a")
        bus.publish("room:a", {"n": 1})
        await listener.until(("room:a", {"n": 1}))
        assert not bus.connected
        await redis.start()
        await until(lambda: bus.connected)


async def test_after_redis_comes_back_topics_are_subscribed_again_and_the_gap_is_reported(
    make_redis_bus: MakeBus, redis: RedisServer
) -> None:
    one, two = await make_redis_bus(), await make_redis_bus()
    async with BusListener(two) as listener:
        await two.subscribe("room:a")
        await until(lambda: one.connected and two.connected and listener.resumed == 1)
        await redis.kill()
        await until(lambda: not one.connected and not two.connected)
        await two.subscribe("room:b")
        await redis.start()
        await until(lambda: one.connected and two.connected and listener.resumed >= 2)
        one.publish("room:a", {"n": 1})
        one.publish("room:b", {"n": 2})
        await listener.until(("room:a", {"n": 1}), ("room:b", {"n": 2}))


async def test_a_reconnection_is_always_reported(
    make_redis_bus: MakeBus, redis: RedisServer
) -> None:
    one, two = await make_redis_bus(), await make_redis_bus()
    async with BusListener(two) as listener:
        await two.subscribe("room:a")
        await until(lambda: listener.resumed == 1)
        await redis.cut_subscribers()
        await until(lambda: listener.resumed == 2)
        await until(lambda: one.connected and two.connected)
        one.publish("room:a", {"n": 1})
        await listener.until(("room:a", {"n": 1}))


async def test_topics_subscribed_while_the_bus_connects_receive_events(
    make_redis_bus: MakeBus, redis: RedisServer
) -> None:
    one, two = await make_redis_bus(), await make_redis_bus()
    await until(lambda: one.connected and two.connected)
    topics = [f"room:{n}" for n in range(300)]
    async with BusListener(two) as listener:
        await redis.cut_subscribers()
        await until(lambda: not two.connected)
        for topic in topics:
            await two.subscribe(topic)
            await asyncio.sleep(0.004)  # Across the moment in which it connects again.
        await until(lambda: one.connected and two.connected)
        for topic in topics:
            one.publish(topic, {"n": 1})
        await listener.until(*((topic, {"n": 1}) for topic in topics))


async def test_events_that_could_not_be_sent_are_reported_to_the_other_processes(
    make_redis_bus: MakeBus, redis: RedisServer, gate: Gate
) -> None:
    sender, receiver = await make_redis_bus(url=f"redis://{gate.address}"), await make_redis_bus()
    await until(lambda: sender.connected and receiver.connected)
    async with BusListener(receiver) as listener:
        await receiver.subscribe("room:a")
        sender.publish("room:a", {"n": 1})
        await listener.until(("room:a", {"n": 1}))
        await until(lambda: listener.resumed == 1)
        gate.cut()
        sender.publish("room:a", {"n": 2})
        await until(lambda: sender.lost > 0)
        gate.mend(redis.port)
        await until(lambda: listener.resumed == 2)
        assert receiver.connected


async def test_a_redis_that_stands_still_counts_as_lost_and_is_told_once(
    make_redis_bus: MakeBus, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    bus = await make_redis_bus()
    async with BusListener(bus) as listener:
        await until(lambda: bus.connected and listener.resumed == 1)
        redis.freeze()
        await until(lambda: not bus.connected and listener.resumed == 2)
        redis.thaw()
        await until(lambda: bus.connected and listener.resumed == 3)
    told = [(one.getMessage(), vars(one)["redis"]) for one in caplog.records]
    place = f"127.0.0.1:{redis.port}"
    assert told == [("bus connected", place), ("bus down", place), ("bus connected", place)]


async def test_a_process_whose_way_to_redis_drops_packets_is_missed_by_both_sides(
    make_redis_bus: MakeBus, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    apart, bus = await make_redis_bus(url=f"redis://{gate.address}"), await make_redis_bus()
    async with BusListener(bus) as listener:
        await until(lambda: apart.connected and bus.connected)
        await bus.subscribe("room:a")
        apart.publish("room:a", {"n": 1})
        await listener.until(("room:a", {"n": 1}))
        before = listener.resumed
        gate.stall()
        await until(lambda: not apart.connected)
        # The other one reads the store as long as somebody may publish what it does not hear.
        await until(lambda: bus.unheard == 1 and listener.resumed == before + 1)
        assert not bus.connected
        gate.flow()
        await until(lambda: apart.connected and bus.connected and bus.unheard == 0)
    assert "another process is not heard any more" in caplog.text


async def test_a_process_that_stops_in_order_is_not_missed(make_redis_bus: MakeBus) -> None:
    leaving, bus = await make_redis_bus(), await make_redis_bus()
    assert isinstance(bus, RedisBus)
    await until(lambda: bool(bus._heartbeat._peers))
    await leaving.close()
    await until(lambda: not bus._heartbeat._peers)


@pytest.mark.parametrize(
    "malformed", [b"", b"no-json", b"x 1 {", b"\xff\xfe \xff", b"x y {}", b"x 1 7", b"x 1 []"]
)
async def test_a_malformed_event_does_not_stop_the_bus(
    make_redis_bus: MakeBus, redis: RedisServer, malformed: bytes
) -> None:
    one, two = await make_redis_bus(), await make_redis_bus()
    async with BusListener(two) as listener, Redis.from_url(redis.url) as stranger:
        await two.subscribe("room:a")
        await until(lambda: one.connected and two.connected)
        await stranger.publish("littlechat:tests:room:a", malformed)
        one.publish("room:a", {"n": 1})
        await listener.until(("room:a", {"n": 1}))
        assert len(listener.received) == 1


async def test_an_event_published_just_before_closing_is_sent(
    make_redis_bus: MakeBus,
) -> None:
    one, two = await make_redis_bus(), await make_redis_bus()
    await until(lambda: one.connected and two.connected)
    async with BusListener(two) as listener:
        await two.subscribe("room:a")
        one.publish("room:a", {"n": 1})
        await one.close()
        await listener.until(("room:a", {"n": 1}))


async def test_closing_with_redis_dead_takes_no_longer_than_a_moment(
    make_redis_bus: MakeBus, redis: RedisServer
) -> None:
    bus = await make_redis_bus()
    await until(lambda: bus.connected)
    await redis.kill()
    bus.publish("room:a", {"n": 1})
    await asyncio.wait_for(bus.close(), WAIT_SECONDS)


async def test_a_bus_closes_however_much_is_under_way(make_redis_bus: MakeBus) -> None:
    for turn in range(30):
        bus = await make_redis_bus()
        await until(lambda bus=bus: bus.connected)  # type: ignore[misc]
        for n in range(turn * 40):
            bus.publish("room:a", {"n": n})
        for _ in range(turn):
            await asyncio.sleep(0)
        await asyncio.wait_for(bus.close(), WAIT_SECONDS)


def test_a_queue_takes_only_its_topics() -> None:
    queue = EventQueue()
    queue.topics.add("room:a")
    queue.put("room:b", {"n": 1})
    assert queue.lost == 0
