"""Work that is seen through."""

import asyncio

import pytest

from littlechat.platform.background_tasks import BackgroundTasks
from tests.tabs import until


async def test_shielded_work_goes_on_when_its_caller_is_cancelled() -> None:
    work, go, done = BackgroundTasks(), asyncio.Event(), []

    async def store() -> None:
        await go.wait()
        done.append("stored")

    caller = asyncio.create_task(work.run_to_completion(store()))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    assert not done
    go.set()
    await work.close()
    assert done == ["stored"]


async def test_shielded_work_returns_and_raises_to_its_caller() -> None:
    work = BackgroundTasks()

    async def fail() -> None:
        raise ValueError("no")

    assert await work.run_to_completion(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError):
        await work.run_to_completion(fail())


async def test_failure_of_work_beside_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    work = BackgroundTasks()

    async def fail() -> None:
        raise ValueError("nobody waits for this")

    work.spawn(fail())
    await until(lambda: "work failed" in caplog.text)
    assert "nobody waits for this" in caplog.text


async def test_work_beside_is_done_in_order_whatever_fails() -> None:
    work, done = BackgroundTasks(), []

    async def fail() -> None:
        raise ValueError("the first")

    async def note(what: str) -> None:
        await asyncio.sleep(0)
        done.append(what)

    work.spawn(note("one"), fail(), note("two"))
    await work.close()
    assert done == ["one", "two"]


async def test_close_waits_for_work_that_work_begins() -> None:
    work, done = BackgroundTasks(), []

    async def second() -> None:
        await asyncio.sleep(0)
        done.append("second")

    async def first() -> None:
        await asyncio.sleep(0)
        work.spawn(second())

    work.spawn(first())
    await work.close()
    assert done == ["second"]
