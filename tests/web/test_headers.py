"""The security headers of every answer, and pages that need no exception from them."""

import re

from littlechat.app import BODY_BYTES_MAX
from tests.attacks import (
    insiders,
    raw,
)
from tests.factories import Site


async def test_every_answer_carries_the_security_headers(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        answers = [await nobody.get(path) for path in ("/", "/login", "/rooms", "/nowhere")]
        answers += [
            await nobody.get(path) for path in ("/healthz", "/static/layout/style.css", "/static/x")
        ]
        answers += [await ada.get("/rooms"), await ada.get("/rooms", htmx=True)]
        answers += [await ada.post("/rooms", name=""), await ada.post("/rooms", name="Garden")]
        answers += [await ada.post("/rooms/nowhere/join"), await nobody.post("/rooms", htmx=True)]
        answers += [await ada.http.request("BREW", "/rooms"), await ada.http.options("/rooms")]
        answers += [await ada.http.post("/rooms", headers={"Origin": "null"})]
        answers += [await ada.http.post("/rooms", content=b"x" * (BODY_BYTES_MAX + 1))]
        for answer in answers:
            policy = answer.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "*" not in policy
            for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
                assert part in policy
            for part in ("base-uri 'none'", "form-action 'self'"):
                assert part in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            static = "/static/layout/style.css" in str(answer.url)
            assert answer.headers["cache-control"] == ("no-cache" if static else "no-store")
            assert "server" not in answer.headers


async def test_a_refused_handshake_carries_them_too(site: Site) -> None:
    upgrade = (
        b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
        b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    )
    for path, status in ((b"/socket", 401), (b"/nowhere", 404)):
        answer = await raw(site, b"GET " + path + upgrade)
        assert answer.status == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].startswith("text/plain")


async def test_pages_hold_no_inline_script_style_or_foreign_address(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        await site.services.actions.administration.promote("the test", "Ada")
        room = await ada.create_room("Garden")
        await ada.say(room, "hello")
        for who, path in (
            (nobody, "/login"),
            (nobody, "/register"),
            (ada, "/rooms"),
            (ada, "/rooms/new"),
            (ada, "/account"),
            (ada, "/direct/new"),
            (ada, "/jump?q=a"),
            (ada, "/people"),
            (ada, "/people/Ada"),
            (ada, "/admin"),
            (ada, "/admin/registration"),
            (ada, "/admin/audit"),
            (ada, f"/rooms/{room}"),
            (ada, f"/rooms/{room}/settings"),
            (ada, f"/rooms/{room}/messages/1/edit"),
            (ada, "/nowhere"),
        ):
            page = (await who.get(path)).text
            assert not re.search(r"<script(?![^>]* src=\"/static/)|<style|\son\w+=|\sstyle=", page)
            assert not re.search(r"\s(?:src|href|action)=\"(?!/(?!/)|#)", page)
