"""The handler and its client."""

import asyncio
import contextlib

import httpx
from quart import Quart, request

from littlechat.server import single_task
from tests.factories import WAIT_SECONDS, Site
from tests.server.raw_requests import ask


async def test_a_handler_ends_when_its_client_leaves(app: Quart) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    @app.route("/wait", methods=["GET", "POST"])
    async def wait() -> str:
        begun.set()
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            ended.set()
            raise
        return "never"

    async with Site(app) as site, asyncio.timeout(WAIT_SECONDS):
        for head in (["GET /wait HTTP/1.1"], ["POST /wait HTTP/1.1", "Content-Length: 9"]):
            _, writer = await ask(site, *head, "", "")
            await begun.wait()
            writer.close()
            await ended.wait()
            begun.clear()
            ended.clear()


async def test_a_handler_that_waits_for_nothing_runs_alone(app: Quart) -> None:
    tasks: list[int] = []

    @app.get("/tasks")
    async def count() -> str:
        tasks.append(len(asyncio.all_tasks()))
        if request.args.get("wait"):
            await asyncio.sleep(single_task.WATCH_SECONDS / 10)
            tasks.append(len(asyncio.all_tasks()))
            await asyncio.sleep(single_task.WATCH_SECONDS)
            tasks.append(len(asyncio.all_tasks()))
        return "counted"

    async with Site(app) as site, httpx.AsyncClient(base_url=site.url) as client:
        for query in ("", "?wait=1", ""):
            assert (await client.get(f"/tasks{query}")).text == "counted"
    alone, before, soon, waiting, again = tasks
    assert (before, soon, waiting, again) == (alone, alone, alone + 1, alone)


async def test_a_cancellation_that_is_not_the_clients_goes_on(app: Quart) -> None:
    handling: list[asyncio.Task[object]] = []

    @app.get("/wait")
    async def wait() -> str:
        task = asyncio.current_task()
        assert task
        handling.append(task)
        await asyncio.sleep(3_600)
        return "never"

    async with Site(app) as site:
        connection = await ask(site, "GET /wait HTTP/1.1", "", "")
        async with asyncio.timeout(WAIT_SECONDS):
            while not handling:
                await asyncio.sleep(0.01)
            handling[0].cancel()
            await asyncio.wait(handling)
        assert handling[0].cancelled()
        connection[1].close()


async def test_clients_that_leave_at_any_moment_leave_nothing_behind(site: Site) -> None:
    before = len(asyncio.all_tasks())
    for count in range(40):
        reader, writer = await ask(site, "GET /login HTTP/1.1", "", "")
        if count % 2:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(count / 10_000):
                    await reader.read(1)
        writer.transport.abort()
    async with asyncio.timeout(WAIT_SECONDS):
        while len(asyncio.all_tasks()) > before:
            await asyncio.sleep(0.01)
