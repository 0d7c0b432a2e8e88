"""What the tests of the server share: a person in a room, and what is left behind."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from quart import Quart, request

from tests.factories import Person, Site
from tests.lines import (
    connections,
    eventually,
)


@pytest.fixture
async def ada(site: Site) -> AsyncIterator[Person]:
    async with Person(site, "Ada") as ada:
        yield await ada.register()


@pytest.fixture
async def room(ada: Person) -> str:
    return await ada.create_room("Garden")


@pytest.fixture
async def tasks(site: Site, ada: Person, room: str) -> Callable[[], int]:
    """Count the tasks, once everything that stays has been begun."""
    stream = await ada.stream(room)
    await stream.close()
    await ada.http.aclose()
    ada.http = httpx.AsyncClient(base_url=site.url, cookies=ada.http.cookies)
    await eventually(lambda: not connections())
    return lambda: len(asyncio.all_tasks())


@pytest.fixture
def app(make_app: Callable[..., Quart]) -> Quart:
    """An application that tells what came to it."""
    app = make_app()

    @app.post("/form")
    async def tell_form() -> str:
        form = await request.form
        return "|".join(f"{name}={value}" for name, value in form.items(multi=True))

    return app
