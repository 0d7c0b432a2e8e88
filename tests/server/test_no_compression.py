"""Compression is neither agreed to nor done."""

from websockets.asyncio.client import connect

from tests.factories import Person, Site
from tests.lines import (
    DEFLATE,
    TEXT,
    Raw,
    answers,
)


async def test_compression_is_not_agreed_to_even_when_offered(
    site: Site, ada: Person, room: str
) -> None:
    raw = await Raw.open(site)
    path = f"/rooms/{room}/socket"
    await raw.upgrade(ada, path, Sec_WebSocket_Extensions=DEFLATE)
    assert raw.head.startswith("HTTP/1.1 101")
    assert "extensions" not in raw.head.lower()
    await raw.close()
    url, headers = site.url.replace("http", "ws") + path, {"Cookie": ada.cookies()}
    async with connect(
        url, additional_headers=headers, compression="deflate", proxy=None
    ) as offering:
        assert offering.protocol.extensions == []


async def test_deflated_frame_ends_its_connection_and_inflates_nothing(
    site: Site, ada: Person, room: str
) -> None:
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket", Sec_WebSocket_Extensions=DEFLATE)
    raw.send(0xC0 | TEXT, b"\x00" * 1_000)  # FIN and RSV1
    await raw.until_end()
    await raw.close()
    assert await answers(site)
