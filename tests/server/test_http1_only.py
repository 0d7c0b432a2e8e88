"""Connections stay with HTTP/1.1."""

import httpx

from tests.factories import Site
from tests.lines import (
    Raw,
)


async def test_http2_is_not_spoken_on_a_plain_connection(site: Site) -> None:
    raw = await Raw.open(site)
    raw.writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
    assert (await raw.until_end())[:9] in (b"HTTP/1.1 ", b"")
    await raw.close()
    async with httpx.AsyncClient(base_url=site.url) as client:
        upgrade = {"Connection": "Upgrade", "Upgrade": "h2c"}
        assert (await client.get("/healthz", headers=upgrade)).http_version == "HTTP/1.1"
