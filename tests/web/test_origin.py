"""The same-origin guard: what other sites' pages ask for is not heard."""

import re

from quart import Quart
from werkzeug.datastructures import Headers

from littlechat.web.origin import is_same_origin
from tests.attacks import (
    EVIL_ORIGINS,
    alert,
    everything,
    handshake,
    insiders,
)
from tests.factories import Site
from tests.web.test_guards import routes


def filled_anyhow(app: Quart, verb: str) -> list[str]:
    return [re.sub(r"<(?:int:)?\w+>", "1", rule) for method, rule in routes(app) if method == verb]


async def test_no_unsafe_request_of_another_sites_page_is_accepted(site: Site) -> None:
    forged = [{"Sec-Fetch-Site": kind} for kind in ("cross-site", "same-site", "nonsense", "")]
    forged += [{"Origin": origin} for origin in EVIL_ORIGINS]
    forged += [{"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}]
    forged += [{"Sec-Fetch-Site": "cross-site", "Origin": site.url}]
    async with insiders(site, "Ada") as (ada,):
        stored = await everything(site)
        paths = [*filled_anyhow(site.app, "POST"), "/nowhere"]
        for path in paths:
            for headers in forged:
                answer = await ada.http.post(path, headers=headers, data={"name": "x"})
                assert answer.status_code == 403, (path, headers)
                assert alert(answer.text) == "This request came from another site."
        for method in ("PUT", "PATCH", "DELETE", "BREW"):
            answer = await ada.http.request(method, "/rooms", headers=forged[0])
            assert answer.status_code == 403
        assert await everything(site) == stored


async def test_our_own_pages_and_programs_without_a_page_are_accepted(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        own: tuple[dict[str, str], ...] = (
            {},
            {"Origin": site.url},
            {"Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Site": "same-origin", "Origin": site.url},
        )
        for number, headers in enumerate(own):
            answer = await ada.http.post("/rooms", headers=headers, data={"name": f"n{number}"})
            assert answer.status_code == 303


async def test_no_socket_of_another_sites_page_opens(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        for path in ("/socket", f"/rooms/{await ada.create_room('Garden')}/socket"):
            for kind in ("cross-site", "same-site", ""):
                assert await handshake(ada, path, **{"Sec-Fetch-Site": kind}) == 403
            for origin in EVIL_ORIGINS:
                assert await handshake(ada, path, Origin=origin) == 403, origin
            assert await handshake(ada, path, Origin=site.url) == 101
            assert await handshake(ada, path) == 101


def test_an_origin_without_a_host_is_nobodys() -> None:
    for host in ({}, {"Host": ""}):
        for origin in ("null", "", "http://", "file://"):
            assert not is_same_origin(Headers({"Origin": origin, **host}))
