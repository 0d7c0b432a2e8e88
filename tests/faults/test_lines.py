"""Lines that fall silent, are thin, or end in one direction: what both their ends see of it."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from littlechat.app import create_app
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database
from littlechat.realtime import hub
from littlechat.realtime.hub import OUTBOX_BYTES, OVERLOAD, POLICY
from littlechat.server import idle_timeout, pings, write_timeout
from littlechat.server.direct_frames import UNSENT_BYTES
from tests.factories import WAIT_SECONDS, Dom, Person, Site, Stream
from tests.lines import LINE_BUFFER_BYTES, Proxy, Raw, is_held, transports

LONG = "word " * 1_000
"""A message of 5 kB."""


@pytest.fixture
async def site(db: Database, settings: Settings) -> AsyncIterator[Site]:
    """A server that lets people write as fast as they can, on a system that takes little off it."""
    async with Site(create_app(replace(settings, rate_limits=False))) as site:
        # Left to itself, the system would take most of a megabyte before the server waited.
        site._listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LINE_BUFFER_BYTES)
        yield site


@dataclass
class Heads:
    """Two pages of one room: Ben's is near the server, Ada's far, at the end of a line."""

    line: Proxy
    room: str
    ada: Person
    ben: Person
    hers: Stream
    his: Stream


@asynccontextmanager
async def ends(site: Site) -> AsyncIterator[Heads]:
    """Let both in, and let them say hello."""
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(Proxy(site))
        ada = await stack.enter_async_context(Person(line.url, "Ada"))
        near = await stack.enter_async_context(Person(site, "Ada"))
        ben = await stack.enter_async_context(Person(site, "Ben"))
        # Each post on a connection of its own: an idle one may be given up as it is used again.
        ben.http.headers["Connection"] = "close"
        ada.http.cookies = (await near.register()).http.cookies
        room = await near.create_room("Garden")
        await (await ben.register()).join(room)
        cursor = (await ben.page(room)).cursor
        streams = [await who.stream(room, cursor) for who in (ada, ben)]
        await ben.say(room, "hello")
        for stream in streams:
            await stream.until(lambda dom: dom.texts == ["hello"])
        yield Heads(line, room, ada, ben, *streams)
        for stream in streams:
            stream.connection.transport.abort()


def arrivals(stream: Stream) -> list[int]:
    """Return the numbers of the messages that came, in the order in which they did."""
    return [seq for frame in stream.frames for seq in Dom(frame).messages]


def held(site: Site, line: Proxy) -> list[object]:
    """Return what the server holds for those at the end of a line: sockets, and connections."""
    sockets = [one for one in site.services.realtime.hub.sockets if one.name == "Ada"]
    mine = [end for end in transports() if end.get_extra_info("peername") in line.addresses()]
    return [*sockets, *(end for end in mine if is_held(end))]


async def until(condition: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    """Return once `condition` holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


# Silent lines


