"""The slow wait for each other alone, and nobody has more places than a few."""

import asyncio
from contextlib import AsyncExitStack

from littlechat.notifications.places import (
    OTHERS_AT_ONCE,
    OTHERS_EACH,
    QUICK_AT_ONCE,
    QUICK_EACH,
    QUICK_MAX,
    SLOW_SECONDS,
    Places,
)
from tests.tabs import until


class Holders:
    """Those who hold a place until they are let go."""

    def __init__(self, places: Places) -> None:
        self._places, self._end = places, asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.holding: list[str] = []

    def come(self, service: str, person: str) -> None:
        self._tasks.append(asyncio.create_task(self._hold(service, person)))

    async def _hold(self, service: str, person: str) -> None:
        async with self._places.take(service, person):
            self.holding.append(person)
            await self._end.wait()

    async def leave(self) -> None:
        self._end.set()
        await asyncio.gather(*self._tasks)


async def test_whoever_fills_the_places_of_the_unknown_leaves_the_quick_ones_free() -> None:
    places = Places()
    places.note("quick.example", answered=True, seconds=0.1)
    slow = Holders(places)
    for number in range(OTHERS_AT_ONCE + 5):
        slow.come(f"{number}.example", f"person {number}")
    await until(lambda: len(slow.holding) == OTHERS_AT_ONCE)
    async with places.take("quick.example", "ada"), places.take("quick.example", "ben"):
        assert len(slow.holding) == OTHERS_AT_ONCE
    await slow.leave()
    assert len(slow.holding) == OTHERS_AT_ONCE + 5


async def test_one_person_has_few_places_however_many_services_they_name() -> None:
    places = Places()
    for number in range(QUICK_AT_ONCE):
        places.note(f"quick-{number}.example", answered=True, seconds=0.1)
    one = Holders(places)
    for number in range(40):
        one.come(f"{number}.example", "dan")
        one.come(f"quick-{number % QUICK_AT_ONCE}.example", "dan")
    await until(lambda: len(one.holding) == OTHERS_EACH + QUICK_EACH)
    async with AsyncExitStack() as stack:
        for person in ("ada", "ben", "cleo"):
            await stack.enter_async_context(places.take("new.example", person))
            await stack.enter_async_context(places.take("quick-0.example", person))
        assert len(one.holding) == OTHERS_EACH + QUICK_EACH
    await one.leave()
    assert not places._others._people


async def test_a_service_that_becomes_slow_loses_its_place_among_the_quick() -> None:
    places = Places()
    for answered, seconds in ((False, 0.1), (True, SLOW_SECONDS)):
        places.note("one.example", answered=True, seconds=0.1)
        assert "one.example" in places._quick
        places.note("one.example", answered=answered, seconds=seconds)
        assert "one.example" not in places._quick
    for number in range(QUICK_MAX + 10):
        places.note(f"{number}.example", answered=True, seconds=0.1)
    assert len(places._quick) == QUICK_MAX
