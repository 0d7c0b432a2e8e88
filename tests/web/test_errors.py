"""Errors as people and programs see them."""

import re

from tests.attacks import (
    alert,
    handshake,
    insiders,
)
from tests.factories import PASSWORD, Site


async def test_errors_come_as_a_page_and_for_htmx_as_an_alert(site: Site) -> None:
    async with insiders(site, "Ada", "Dan") as (ada, dan):
        room = await ada.create_room("Garden")
        for status, path, form in (
            (403, f"/rooms/{room}/messages", {"body": "x"}),
            (404, "/rooms/nowhere/join", {}),
            (405, "/rooms/new", {}),
            (413, "/rooms", {"name": "x" * 200_000}),
        ):
            page = await dan.post(path, False, **form)
            bare = await dan.post(path, htmx=True, **form)
            assert page.status_code == bare.status_code == status
            assert page.text.startswith("<!doctype html>")
            assert page.text.count('role="alert"') == 1
            assert re.fullmatch(r'<p class="alert" role="alert">[^<]+</p>\n?', bare.text)
            assert alert(page.text) == alert(bare.text)
            assert "html" in bare.headers["content-type"]


async def test_without_the_database_everything_says_503(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        site.services.platform.database.close()
        for answer in (
            await ada.get("/rooms"),
            await ada.get("/rooms", htmx=True),
            await ada.post("/rooms/lobby/messages", body="x"),
            await nobody.post("/login", username="Ada", password=PASSWORD),
            await nobody.post("/register", username="Eve", password=PASSWORD),
            await nobody.get("/readyz"),
        ):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            assert "The database does not answer just now." in alert(answer.text)
        assert (await ada.post("/rooms")).text.startswith("<!doctype html>")
        assert await handshake(ada, "/socket") == 503
        assert (await nobody.get("/healthz")).status_code == 200
        assert (await nobody.get("/login")).status_code == 200
