"""Which client a request comes from, and whether its cookie needs https."""

import pytest

from littlechat.app import create_app
from littlechat.platform.bus import MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database
from littlechat.web.clients import client_network, session_cookie_is_secure
from tests.attacks import (
    COOKIE,
    alert,
    insiders,
)
from tests.factories import PASSWORD, Person, Site, another

CHAT = "chat.example"


@pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")
async def test_the_cookie_is_secure_except_on_plain_http_to_localhost(site: Site) -> None:
    plain = ("localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8000")
    tricks = (
        "chat.example",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1.evil.example:80",
        "evil.example:localhost",
        "localhost@evil.example",
        "[::1].evil.example",
        "[::1",
        "::1",
        "192.168.1.5:8000",
        "0.0.0.0",
        "",
        "localhost evil",
        "a" * 300,
        "x..y",
    )
    form = {"username": "Ada", "password": PASSWORD}
    # As on an installation of an older version, which answers to every name.
    site.services.accounts.installation.address = None
    async with insiders(site, "Ada", "nobody") as (_, nobody):
        for host in plain + tricks:
            nobody.http.cookies.clear()
            answer = await nobody.http.post("/login", data=form, headers={"Host": host})
            assert answer.status_code == 303
            names = (COOKIE, f"__Host-{COOKIE}")
            (cookie,) = (
                one
                for one in answer.headers.get_list("set-cookie")
                if one.partition("=")[0] in names
            )
            # Browsers take a name with this prefix over https alone.
            assert cookie.startswith(f"__Host-{COOKIE}=" if host in tricks else f"{COOKIE}=")
            assert "Max-Age=2592000" in cookie.split("; ")
            assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
            assert "Domain" not in cookie
            assert ("Secure" in cookie.split("; ")) == (host in tricks), host


@pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")
async def test_cookie_secure_may_be_set_and_https_always_counts(
    db: Database, settings: Settings
) -> None:
    for choice, host, secure in (("on", "localhost", True), ("off", CHAT, False)):
        settled = {"cookie_secure": choice, "allowed_hosts": (CHAT,)}
        async with another(settings, **settled) as site, Person(site, "Ada") as nobody:
            if choice == "on":
                await nobody.register()
                nobody.http.cookies.clear()
            form = {"username": f"Ada-{choice}", "password": PASSWORD}
            page = (await nobody.http.get("/login", headers={"Host": host})).text
            assert ("plain http" in alert(page)) == secure
            answer = await nobody.http.post("/register", data=form, headers={"Host": host})
            assert ("Secure" in answer.headers["set-cookie"]) == secure
            async with site.app.test_request_context("/", scheme="https"):
                assert session_cookie_is_secure() == secure


async def test_an_address_claimed_in_a_header_is_not_believed(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        claimed = {
            "X-Forwarded-For": "6.6.6.6",
            "Forwarded": "for=6.6.6.6",
            "Remote-Addr": "6.6.6.6",
        }
        data = {"username": "Ada", "password": PASSWORD}
        await ada.http.post("/login", data=data, headers=claimed)
        page = (await ada.get("/account")).text
        assert "127.0.0.1" in page
        assert "6.6.6.6" not in page


async def test_throttles_count_an_ipv6_client_by_its_network(settings: Settings) -> None:
    app = create_app(settings, MemoryBus())
    for address, counted in (
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ):
        async with app.test_request_context("/", headers={"Remote-Addr": address}):
            assert client_network() == counted
