"""The static files: kept for ever where their address says which they are, and no others."""

from pathlib import Path

import pytest

from littlechat.app import create_app
from littlechat.platform.configuration import ConfigError, Settings
from littlechat.rendering.static_addresses import STATIC, static_url
from littlechat.web import static_files as assets
from littlechat.web.static_files import require_browser_parts
from tests.attacks import raw
from tests.factories import Person, Site


def test_missing_browser_parts_are_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    require_browser_parts()
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    with pytest.raises(ConfigError, match=r"Missing vendor/htmx\.min\.js, .*pip install"):
        create_app(settings)


async def test_static_files_of_this_version_are_kept_for_ever_and_others_asked_for(
    site: Site,
) -> None:
    forever = "public, max-age=31536000, immutable"
    async with Person(site, "nobody") as nobody:
        address = static_url("layout/style.css")
        for path, caching in (
            (address, forever),
            (static_url("vendor/htmx.min.js"), forever),
            (static_url("rooms/room.js"), forever),
            (
                static_url("rooms/room.js").replace("rooms/room", "messages/scroll"),
                forever,
            ),  # Its import.
            ("/static/rooms/room.js", "no-cache"),
            ("/static/000000000000/rooms/room.js", "no-cache"),
            ("/static/layout/style.css", "no-cache"),
            ("/static/layout/style.css?v=", "no-cache"),
            (
                "/static/layout/style.css?v=000000000000",
                "no-cache",
            ),  # The next version's, in an update.
            (f"{address}&x=1", "no-cache"),
            (f"{address}0", "no-cache"),
        ):
            answer = await nobody.get(path)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == caching, path
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-type"].partition(";")[0] in (
                "text/css",
                "text/javascript",
            )
        etag = (await nobody.get(address)).headers["etag"]
        again = await nobody.http.get("/static/layout/style.css", headers={"If-None-Match": etag})
        assert again.status_code == 304
        missing = await nobody.get("/static/nothing.css?v=000000000000")
        assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")


async def test_no_file_beside_the_static_ones_is_served(site: Site) -> None:
    for path in (
        b"../app.py",
        b"%2e%2e/app.py",
        b"..%2fapp.py",
        b"..%5capp.py",
        b"%2e%2e%2fapp.py",
        b"vendor/../../app.py",
        b"vendor/..%2f..%2fapp.py",
        b"/etc/passwd",
        b"%2fetc%2fpasswd",
        b"//etc/passwd",
        b"....//app.py",
        b"%00",
        b"layout/style.css%00",
        b"C:%5cx",
        b"",
        b".",
        b"vendor",
        b"vendor/",
        b"000000000000/vendor/htmx.min.js",
        b"rooms/000000000000/room.js",
        b"x" * 300,
        b"x/" * 2_000,
        b"%ff",
    ):
        answer = await raw(site, b"GET /static/" + path)
        assert answer.status == 404, path
        assert "import" not in answer.text
    assert (STATIC.parent / "app.py").is_file()


async def test_odd_ranges_and_conditions_get_the_file_or_a_refusal(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        for headers in (
            {"Range": "bytes=abc"},
            {"Range": "bytes=0-0,1-1,2-2"},
            {"Range": "bytes=99999999999-"},
            {"Range": "bytes=-99999999999"},
            {"If-Modified-Since": "yesterday"},
            {"If-None-Match": '"'},
            {"If-Range": "x", "Range": "bytes=0-1"},
        ):
            answer = await nobody.http.get("/static/layout/style.css", headers=headers)
            assert answer.status_code in (200, 206, 304, 416)
