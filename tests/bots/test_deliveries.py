"""What waits is taken by one, tried again ever later, given up, and cleared away."""

import asyncio
from datetime import timedelta

import pytest

from littlechat.bots import deliveries as deliveries_module
from littlechat.bots.deliveries import (
    KEPT,
    LEASE,
    PAUSES,
    Deliveries,
    Delivery,
)
from littlechat.bots.schema import DELIVERIES
from littlechat.platform.database import Database, now

AT = now()


@pytest.fixture
def deliveries(db: Database) -> Deliveries:
    return Deliveries(db)


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


async def only(deliveries: Deliveries, seconds: float = 0) -> Delivery:
    (found,) = await deliveries.list_until(AT + after(seconds))
    return found


async def test_what_is_due_is_listed_in_its_order(deliveries: Deliveries) -> None:
    for seq, seconds in ((3, 0), (2, 0), (9, -5), (1, 5)):
        assert await deliveries.add("bot", "garden", seq, AT + after(seconds))
    assert [one.seq for one in await deliveries.list_until(AT)] == [9, 2, 3]
    assert [one.seq for one in await deliveries.list_until(AT + after(5))] == [9, 2, 3, 1]


async def test_a_message_waits_once(deliveries: Deliveries) -> None:
    for _ in range(2):
        assert await deliveries.add("bot", "garden", 1, AT)
    delivery = await only(deliveries)
    await deliveries.take(delivery, AT)
    await deliveries.finish(delivery)
    assert await deliveries.add("bot", "garden", 1, AT)
    assert await deliveries.list_until(AT + after(1_000)) == []


async def test_one_of_several_takes_a_delivery(deliveries: Deliveries) -> None:
    await deliveries.add("bot", "garden", 1, AT)
    delivery = await only(deliveries)
    taken = await asyncio.gather(*(deliveries.take(delivery, AT) for _ in range(5)))
    assert sorted(taken) == [False] * 4 + [True]
    assert await deliveries.list_until(AT) == []


async def test_what_a_dead_process_took_is_due_again(deliveries: Deliveries) -> None:
    await deliveries.add("bot", "garden", 1, AT)
    assert await deliveries.take(await only(deliveries), AT)
    assert await deliveries.list_until(AT + LEASE - after(1)) == []
    delivery = await only(deliveries, LEASE.total_seconds())
    assert delivery.tries == 1
    assert await deliveries.take(delivery, AT + LEASE)


async def test_tries_are_ever_further_apart_and_end(deliveries: Deliveries) -> None:
    at = AT
    await deliveries.add("bot", "garden", 1, at)
    for pause in PAUSES:
        (delivery,) = await deliveries.list_until(at)
        await deliveries.take(delivery, at)
        assert await deliveries.put_off(delivery, at)
        assert await deliveries.list_until(at + after(pause - 1)) == []
        at += after(pause)
    (delivery,) = await deliveries.list_until(at)
    await deliveries.take(delivery, at)
    assert not await deliveries.put_off(delivery, at)
    assert await deliveries.list_until(at + after(10_000)) == []


@pytest.mark.parametrize(("least", "pause"), [(0, 5), (3, 5), (30, 30), (99_999, PAUSES[-1])])
async def test_a_receiver_may_ask_for_a_longer_pause(
    deliveries: Deliveries, least: int, pause: int
) -> None:
    await deliveries.add("bot", "garden", 1, AT)
    delivery = await only(deliveries)
    await deliveries.take(delivery, AT)
    await deliveries.put_off(delivery, AT, least)
    assert (await only(deliveries, 10_000)).due == AT + after(pause)


async def test_so_many_wait_for_one_bot(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries_module, "QUEUE_MAX", 3)
    assert [await deliveries.add("bot", "garden", seq, AT) for seq in range(5)] == [
        *[True] * 3,
        *[False] * 2,
    ]
    assert await deliveries.add("other", "garden", 1, AT)
    await deliveries.finish((await deliveries.list_until(AT))[0])
    assert await deliveries.add("bot", "garden", 9, AT)


async def test_one_too_many_is_known_as_over(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries_module, "QUEUE_MAX", 1)
    assert [await deliveries.add("bot", "garden", seq, AT) for seq in (1, 2)] == [True, False]
    # Sent twice, each counts once; and there is no place for it later either.
    assert [await deliveries.add("bot", "garden", seq, AT) for seq in (1, 2)] == [True, True]
    await deliveries.finish(await only(deliveries))
    assert await deliveries.add("bot", "garden", 2, AT)
    assert await deliveries.list_until(AT + after(10_000)) == []
    assert await deliveries.list_known("bot", [1, 2, 3]) == {1, 2}
    assert await deliveries.sweep(AT + KEPT) == 2


async def test_what_waits_can_be_dropped_for_one_bot(deliveries: Deliveries) -> None:
    for bot in ("bot", "other"):
        await deliveries.add(bot, "garden", 1, AT)
    await deliveries.drop("bot")
    assert (await only(deliveries)).bot_id == "other"


async def test_old_ones_are_swept(db: Database, deliveries: Deliveries) -> None:
    await deliveries.add("bot", "garden", 1, AT)
    await deliveries.add("bot", "garden", 2, AT + after(60))
    await deliveries.finish(await only(deliveries))
    assert await deliveries.sweep(AT + KEPT - after(1)) == 0
    assert await deliveries.sweep(AT + KEPT) == 1
    assert [one["seq"] for one in await db[DELIVERIES].find({})] == [2]
