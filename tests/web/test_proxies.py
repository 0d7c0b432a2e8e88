"""What a request tells of the proxy in front, and what people and administrators are told."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from werkzeug.datastructures import Headers

from littlechat.accounts.setup_token import setup_token
from littlechat.app import create_app
from littlechat.platform.bus import MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database
from littlechat.web.proxies import came_by_https, came_by_plain_http, find_trouble
from tests.attacks import alert
from tests.factories import PASSWORD, SECRET_KEY, Person, Site

LAN = "192.168.1.20:8000"
CHAT = "chat.example"
SERVED = (CHAT, "192.168.1.20", "littlechat")
TOKEN = {"token": setup_token(SECRET_KEY)}


@pytest.fixture
async def site(db: Database, settings: Settings) -> AsyncIterator[Site]:
    """A server that answers to the names by which these tests ask for it."""
    async with behind(settings) as site:
        yield site


@pytest.mark.parametrize(
    ("headers", "https"),
    [
        ({"Host": LAN}, False),
        ({"Host": LAN, "Origin": f"http://{LAN}"}, False),
        ({"Host": CHAT, "Origin": f"https://{CHAT}"}, True),
        ({"Host": CHAT, "X-Forwarded-Proto": "https"}, True),
        ({"Host": CHAT, "X-Forwarded-Proto": "HTTPS, http"}, True),
        ({"Host": CHAT, "X-Forwarded-Proto": "http"}, False),
        ({"Host": CHAT, "Forwarded": "for=192.0.2.1;Proto=https"}, True),
        ({"Host": CHAT, "Sec-Fetch-Site": "none"}, True),
        ({"Host": "localhost:8000", "Sec-Fetch-Site": "none"}, False),
        ({"Host": "127.0.0.1:8000", "Sec-Fetch-Site": "none"}, False),
        ({"Host": "[::1]:8000", "Sec-Fetch-Site": "none"}, False),
    ],
)
def test_whether_the_browser_is_on_https_is_found_out(headers: dict[str, str], https: bool) -> None:
    assert came_by_https(Headers(headers), "http") == https
    assert came_by_https(Headers(headers), "https")
    assert not (came_by_plain_http(Headers(headers), "http") and https)


@pytest.mark.parametrize(
    ("hops", "headers", "lines"),
    [
        (0, {}, None),
        (0, {"X-Forwarded-For": "192.0.2.1"}, ("PROXY_HOPS=1",)),
        (0, {"X-Forwarded-Proto": "https"}, ("PROXY_HOPS=1",)),
        (0, {"Forwarded": "for=192.0.2.1"}, ("PROXY_HOPS=1",)),
        (0, {"Sec-Fetch-Site": "none"}, "PROXY_HOPS=1"),
        (1, {"X-Forwarded-For": "192.0.2.1"}, None),
        (2, {"X-Forwarded-For": "192.0.2.1"}, ("PROXY_HOPS=1",)),
        (3, {"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}, ("PROXY_HOPS=2",)),
        (1, {}, "X-Forwarded-For"),
        (1, {"X-Forwarded-For": "192.0.2.1", "Origin": f"https://{CHAT}"}, "X-Forwarded-Proto"),
    ],
)
def test_line_that_mends_a_proxy_is_found(
    hops: int, headers: dict[str, str], lines: tuple[str, ...] | str | None
) -> None:
    trouble = find_trouble(Headers({"Host": CHAT, **headers}), "http", hops)
    if isinstance(lines, str):
        assert trouble
        assert any(lines in line for line in trouble.lines)
    else:
        assert (trouble.lines if trouble else None) == lines


@asynccontextmanager
async def behind(settings: Settings, **changes: object) -> AsyncIterator[Site]:
    changed = replace(settings, allowed_hosts=SERVED, **changes)  # type: ignore[arg-type]
    async with Site(create_app(changed, MemoryBus())) as site:
        yield site


@pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")
async def test_plain_http_from_another_machine_is_told_before_anything_is_made(site: Site) -> None:
    lan = {"Host": LAN, "Origin": f"http://{LAN}"}
    form = {"username": "Ada", "password": PASSWORD, "mode": "open"}
    async with Person(site, "Ada") as ada:
        for path in ("/register", "/login", "/setup"):
            page = (await ada.http.get(path, params=TOKEN, headers={"Host": LAN})).text
            for part in ("plain http", "PROXY_HOPS=1", "COOKIE_SECURE=off"):
                assert part in page, path
            answer = await ada.http.post(path, params=TOKEN, data=form, headers=lan)
            assert answer.status_code == 403
            assert "plain http" in alert(answer.text)
            assert "set-cookie" not in answer.headers
        assert not await site.services.accounts.roles.are_given()
        # By localhost, and with https in front, nothing stands in the way.
        assert "plain http" not in (await ada.get("/login")).text
        https = {"Host": CHAT, "Origin": f"https://{CHAT}"}
        answer = await ada.http.post("/register", params=TOKEN, data=form, headers=https)
        assert answer.status_code == 303


@pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")
async def test_right_login_over_plain_http_does_not_loop(site: Site) -> None:
    form = {"username": "Ada", "password": PASSWORD}
    async with Person(site, "Ada") as ada, Person(site, "Ada") as again:
        await ada.register()
        lan = {"Host": LAN, "Origin": f"http://{LAN}"}
        answer = await again.http.post("/login", data=form, headers=lan)
        assert answer.status_code == 403
        assert "plain http" in alert(answer.text)
        assert await site.services.accounts.sessions.list_of(
            await site.services.accounts.users.get("Ada")
        )


async def test_cookie_secure_off_lets_people_in_over_plain_http(
    db: Database, settings: Settings
) -> None:
    async with behind(settings, cookie_secure="off") as site, Person(site, "Ada") as ada:
        lan = {"Host": LAN, "Origin": f"http://{LAN}"}
        page = await ada.http.get("/register", params=TOKEN, headers=lan)
        assert "plain http" not in page.text
        form = {"username": "Ada", "password": PASSWORD}
        answer = await ada.http.post("/register", params=TOKEN, data=form, headers=lan)
        assert answer.status_code == 303


@pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")
async def test_unbelieved_proxy_is_told_to_the_person_the_administrator_and_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    proxy = {"Host": CHAT, "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    async with Person(site, "Ada") as ada:
        await ada.register()
        # The browser is on https there, where the cookie has another name.
        signed_in = {**proxy, "Cookie": f"__Host-{ada.cookies()}"}
        with caplog.at_level(logging.WARNING, "littlechat.web.proxies"):
            pages = [(await ada.http.get("/admin", headers=signed_in)).text for _ in range(3)]
        page = pages[-1]
        assert "sends X-Forwarded-For" in alert(page)
        assert "<pre>PROXY_HOPS=1</pre>" in page
        said = [one for one in caplog.records if one.name == "littlechat.web.proxies"]
        assert len(said) == 1, "once, and not with every request"
        assert "PROXY_HOPS=1" in said[0].add  # type: ignore[attr-defined]
        assert "<pre>" not in (await ada.get("/admin")).text, "without a proxy nothing is said"
        # Links lead to where the administrator is, over https.
        made = await ada.http.post(
            "/admin/invitations", data={"uses": "1", "days": "1"}, headers=signed_in
        )
        assert f"https://{CHAT}/register?invitation=" in made.text
    async with Person(site, "nobody") as nobody:
        shown = (await nobody.http.get("/login", headers=proxy)).text
        assert "plain http" not in shown, "the browser did come over https"
        assert "proxy in front" in shown


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": CHAT, "Origin": f"http://{CHAT}:8080"},
        {"Host": f"{CHAT}:8000", "Origin": f"https://{CHAT}"},
        {"Host": "127.0.0.1:8000", "Origin": f"https://{CHAT}", "Sec-Fetch-Site": "same-origin"},
        {"Host": "127.0.0.1:8000", "Origin": f"http://{CHAT}"},
        {"Host": "littlechat", "Origin": f"http://{CHAT}", "X-Forwarded-For": "192.0.2.1"},
    ],
)
async def test_refusal_by_a_changed_host_names_the_cause(
    site: Site, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async with Person(site, "Ada") as ada:
        with caplog.at_level(logging.WARNING, "littlechat.web.proxies"):
            answer = await ada.http.post("/login", data={"username": "Ada"}, headers=headers)
    assert answer.status_code == 403
    assert headers["Origin"] in answer.text
    assert "proxy_set_header Host $http_host;" in answer.text
    assert any("Host that a proxy sends" in one.getMessage() for one in caplog.records)


async def test_page_of_another_site_is_told_no_more_than_that(site: Site) -> None:
    async with Person(site, "Ada") as ada:
        for headers in (
            {"Host": CHAT, "Origin": "https://evil.example"},
            {"Host": CHAT, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
            {"Host": CHAT, "Origin": "null"},
        ):
            answer = await ada.http.post("/login", data={}, headers=headers)
            assert answer.status_code == 403
            assert alert(answer.text) == "This request came from another site."
            assert "proxy" not in answer.text
