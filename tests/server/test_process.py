"""The server under peers that are slow, silent, rude or many: every limit and patch is guarded."""

import asyncio
import contextlib
import gc
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from quart import Quart, Response, request
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from littlechat.app import serve as serve_app
from littlechat.platform.database import Unavailable
from littlechat.realtime.feed import room_topic
from littlechat.realtime.frames import FRAME_BYTES_MAX, pack
from littlechat.server import process as serve
from tests.factories import WAIT_SECONDS, Person, Site
from tests.lines import CLOSE, DEFLATE, PING, TEXT, Raw, is_held, server_end, transports


async def until(condition: Callable[[], object]) -> None:
    """Return once `condition` holds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():
            await asyncio.sleep(0.05)  # `connections` looks at every object there is.


def connections() -> int:
    """Count the connections that are held."""
    return sum(is_held(transport) for transport in transports())


@pytest.fixture
async def ada(site: Site) -> AsyncIterator[Person]:
    async with Person(site, "Ada") as ada:
        yield await ada.register()


@pytest.fixture
async def room(ada: Person) -> str:
    return await ada.create_room("Garden")


async def answers(site: Site) -> bool:
    async with httpx.AsyncClient(base_url=site.url) as client:
        return (await client.get("/healthz")).status_code == 200


# Compression and sizes


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


async def test_message_above_the_limit_is_refused_with_1009(
    site: Site, ada: Person, room: str
) -> None:
    stream = await ada.stream(room)
    await stream.connection.send("x" * (FRAME_BYTES_MAX + 1))
    assert await stream.until_closed() == 1009


async def test_endless_frame_is_cut_and_not_kept(site: Site, ada: Person, room: str) -> None:
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    raw.send(0x80 | TEXT, b"", length=2**40)
    sent = 0
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(WAIT_SECONDS):
            while not raw.reader.at_eof() and not raw.writer.is_closing():
                raw.writer.write(b"x" * 65_536)
                await raw.writer.drain()
                await asyncio.sleep(0)
                sent += 65_536
    assert sent < 32 * 1024 * 1024
    await raw.close()
    await until(lambda: not site.services.realtime.hub.sockets)
    assert await answers(site)


async def test_http2_is_not_spoken_on_a_plain_connection(site: Site) -> None:
    raw = await Raw.open(site)
    raw.writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
    assert (await raw.until_end())[:9] in (b"HTTP/1.1 ", b"")
    await raw.close()
    async with httpx.AsyncClient(base_url=site.url) as client:
        upgrade = {"Connection": "Upgrade", "Upgrade": "h2c"}
        assert (await client.get("/healthz", headers=upgrade)).http_version == "HTTP/1.1"


# Frames written past the layers


def open_streams() -> list[serve.GuardedStream]:
    """Return the server's WebSockets in this process that are open."""
    found = [one for one in gc.get_objects() if type(one) is serve.GuardedStream]
    return [stream for stream in found if not stream.closed]


