"""Addresses that a request names are followed only on this site."""

import httpx
import pytest

from littlechat.web.pages import local_path
from tests.attacks import (
    insiders,
    raw,
)
from tests.factories import PASSWORD, Site


@pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")
async def test_no_redirect_repeats_the_host_that_a_request_names(site: Site) -> None:
    # As on an installation of an older version, which answers to every name.
    site.services.accounts.installation.address = None
    async with insiders(site, "Ada") as (ada,):
        cookie = f"\r\nCookie: __Host-{ada.cookies()}".encode()
        for line in (b"GET /", b"GET //rooms", b"GET /rooms//new", b"GET /rooms/", b"GET /login"):
            answer = await raw(site, line + cookie, host=b"evil.example")
            assert answer.status in (200, 303, 404)
            assert answer.headers.get("location", "/rooms") == "/rooms"
            assert "evil.example" not in answer.text


ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "https:evil.example",
    "//[",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "/\u2028/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    ".evil.example",
    "",
    "/rooms\r\nSet-Cookie: x=y",
    "/" + "x" * 501,
    "/\ud800",
)


HERE = ("/rooms", "/rooms/x?around=1", "/%5Cevil.example", "/%2F/evil.example", "/rooms/é", "/@x")


def test_only_addresses_on_this_site_are_followed() -> None:
    for target in ELSEWHERE:
        assert local_path(target) is None, target
    for target in HERE:
        assert local_path(target) == target


async def test_logging_in_leads_nowhere_else(lenient: Site) -> None:
    async with insiders(lenient, "Ada", "nobody") as (ada, nobody):
        for target in ELSEWHERE[:-1] + HERE:
            page = (await nobody.http.get("/login", params={"next": target})).text
            assert f'name="next" value="{target if target in HERE else "/rooms"}"' in page
            answer = await ada.http.get("/login", params={"next": target})
            assert answer.status_code == 303
            to = httpx.URL(lenient.url).join(answer.headers["location"])
            assert (to.host, to.port) == ("localhost", lenient.port), target
            assert "set-cookie" not in answer.headers
        for target in ("//evil.example", "/\\evil.example", "/rooms\r\nX: y"):
            form = {"username": "Ada", "password": PASSWORD, "next": target}
            assert (await nobody.post("/login", False, **form)).headers["location"] == "/rooms"
            assert (await nobody.post("/login", htmx=True, **form)).headers[
                "hx-redirect"
            ] == "/rooms"