@pytest.fixture
def quick_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a server ping every 2 s, not 20, and give up after 5 s of silence, not 50."""
    assert pings.PING_SECONDS * 2 < idle_timeout.SILENT_SECONDS < 60 - 5
    monkeypatch.setattr(pings, "PING_SECONDS", pings.PING_SECONDS / 10)
    monkeypatch.setattr(idle_timeout, "SILENT_SECONDS", idle_timeout.SILENT_SECONDS / 10)


@pytest.mark.usefixtures("quick_pings")
async def test_short_partition_only_delays_and_a_long_one_is_healed(site: Site) -> None:
    async with ends(site) as at:
        at.line.hold()
        await at.ben.say(at.room, "during the short one")
        await at.his.until(lambda dom: len(dom.messages) == 2)
        await asyncio.sleep(1.2 * pings.PING_SECONDS)  # A ping goes unanswered.
        assert at.hers.dom.texts == ["hello"]
        at.line.release()
        await at.hers.until(lambda dom: len(dom.messages) == 2)
        at.line.hold()
        await at.ben.say(at.room, "during the long one")
        # The server finds the half-open line by itself, and holds nothing for it any longer.
        await until(lambda: not held(site, at.line))
        at.line.release()
        at.line.cut()
        back = await at.ada.come_back(at.room, at.hers.dom)
        await at.ben.say(at.room, "after")
        texts = ["hello", "during the short one", "during the long one", "after"]
        for stream in (at.his, back):
            dom = await stream.until(lambda dom: len(dom.messages) == 4)
            assert dom.texts == texts
            assert dom.doubled == []
        await back.close()


@pytest.mark.parametrize("flooding", [False, True], ids=["quiet", "flooding"])
async def test_what_waits_for_one_who_takes_nothing_is_bounded(site: Site, flooding: bool) -> None:
    async with ends(site) as at:
        (hers,) = (one for one in site.services.realtime.hub.sockets if one.name == "Ada")
        (end,) = (one for one in held(site, at.line) if isinstance(one, asyncio.WriteTransport))
        at.line.down.hold()
        flood = asyncio.create_task(send_typing(at.hers, 10_000 if flooding else 0))
        outbox = unsent = 0
        for number in range(100):
            await at.ben.say(at.room, f"{number} {LONG}")
            await at.his.next()
            outbox = max(outbox, hers._bytes)
            unsent = max(unsent, end.get_write_buffer_size())
        assert outbox <= OUTBOX_BYTES
        assert flooding or outbox > OUTBOX_BYTES // 2
        assert unsent <= UNSENT_BYTES + OUTBOX_BYTES
        await until(lambda: hers not in site.services.realtime.hub.sockets)
        assert hers.close_code == (POLICY if flooding else OVERLOAD)
        assert hers._bytes == 0
        dom = await at.his.until(lambda dom: len(dom.messages) == 101)
        assert arrivals(at.his) == dom.seqs == list(range(1, 102))
        at.line.cut()
        await flood


async def send_typing(stream: Stream, times: int) -> None:
    with contextlib.suppress(ConnectionClosed):
        for _ in range(times):
            await stream.connection.send('{"type": "typing"}')


# Thin lines


async def test_page_on_a_thin_line_gets_everything_late_and_in_order(site: Site) -> None:
    async with ends(site) as at:
        at.line.down.bytes_per_second = 10_000
        hearing = asyncio.create_task(at.hers.listen())
        for number in range(30):
            await at.ben.say(at.room, f"{number} {LONG}")
        await at.his.until(lambda dom: len(dom.messages) == 31)
        assert len(at.hers.dom.messages) < 20, "the line was not thin"
        at.line.down.bytes_per_second = 100_000
        await until(lambda: len(at.hers.dom.messages) == 31)
        assert arrivals(at.hers) == arrivals(at.his) == list(range(1, 32))
        assert at.hers.dom.texts == at.his.dom.texts
        assert site.services.realtime.hub.counters.overflowed == 0
        at.line.cut()
        assert await hearing == 1006


async def test_page_on_a_line_too_thin_is_closed_and_healed(site: Site) -> None:
    async with ends(site) as at:
        at.line.down.bytes_per_second = 10_000
        hearing = asyncio.create_task(at.hers.listen())
        (hers,) = (one for one in site.services.realtime.hub.sockets if one.name == "Ada")
        most = last = 0
        while hers.close_code is None:
            last = await at.ben.say(at.room, f"{last} {LONG}")
            await at.his.next()
            most = max(most, hers._bytes)
        assert OUTBOX_BYTES // 2 < most <= OUTBOX_BYTES
        assert site.services.realtime.hub.counters.overflowed == 1
        await at.his.until(lambda dom: last in dom.messages)
        at.line.down.bytes_per_second = 200_000
        assert await asyncio.wait_for(hearing, WAIT_SECONDS) in (OVERLOAD, 1006)
        seen = arrivals(at.hers)
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) < last
        back = await at.ada.come_back(at.room, at.hers.dom)
        dom = await back.until(lambda dom: last in dom.messages)
        assert dom.texts == [at.his.dom.messages[seq].text for seq in dom.seqs]
        assert dom.seqs == list(range(dom.seqs[0], last + 1))
        await back.close()


async def test_page_that_missed_much_comes_back_over_a_thin_line(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Seconds of the real limits are tenths here. What a line takes without a pause may take long.
    assert write_timeout.WRITE_SECONDS < idle_timeout.SILENT_SECONDS
    monkeypatch.setattr(write_timeout, "WRITE_SECONDS", write_timeout.WRITE_SECONDS / 10)
    monkeypatch.setattr(hub, "WRITE_SECONDS", hub.WRITE_SECONDS / 10)
    async with ends(site) as at:
        await at.hers.close()
        for number in range(60):
            await at.ben.say(at.room, f"{number} {LONG}")
        at.line.down.bytes_per_second = 100_000
        back = await at.ada.come_back(at.room, at.hers.dom)
        began = time.monotonic()
        dom = await back.until(lambda dom: len(dom.messages) == 61)
        assert time.monotonic() - began > 1.2 * write_timeout.WRITE_SECONDS, "the line was not thin"
        assert dom.seqs == list(range(1, 62))
        await back.close()


async def test_page_that_takes_too_little_of_a_frame_is_cut_off(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_timeout, "WRITE_SECONDS", 0.5)
    async with ends(site) as at:
        await at.hers.close()
        for number in range(60):
            await at.ben.say(at.room, f"{number} {LONG}")
        at.line.down.bytes_per_second = write_timeout.TAKEN_BYTES
        back = await at.ada.come_back(at.room, at.hers.dom)
        assert await back.until_closed() == 1006
        assert arrivals(back) == []
        await until(lambda: not held(site, at.line))


# Lines that end in one direction

Ail = Callable[[Proxy], None]
AILMENTS: dict[str, Ail] = {
    "the server hears the end": lambda line: line.up.shut(),
    "the page hears the end": lambda line: line.down.shut(),
    "the server hears nothing": lambda line: line.up.hold(),
    "the page hears nothing": lambda line: line.down.hold(),
}


@pytest.mark.usefixtures("quick_pings")
@pytest.mark.parametrize("ailment", AILMENTS)
async def test_half_of_a_line_is_found_out_and_its_page_healed(site: Site, ailment: str) -> None:
    async with ends(site) as at:
        assert len(held(site, at.line)) == 2
        ended = asyncio.create_task(at.hers.listen())
        AILMENTS[ailment](at.line)
        await at.ben.say(at.room, "half")
        await at.his.until(lambda dom: len(dom.messages) == 2)
        await until(lambda: not held(site, at.line))
        at.line.release()
        assert await asyncio.wait_for(ended, WAIT_SECONDS) == 1006
        back = await at.ada.come_back(at.room, at.hers.dom)
        await at.ben.say(at.room, "whole")
        for stream in (at.his, back):
            dom = await stream.until(lambda dom: len(dom.messages) == 3)
            assert (dom.texts, dom.doubled) == (["hello", "half", "whole"], [])
        assert arrivals(at.his) == [1, 2, 3]
        await back.close()


@pytest.mark.usefixtures("quick_pings")
@pytest.mark.parametrize("ailment", AILMENTS)
async def test_half_of_a_line_to_one_who_never_hangs_up_is_let_go(site: Site, ailment: str) -> None:
    async with ends(site) as at:
        at.hers.connection.transport.abort()
        await until(lambda: not held(site, at.line))
        raw = await (await Raw.open(at.line)).upgrade(at.ada, f"/rooms/{at.room}/socket")
        await until(lambda: len(held(site, at.line)) == 2)
        AILMENTS[ailment](at.line)
        await until(lambda: not held(site, at.line))
        assert not raw.writer.is_closing()
        await at.ben.say(at.room, "still here")
        await at.his.until(lambda dom: dom.texts == ["hello", "still here"])
        await raw.close()


@pytest.mark.parametrize("way", ["up", "down"])
async def test_post_whose_answer_is_lost_on_half_a_line_is_posted_once(
    site: Site, way: str
) -> None:
    async with ends(site) as at:
        at.line.down.hold()
        sending = asyncio.create_task(at.ada.say(at.room, "once", "once-1"))
        await at.his.until(lambda dom: len(dom.messages) == 2)
        getattr(at.line, way).shut()
        at.line.release()
        with contextlib.suppress(httpx.TransportError):
            await sending
        with contextlib.suppress(httpx.TransportError):
            await at.ada.say(at.room, "once", "once-1")  # On what is left of the connection.
        assert await at.ada.say(at.room, "once", "once-1") == 2
        assert await at.ada.say(at.room, "after", "once-2") == 3
        dom = await at.his.until(lambda dom: len(dom.messages) == 3)
        assert dom.texts == ["hello", "once", "after"]
        assert arrivals(at.his) == [1, 2, 3]