async def test_frames_arrive_whole_and_in_order_whichever_way_they_go(
    site: Site, ada: Person, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    past: list[bytes] = []
    write_now = serve.GuardedStream.write_now

    def count(stream: serve.GuardedStream, frame: bytes) -> bool:
        past.extend([frame] if (done := write_now(stream, frame)) else [])
        return done

    monkeypatch.setattr(serve.GuardedStream, "write_now", count)
    raw = await Raw.open(site, receive_buffer=2_048)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    await until(lambda: site.services.realtime.hub.members(room_topic(room)))
    (stream,) = open_streams()
    topic, sent, text, pings = room_topic(room), 0, "", 0
    for turn in (1, 2, 3):
        waiting = 0
        while waiting < 20:  # Until some wait for the peer, who reads nothing now.
            before = len(past)
            site.services.realtime.hub.deliver(topic, f"<{sent}>{'é' * (sent * 150 % 5_000)}")
            sent += 1
            waiting += len(past) == before
        ping = asyncio.create_task(stream.ping())
        while f"<{sent - 1}>" not in text or pings < turn:
            opcode, payload = await raw.frame()
            assert opcode in (TEXT, PING)
            pings += opcode == PING
            text += payload.decode() if opcode == TEXT else ""
        await ping
    assert re.findall(r"<(\d+)>", text) == [str(number) for number in range(sent)]
    assert len(past) > 3
    await raw.close()


async def test_what_a_connection_may_hold_is_where_its_writers_begin_to_wait(
    site: Site, ada: Person, room: str
) -> None:
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    end = await server_end(raw)
    assert end.get_write_buffer_limits()[1] == serve.UNSENT_BYTES
    (stream,) = open_streams()
    assert stream.write_now(pack(b"x"))
    assert not stream.write_now(bytes(serve.UNSENT_BYTES + 1))
    await raw.close()


async def test_nothing_is_written_after_a_close_frame(site: Site, ada: Person, room: str) -> None:
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    await until(lambda: site.services.realtime.hub.members(room_topic(room)))
    (stream,) = open_streams()
    raw.writer.write(bytes([0x80 | CLOSE, 0x82]) + bytes(4) + struct.pack("!H", 1000))
    while (opcode := (await raw.frame())[0]) != CLOSE:
        assert opcode == TEXT  # Who is online.
    assert not stream.write_now(pack(b"late"))
    assert await raw.until_end() == b""
    await raw.close()


# Slow and silent peers


@pytest.mark.parametrize("size", [2_000, 200_000], ids=["written at once", "by the writer"])
async def test_peer_that_stops_reading_is_cut_off_and_the_others_are_served(
    site: Site, ada: Person, room: str, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(serve, "WRITE_SECONDS", 1.0)
    stuck = await Raw.open(site, receive_buffer=2_048)
    await stuck.upgrade(ada, f"/rooms/{room}/socket")
    stuck.reader._transport.pause_reading()  # type: ignore[attr-defined]
    healthy = await ada.stream(room)
    await until(lambda: len(list(site.services.realtime.hub.members(room_topic(room)))) == 2)
    end = await server_end(stuck)
    async with asyncio.timeout(WAIT_SECONDS):
        while len(site.services.realtime.hub.sockets) == 2:
            for _ in range(200_000 // size):
                site.services.realtime.hub.deliver(room_topic(room), f"<i>{'x' * size}</i>")
            site.services.realtime.hub.deliver(room_topic(room), "<i>heard</i>")
            await healthy.until_text("heard")
    await until(lambda: not is_held(end))
    seq = await ada.say(room, "still here")
    await healthy.until(lambda dom: seq in dom.messages)
    await stuck.close()
    await healthy.close()


@pytest.mark.parametrize("whole", [True, False], ids=["while writing", "while closing"])
async def test_answer_that_nobody_takes_is_let_go(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(serve, "WRITE_SECONDS", 1.0)
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
        await until(lambda: end.get_write_buffer_size() >= 32_768)
        await until(lambda: not is_held(end))
        await raw.close()


async def test_pings_go_out_and_a_silent_peer_is_closed(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "PING_SECONDS", 0.5)
    monkeypatch.setattr(serve, "SILENCE_SECONDS", 4.0)  # Longer than a hash takes anywhere.
    clock = asyncio.get_running_loop().time
    async with Site(make_app()) as site, Person(site, "Ada") as ada:
        room = await (await ada.register()).create_room("Garden")
        answering = await ada.stream(room)
        silent = await Raw.open(site)
        await silent.upgrade(ada, f"/rooms/{room}/socket")
        since, pings = clock(), []
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    opcode, _ = await silent.frame()
                    if opcode == PING:
                        pings.append(clock())
        assert clock() - since > 3.6
        assert len(pings) >= 3
        assert len(pings) <= 1 + (clock() - since) / serve.PING_SECONDS
        seq = await ada.say(room, "still here")
        await answering.until(lambda dom: seq in dom.messages)
        await silent.close()
        await answering.close()


async def test_slow_sender_of_a_head_is_cut_off(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "HEADER_SECONDS", 1.0)
    async with Site(make_app()) as site:
        slow = await Raw.open(site)
        slow.writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        ending = asyncio.create_task(slow.until_end())
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(WAIT_SECONDS):
                while not ending.done():
                    slow.writer.write(b"x")
                    await slow.writer.drain()
                    await asyncio.sleep(0.01)
        await ending
        await slow.close()
        assert await answers(site)


async def test_an_idle_connection_ends_in_time_and_one_in_use_does_not(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "HEADER_SECONDS", 1.2)
    async with Site(make_app()) as site:
        raw = await Raw.open(site)
        clock, used = asyncio.get_running_loop().time, 0.0
        for _ in range(3):
            await asyncio.sleep(0.45)
            raw.writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            async with asyncio.timeout(WAIT_SECONDS):
                assert (await raw.reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200")
            used = clock()
        assert await raw.until_end() == b""
        assert 1.1 < clock() - used < WAIT_SECONDS
        await raw.close()


async def test_who_takes_a_long_answer_is_not_taken_for_silent(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "SILENCE_SECONDS", 1.2)
    app = make_app()

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"piece"
            await asyncio.sleep(0.35)

    app.add_url_rule("/long", view_func=lambda: Response(slowly()))
    async with Site(app) as site, httpx.AsyncClient(base_url=site.url) as client:
        assert (await client.get("/long")).text == "piece" * 5


async def test_a_whole_answer_is_one_write(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = await Raw.open(site)
    end, writes = await server_end(raw), []
    write = end.write

    def note(data: bytes) -> None:
        writes.append(bytes(data))
        write(data)

    monkeypatch.setattr(end, "write", note)
    for _ in range(2):
        raw.writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(WAIT_SECONDS):
            await raw.reader.readuntil(b"ok\n")
    raw.writer.write(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(WAIT_SECONDS):
        await raw.reader.readuntil(b"\r\n\r\n")
    assert len(writes) == 3
    assert writes[0].startswith(b"HTTP/1.1 200")
    assert writes[0].endswith(b"\r\n\r\nok\n")
    assert writes[2].startswith(b"HTTP/1.1 200")
    assert writes[2].endswith(b"\r\n\r\n")
    await raw.close()


async def test_requests_sent_together_are_answered_in_turn(site: Site) -> None:
    raw = await Raw.open(site)
    ask = "GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n"
    last = ask.format("/healthz", "Connection: close\r\n")
    raw.writer.write((ask.format("/healthz", "") + ask.format("/login", "") + last).encode())
    answer = await raw.until_end()
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.index(b"ok\n") < answer.index(b"</html>") < answer.rindex(b"ok\n")
    await raw.close()


def test_the_date_of_answers_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    config, moment = serve.configure(), 1_000_000.0
    monkeypatch.setattr("littlechat.server.process.time.time", lambda: moment)
    monkeypatch.setattr("hypercorn.config.time", lambda: moment)
    first = config.response_headers("h11")
    assert first == [(b"date", b"Mon, 12 Jan 1970 13:46:40 GMT")]
    moment += 0.9
    assert config.response_headers("h11") is first
    moment += 0.1
    assert config.response_headers("h11") == [(b"date", b"Mon, 12 Jan 1970 13:46:41 GMT")]


# What is left behind


@pytest.fixture
async def tasks(site: Site, ada: Person, room: str) -> Callable[[], int]:
    """Count the tasks, once everything that stays has been begun."""
    stream = await ada.stream(room)
    await stream.close()
    await ada.http.aclose()
    ada.http = httpx.AsyncClient(base_url=site.url, cookies=ada.http.cookies)
    await until(lambda: not connections())
    return lambda: len(asyncio.all_tasks())


async def test_closed_socket_leaves_no_task_behind(
    ada: Person, room: str, tasks: Callable[[], int]
) -> None:
    before = tasks()
    streams = [await ada.stream(room) for _ in range(5)]
    assert tasks() > before
    for stream in streams:
        await stream.close()
    await until(lambda: tasks() <= before)
    await until(lambda: not connections())


async def test_flooder_leaves_no_task_behind(
    site: Site, ada: Person, room: str, tasks: Callable[[], int]
) -> None:
    before = tasks()
    raw = await Raw.open(site)
    await raw.upgrade(ada, f"/rooms/{room}/socket")
    with contextlib.suppress(ConnectionError):
        for _ in range(10_000):
            raw.send(0x80 | TEXT, b"{}")
            await raw.writer.drain()
    await raw.until_end()
    await raw.close()
    await until(lambda: tasks() <= before)
    await until(lambda: not connections())


async def test_refused_upload_leaves_no_task_behind(site: Site, tasks: Callable[[], int]) -> None:
    before = tasks()
    raw = await Raw.open(site)
    head = "POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
    raw.writer.write(f"{head}Content-Length: 100000000\r\n\r\n".encode())
    async with asyncio.timeout(WAIT_SECONDS):
        assert b" 403 " in await raw.reader.readline()
    with contextlib.suppress(ConnectionError):
        for _ in range(160):
            raw.writer.write(bytes(65_536))
            await raw.writer.drain()
    await raw.until_end()
    await raw.close()
    await until(lambda: tasks() <= before)
    await until(lambda: not connections())


# Many


async def test_three_hundred_may_come_at_once(site: Site) -> None:
    async def visit() -> bytes:
        raw = await Raw.open(site)
        raw.writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await raw.until_end()
        await raw.close()
        return answer

    answered = await asyncio.gather(*(visit() for _ in range(300)))
    assert {answer[:15] for answer in answered} == {b"HTTP/1.1 200 \r\n"}


# Stopping


async def test_stop_sends_everybody_away_with_1012_and_lets_nobody_in(
    make_app: Callable[..., Quart],
) -> None:
    async with Site(make_app()) as site, Person(site, "Ada") as ada:
        room = await (await ada.register()).create_room("Garden")
        streams = [await ada.stream(room) for _ in range(20)]
        closing = [asyncio.create_task(stream.until_closed()) for stream in streams]
        begun = asyncio.get_running_loop().time()
        site.stop.set()
        await asyncio.wait(closing, return_when=asyncio.FIRST_COMPLETED)
        assert not all(task.done() for task in closing)  # Spread, so that nobody stampedes back.
        with pytest.raises((OSError, WebSocketException, asyncio.IncompleteReadError)):
            await ada.stream(room)
        assert [await task for task in closing] == [1012] * 20
        await asyncio.wait_for(site._serving, WAIT_SECONDS)
        assert asyncio.get_running_loop().time() - begun < serve.GRACE_SECONDS


@pytest.fixture
async def waiting(make_app: Callable[..., Quart]) -> tuple[Quart, asyncio.Event, asyncio.Event]:
    """An application with a request that is under way until told to end."""
    app, begun, end = make_app(), asyncio.Event(), asyncio.Event()

    @app.get("/wait")
    async def wait() -> str:
        begun.set()
        await end.wait()
        return "finished"

    return app, begun, end


async def test_stop_lets_a_request_in_flight_finish(
    waiting: tuple[Quart, asyncio.Event, asyncio.Event],
) -> None:
    app, begun, end = waiting
    async with Site(app) as site, httpx.AsyncClient(base_url=site.url) as client:
        asking = asyncio.create_task(client.get("/wait"))
        await begun.wait()
        idle = await Raw.open(site)
        site.stop.set()
        await idle.until_end()  # It asked for nothing, so it is not waited for.
        assert not site._serving.done()
        end.set()
        assert (await asking).text == "finished"
        await asyncio.wait_for(site._serving, serve.GRACE_SECONDS)
        await idle.close()


async def test_stop_does_not_wait_for_ever(
    waiting: tuple[Quart, asyncio.Event, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "GRACE_SECONDS", 0.3)
    app, begun, _ = waiting
    async with Site(app) as site, httpx.AsyncClient(base_url=site.url, timeout=60) as client:
        asking = asyncio.create_task(client.get("/wait"))
        await begun.wait()
        site.stop.set()
        with pytest.raises(httpx.TransportError):
            await asking
        await asyncio.wait_for(site._serving, WAIT_SECONDS)


async def test_application_that_cannot_start_says_why_itself(
    make_app: Callable[..., Quart],
) -> None:
    app = make_app()

    @app.before_serving
    async def fail() -> None:
        raise Unavailable("no database today")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        with pytest.raises(Unavailable, match="no database today"):
            await serve_app(asyncio.Event(), app, listening)
    await app.shutdown()


# Proxies


class Behind(Site):
    """A site that believes one proxy in front of it."""

    async def __aenter__(self) -> "Behind":
        serving = serve_app(self.stop, self.app, self._listening, 1)
        self._serving = asyncio.create_task(serving)
        return self


@pytest.mark.parametrize(
    ("kind", "seen"),
    [(Site, "127.0.0.1 http"), (Behind, "203.0.113.9 https")],
    ids=["no proxy", "one proxy"],
)
async def test_forwarded_headers_are_believed_only_from_a_proxy(
    make_app: Callable[..., Quart], kind: type[Site], seen: str
) -> None:
    app = make_app()

    @app.get("/who")
    async def show_who() -> str:
        return f"{request.remote_addr} {request.scheme}"

    forwarded = {
        # The client wrote the first address itself; the proxy added the second.
        "X-Forwarded-For": "198.51.100.7, 203.0.113.9",
        "X-Forwarded-Proto": "https",
    }
    async with kind(app) as site, httpx.AsyncClient(base_url=site.url) as client:
        assert (await client.get("/who", headers=forwarded)).text == seen
        assert (await client.get("/who")).text == "127.0.0.1 http"


@pytest.mark.parametrize("kind", [Site, Behind], ids=["no proxy", "one proxy"])
@pytest.mark.parametrize("scheme", ["https", "http", "wss"])
async def test_sockets_work_behind_a_proxy_that_names_the_scheme(
    make_app: Callable[..., Quart], kind: type[Site], scheme: str
) -> None:
    async with kind(make_app()) as site, Person(site, "Ada") as ada:
        room = await (await ada.register()).create_room("Garden")
        raw = await Raw.open(site)
        path = f"/rooms/{room}/socket"
        origin = f"https://{site.url.removeprefix('http://')}"
        await raw.upgrade(ada, path, X_Forwarded_Proto=scheme, Origin=origin)
        assert raw.head.startswith("HTTP/1.1 101")
        await raw.close()
