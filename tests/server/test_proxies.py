"""Proxies in front."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from quart import Quart, request

from littlechat.app import serve as serve_app
from tests.attacks import COOKIE
from tests.factories import Person, Site
from tests.lines import (
    Raw,
)


class Behind(Site):
    """A site that believes one proxy in front of it."""

    async def __aenter__(self) -> "Behind":
        serving = serve_app(self.stop, self.app, self._listening, 1)
        self._serving = asyncio.create_task(serving)
        return self


@pytest.mark.parametrize(
    ("kind", "seen"),
    [(Site, "127.0.0.1 http"), (Behind, "203.0.113.9 https")],
    ids=["no proxy", "one proxy"],
)
async def test_forwarded_headers_are_believed_only_from_a_proxy(
    make_app: Callable[..., Quart], kind: type[Site], seen: str
) -> None:
    app = make_app()

    @app.get("/who")
    async def show_who() -> str:
        return f"{request.remote_addr} {request.scheme}"

    forwarded = {
        # The client wrote the first address itself; the proxy added the second.
        "X-Forwarded-For": "198.51.100.7, 203.0.113.9",
        "X-Forwarded-Proto": "https",
    }
    async with kind(app) as site, httpx.AsyncClient(base_url=site.url) as client:
        assert (await client.get("/who", headers=forwarded)).text == seen
        assert (await client.get("/who")).text == "127.0.0.1 http"


@pytest.mark.parametrize("kind", [Site, Behind], ids=["no proxy", "one proxy"])
@pytest.mark.parametrize("scheme", ["https", "http", "wss"])
async def test_sockets_work_behind_a_proxy_that_names_the_scheme(
    make_app: Callable[..., Quart], kind: type[Site], scheme: str
) -> None:
    async with kind(make_app()) as site, Person(site, "Ada") as ada:
        room = await (await ada.register()).create_room("Garden")
        # The browser is on https, where the cookie has another name.
        ada.http.cookies.set(f"__Host-{COOKIE}", ada.http.cookies[COOKIE])
        raw = await Raw.open(site)
        path = f"/rooms/{room}/socket"
        origin = f"https://{site.url.removeprefix('http://')}"
        await raw.upgrade(ada, path, X_Forwarded_Proto=scheme, Origin=origin)
        assert raw.head.startswith("HTTP/1.1 101")
        await raw.close()
