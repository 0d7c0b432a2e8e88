"""The manifest, the worker and the page without a line: for anybody, with nothing of anybody's."""

import re
import struct
from html import unescape

from littlechat.rendering.static_addresses import STATIC
from tests.attacks import insiders
from tests.factories import Person, Site


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack("!II", png[16:24])
    return width, height


async def test_the_manifest_names_pictures_that_are_there(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        answer = await nobody.get("/manifest.webmanifest")
        assert answer.headers["content-type"] == "application/manifest+json"
        manifest = answer.json()
        assert (manifest["start_url"], manifest["display"]) == ("/rooms", "standalone")
        sizes = {icon["sizes"] for icon in manifest["icons"]}
        assert {"192x192", "512x512", "any"} <= sizes
        assert "maskable" in {icon.get("purpose") for icon in manifest["icons"]}
        for icon in manifest["icons"]:
            picture = await nobody.get(icon["src"])
            assert picture.headers["content-type"].startswith(icon["type"])
            if icon["sizes"] != "any":
                assert "{}x{}".format(*size(picture.content)) == icon["sizes"]


def test_the_pictures_are_small() -> None:
    for path in STATIC.rglob("*.png"):
        assert path.stat().st_size < 20_000


async def test_the_worker_minds_every_page_and_is_asked_for_anew(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        answer = await nobody.get("/sw.js?v=1")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["service-worker-allowed"] == "/"
        assert answer.headers["cache-control"] == "no-cache"
        assert "worker-src 'self'" in answer.headers["content-security-policy"]


async def test_the_page_without_a_line_is_the_same_for_everybody(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        page = (await nobody.get("/offline")).text
        assert (await ada.get("/offline")).text == page
        parts = re.findall(r'"(/static/[^"]+(?:\?|&amp;)kept)"', page)
        assert len(parts) == len(re.findall("/static/", page)) == 4
        for part in parts:
            assert (await nobody.get(unescape(part))).status_code == 200


async def test_only_pages_of_somebody_put_up_the_worker(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        assert '<meta name="worker" content="/sw.js?v=' in (await ada.get("/rooms")).text
        assert "worker" not in (await nobody.get("/login")).text
        assert 'rel="manifest"' in (await nobody.get("/login")).text
