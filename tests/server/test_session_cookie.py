"""Cookies are verified once in a while, and no bad one passes."""

import httpx
import pytest
from quart import Quart

from littlechat.server import session_cookie
from littlechat.server.session_cookie import SessionCookie
from tests.factories import Person, Site


@pytest.fixture
def cookie() -> tuple[SessionCookie, Quart]:
    app = Quart(__name__)
    app.secret_key = "a key that only this test knows"
    return SessionCookie(app, lambda: True), app


def test_a_good_cookie_is_verified_once_in_a_while(
    cookie: tuple[SessionCookie, Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    extension, app = cookie
    moment = 1_000.0
    monkeypatch.setattr("littlechat.server.session_cookie.time.monotonic", lambda: moment)
    token = extension.dump_token("ada", app)
    assert extension.load_token(token, app) == "ada"
    extension.duration = -1  # From now on every verification fails.
    assert extension.load_token(token, app) == "ada"
    moment += session_cookie.VERIFIED_SECONDS
    assert extension.load_token(token, app) is None
    moment -= session_cookie.VERIFIED_SECONDS
    assert extension.load_token(token, app) is None


def test_no_other_cookie_passes_for_a_good_one(cookie: tuple[SessionCookie, Quart]) -> None:
    extension, app = cookie
    token = extension.dump_token("ada", app)
    assert extension.load_token(token, app) == "ada"
    for other in (token[:-1], token + "x", token.upper(), ""):
        for _ in range(2):
            assert extension.load_token(other, app) is None
    app.secret_key = "another"
    assert extension.load_token(token, app) is None


def test_only_so_many_cookies_are_remembered(
    cookie: tuple[SessionCookie, Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_cookie, "VERIFIED_MAX", 2)
    extension, app = cookie
    tokens = [extension.dump_token(name, app) for name in ("ada", "ben", "cleo")]
    assert [extension.load_token(token, app) for token in tokens] == ["ada", "ben", "cleo"]
    assert len(extension._verified) == 2
    extension.duration = -1
    assert [extension.load_token(token, app) for token in tokens] == [None, "ben", "cleo"]


async def test_a_session_that_ended_is_over_though_its_cookie_is_remembered(site: Site) -> None:
    async with Person(site, "Ada") as ada, Person(site, "Ada") as same:
        await ada.register()
        same.http.cookies = httpx.Cookies(ada.http.cookies)
        assert (await same.get("/rooms")).status_code == 200
        await ada.post("/logout")
        assert (await same.get("/rooms")).status_code == 303
