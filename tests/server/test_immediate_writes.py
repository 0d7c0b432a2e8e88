"""Writes to a peer that takes everything, and to one that does not."""

import asyncio
from collections.abc import Callable

import pytest
from quart import Quart, Response

from littlechat.server import write_timeout
from tests.factories import WAIT_SECONDS, Site
from tests.lines import Raw, answers


async def test_write_that_is_taken_at_once_waits_for_nothing(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[int] = []
    begin = write_timeout.WriteTimeout._begin

    def note(timeout: write_timeout.WriteTimeout, unsent: int) -> asyncio.TimerHandle:
        began.append(unsent)
        return begin(timeout, unsent)

    app, size = make_app(), 8 * 1024 * 1024
    app.add_url_rule("/much", view_func=lambda: Response(bytes(size)))
    async with Site(app) as site:
        raw = await Raw.open(site)
        monkeypatch.setattr(write_timeout.WriteTimeout, "_begin", note)
        for address, end in (("/healthz", b"ok\n"), ("/much", bytes(1_000))):
            raw.writer.write(f"GET {address} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            async with asyncio.timeout(WAIT_SECONDS):
                head = await raw.reader.readuntil(b"\r\n\r\n")
                length = size if address == "/much" else len(end)
                assert (await raw.reader.readexactly(length)).endswith(end)
            assert head.startswith(b"HTTP/1.1 200")
            assert bool(began) == (address == "/much")
        await raw.close()
        assert await answers(site)
