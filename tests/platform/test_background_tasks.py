"""Background tasks: they finish, in order, and closing waits for them."""

import asyncio

import pytest

from littlechat.platform.background_tasks import BackgroundTasks
from tests.tabs import until


async def test_work_runs_to_completion_when_its_caller_is_cancelled() -> None:
    tasks, go, done = BackgroundTasks(), asyncio.Event(), []

    async def store() -> None:
        await go.wait()
        done.append("stored")

    caller = asyncio.create_task(tasks.run_to_completion(store()))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    assert not done
    go.set()
    await tasks.close()
    assert done == ["stored"]


async def test_work_run_to_completion_returns_and_raises_to_its_caller() -> None:
    tasks = BackgroundTasks()

    async def fail() -> None:
        raise ValueError("no")

    assert await tasks.run_to_completion(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError):
        await tasks.run_to_completion(fail())


async def test_failure_of_background_work_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    tasks = BackgroundTasks()

    async def fail() -> None:
        raise ValueError("nobody waits for this")

    tasks.spawn(fail())
    await until(lambda: "background task failed" in caplog.text)
    assert "nobody waits for this" in caplog.text


async def test_background_work_is_done_in_order_whatever_fails() -> None:
    tasks, done = BackgroundTasks(), []

    async def fail() -> None:
        raise ValueError("the first")

    async def note(what: str) -> None:
        await asyncio.sleep(0)
        done.append(what)

    tasks.spawn(note("one"), fail(), note("two"))
    await tasks.close()
    assert done == ["one", "two"]


async def test_close_waits_for_work_that_other_work_starts() -> None:
    tasks, done = BackgroundTasks(), []

    async def second() -> None:
        await asyncio.sleep(0)
        done.append("second")

    async def first() -> None:
        await asyncio.sleep(0)
        tasks.spawn(second())

    tasks.spawn(first())
    await tasks.close()
    assert done == ["second"]
