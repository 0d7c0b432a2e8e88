"""Routes do not depend on the host."""

import pytest

from tests.factories import Site
from tests.lines import Raw


@pytest.mark.parametrize("host", ["[", "a b", "localhost:port", "é"])
async def test_malformed_host_gets_a_page(site: Site, host: str) -> None:
    raw = await Raw.open(site)
    raw.writer.write(f"GET /login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await raw.until_end()
    await raw.close()
    assert answer.startswith(b"HTTP/1.1 421")
    assert b"does not answer to the name" in answer
