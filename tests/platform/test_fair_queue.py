"""Turns go round between lines; a full queue refuses whoever has most in it."""

import asyncio

import pytest

from littlechat.platform.fair_queue import Busy, FairQueue


class Desk:
    """A queue of which one turn is taken, and what came to pass since."""

    def __init__(self, waiting_max: int | None) -> None:
        self.queue, self.order = FairQueue(1, waiting_max), list[str]()
        self.tasks, self.held = list[asyncio.Task[None]](), asyncio.Event()

    async def ask(self, who: str, *, first: bool = False) -> asyncio.Task[None]:
        async def turn() -> None:
            async with self.queue.take(who, first=first):
                self.order.append(who)
                await self.held.wait()

        self.tasks.append(asyncio.create_task(turn()))
        await asyncio.sleep(0)
        return self.tasks[-1]

    async def finish(self) -> list[BaseException | None]:
        self.held.set()
        return await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_lines_take_turns_and_the_known_come_first() -> None:
    desk = Desk(None)
    for who in ("a", "a", "a", "b"):
        await desk.ask(who)
    await desk.ask("known", first=True)
    assert await desk.finish() == [None] * 5
    assert desk.order == ["a", "known", "a", "b", "a"]


async def test_a_full_queue_refuses_the_last_of_the_longest_line() -> None:
    desk = Desk(3)
    for who in ("a", "a", "a", "a", "a", "b"):
        await desk.ask(who)
    results = await desk.finish()
    assert [isinstance(one, Busy) for one in results] == [False] * 3 + [True, True, False]
    assert isinstance(results[4], Busy)
    assert results[4].retry_after >= 1
    assert desk.order == ["a", "a", "b", "a"]


async def test_a_known_one_finds_room_among_many_lines() -> None:
    desk = Desk(2)
    for who in ("a", "b", "c", "d"):
        await desk.ask(who)
    await desk.ask("known", first=True)
    assert [isinstance(one, Busy) for one in await desk.finish()].count(True) == 2
    assert desk.order[:2] == ["a", "known"]


async def test_who_gives_up_leaves_no_gap() -> None:
    desk = Desk(None)
    await desk.ask("a")
    gone = await desk.ask("b")
    await desk.ask("c")
    gone.cancel()
    await desk.finish()
    async with asyncio.timeout(5), desk.queue.take("d"):
        desk.order.append("d")
    assert desk.order == ["a", "c", "d"]
    with pytest.raises(asyncio.CancelledError):
        await gone
