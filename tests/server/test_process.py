"""The server under many at once."""

import asyncio

from tests.factories import Site
from tests.lines import (
    Raw,
)


async def test_three_hundred_may_come_at_once(site: Site) -> None:
    async def visit() -> bytes:
        raw = await Raw.open(site)
        raw.writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await raw.until_end()
        await raw.close()
        return answer

    answered = await asyncio.gather(*(visit() for _ in range(300)))
    assert {answer[:15] for answer in answered} == {b"HTTP/1.1 200 \r\n"}
