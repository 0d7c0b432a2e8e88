"""Peers that do not take what they are sent."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from quart import Quart, Response

from littlechat.realtime.feed import room_topic
from littlechat.server import write_timeout
from tests.factories import WAIT_SECONDS, Person, Site
from tests.lines import (
    Raw,
    eventually,
    is_held,
    server_end,
)


@pytest.mark.parametrize("size", [2_000, 200_000], ids=["written at once", "by the writer"])
async def test_peer_that_stops_reading_is_cut_off_and_the_others_are_served(
    site: Site, ada: Person, room: str, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(write_timeout, "WRITE_SECONDS", 1.0)
    stuck = await Raw.open(site, receive_buffer=2_048)
    await stuck.upgrade(ada, f"/rooms/{room}/socket")
    stuck.reader._transport.pause_reading()  # type: ignore[attr-defined]
    healthy = await ada.stream(room)
    await eventually(lambda: len(list(site.services.realtime.hub.members(room_topic(room)))) == 2)
    end = await server_end(stuck)
    async with asyncio.timeout(WAIT_SECONDS):
        while len(site.services.realtime.hub.sockets) == 2:
            for _ in range(200_000 // size):
                site.services.realtime.hub.deliver(room_topic(room), f"<i>{'x' * size}</i>")
            site.services.realtime.hub.deliver(room_topic(room), "<i>heard</i>")
            await healthy.until_text("heard")
    await eventually(lambda: not is_held(end))
    seq = await ada.say(room, "still here")
    await healthy.until(lambda dom: seq in dom.messages)
    await stuck.close()
    await healthy.close()


@pytest.mark.parametrize("whole", [True, False], ids=["while writing", "while closing"])
async def test_answer_that_nobody_takes_is_let_go(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(write_timeout, "WRITE_SECONDS", 1.0)
    app = make_app()
    async with Site(app) as site:
        raw = await Raw.open(site, receive_buffer=2_048)
        raw.reader._transport.pause_reading()  # type: ignore[attr-defined]
        end = await server_end(raw)

        async def show_much() -> AsyncIterator[bytes]:
            # In pieces, it is over as soon as the system takes no more and little is left to us.
            while whole or end.get_write_buffer_size() < 32_768:
                yield bytes(16_384)

        app.add_url_rule("/much", view_func=lambda: Response(show_much()))
        raw.writer.write(b"GET /much HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await eventually(lambda: end.get_write_buffer_size() >= 32_768)
        await eventually(lambda: not is_held(end))
        await raw.close()
