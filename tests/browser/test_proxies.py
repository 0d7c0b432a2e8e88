"""A real nginx in front, set up as people do at first: what the page says, and to whom."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.pages import Open, live, send
from tests.factories import PASSWORD, Person, Site
from tests.programs import Nginx

SOCKETS = (
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;"
    "proxy_set_header Connection $connection_upgrade;"
)
HOST = "proxy_set_header Host $http_host;"
FORWARDED = (
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
    "proxy_set_header X-Forwarded-Proto $scheme;"
)


def to_site(*lines: str) -> str:
    return f"location / {{ proxy_pass http://site; {SOCKETS} {' '.join(lines)} }}"


async def log_in(page: Page, url: str, name: str = "Ada") -> None:
    await page.goto(f"{url}/login")
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")


@pytest.fixture
async def ada(site: Site) -> Any:
    async with Person(site, "Ada") as ada:
        await ada.register()
        yield ada


async def test_tls_proxy_that_is_not_believed_is_told_to_the_administrator(
    site: Site, ada: Person, open_page: Open, tmp_path: Path
) -> None:
    page = await open_page(ignore_https_errors=True)
    async with Nginx(tmp_path, site.port, to_site(HOST, FORWARDED), tls=True) as proxy:
        await log_in(page, proxy.url)
        await page.wait_for_url("**/rooms")
        await page.goto(f"{proxy.url}/admin")
        await expect(page.get_by_role("alert")).to_contain_text("sends X-Forwarded-For")
        await expect(page.locator(".alert pre")).to_have_text("PROXY_HOPS=1")
        await page.get_by_label("Username").fill("Ben")
        await page.get_by_role("button", name="Make account").click()
        link = await page.get_by_label("The link").input_value()
        # Of a proxy that is not believed nothing is in a link.
        assert link.startswith(f"{site.url}/reset/")


@pytest.mark.parametrize("lines", ["proxy_set_header Host $host;", ""])
async def test_proxy_that_changes_the_host_is_named_in_the_refusal(
    site: Site, ada: Person, open_page: Open, tmp_path: Path, lines: str
) -> None:
    page = await open_page(ignore_https_errors=True)
    async with Nginx(tmp_path, site.port, to_site(lines, FORWARDED), tls=True) as proxy:
        main = page.locator("main")
        if lines:
            await log_in(page, proxy.url)
            await expect(main).to_contain_text(f"your page is at {proxy.url}")
        else:
            await page.goto(f"{proxy.url}/login")
            await expect(main).to_contain_text("does not answer to the name “site”")
        await expect(main).to_contain_text("proxy_set_header Host $http_host;")


async def test_a_proxys_own_pages_never_stand_in_ours(
    site: Site, ada: Person, open_page: Open, tmp_path: Path
) -> None:
    room = await ada.create_room("Garden")
    failing = (
        f"location = /rooms/{room}/messages {{ return 502; }}"
        f"location = /rooms/{room}/files {{ client_max_body_size 1k; {HOST}"
        "proxy_pass http://site; }"
        f"location = /rooms/{room}/members {{ return 504; }}"
    )
    page = await open_page()
    async with Nginx(tmp_path, site.port, failing + to_site(HOST)) as proxy:
        await log_in(page, proxy.url)
        await page.wait_for_url("**/rooms")
        await page.goto(f"{proxy.url}/rooms/{room}")
        await live(page)
        await send(page, "are you there?")
        await expect(page.locator("#composer-alert [role=alert]")).to_contain_text(
            "littlechat is restarting"
        )
        await expect(page.locator("#body")).to_have_value("are you there?")
        await page.locator("#composer input[type=file]").set_input_files(
            {"name": "large.bin", "mimeType": "application/octet-stream", "buffer": b"x" * 4_000}
        )
        await expect(page.locator(".chip.failed .why")).to_contain_text(
            "too large for the proxy in front of littlechat"
        )
        await page.evaluate("htmx.trigger('#belonging', 'stale')")
        await expect(page.locator("#told [role=alert]")).to_contain_text("restarting")
        await expect(page.locator("#members [data-member=Ada]")).to_have_count(1)
        await expect(page.get_by_text("nginx")).to_have_count(0)
