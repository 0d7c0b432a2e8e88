"""Turns: everybody has one at a time, and nobody waits for more than one of each other's."""

import asyncio

from littlechat.platform.turns import Turns


async def test_one_person_has_one_turn_and_the_others_theirs() -> None:
    turns, order = Turns(2), list[str]()
    go_on = asyncio.Event()

    async def take(person: str) -> None:
        async with turns.take(person):
            order.append(person)
            await go_on.wait()

    tasks = [asyncio.create_task(take(one)) for one in ("ada", "ada", "ada", "ben", "cleo")]
    for _ in range(10):
        await asyncio.sleep(0)
    assert order == ["ada", "ben"]
    go_on.set()
    await asyncio.gather(*tasks)
    assert order == ["ada", "ben", "cleo", "ada", "ada"]
