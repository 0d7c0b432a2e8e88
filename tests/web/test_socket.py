"""Sockets: who is refused, what may come up them, how much of it, and what never goes down."""

import asyncio
import contextlib
import gc
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from littlechat.core.limits import LOBBY
from littlechat.realtime.frames import BAD_FRAMES_MAX, FRAME_BYTES_MAX, FRAMES_BURST
from littlechat.web.socket import SOCKETS_MAX
from tests.attacks import found_room, handshake, insiders
from tests.factories import WAIT_SECONDS, Person, Site, Stream

TYPING = json.dumps({"type": "typing", "headers": {"HX-Request": "true"}})
BEAT = json.dumps({"type": "beat"})
BAD = (
    "",
    "{",
    "null",
    "[]",
    '"typing"',
    "1e999",
    "NaN",
    "{}",
    '{"type": null}',
    '{"type": ["typing"]}',
    '{"type": {"$ne": ""}}',
    '{"type": "TYPING"}',
    '{"type": "say", "body": "hello", "room": "lobby"}',
    '{"type": "message"}',
    '{"typing": true}',
    "[" * 4_000,
    '{"type":' * 500,
    "\x00",
    b"",
    b"\x00\xff",
    TYPING.encode(),
    b"\xff" * 1_000,
)


@asynccontextmanager
async def streaming(
    *people: Person, room: str, after: str | None = None
) -> AsyncIterator[list[Stream]]:
    """Open everybody's socket in a room, and close them."""
    streams = [await person.stream(room, after) for person in people]
    yield streams
    for stream in streams:
        await stream.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let the server work until something is so."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():
            await asyncio.sleep(0)


async def send_all(stream: Stream, frames: list[str | bytes]) -> int:
    """Send frames for as long as the server takes them; return the code it closed with."""
    try:
        for frame in frames:
            await stream.connection.send(frame)
    except ConnectionClosed:
        pass
    return await stream.until_closed()


def opening(path: str, person: Person) -> bytes:
    """Return a handshake as bytes, for what no client library would do with it."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {person.cookies()}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


# Who is let in


async def test_sockets_are_refused_before_they_open(site: Site) -> None:
    async with insiders(site, "Ada", "Dan", "nobody") as (ada, dan, nobody):
        public = await found_room(site, "Garden", ada)
        private = await found_room(site, "Den", ada, visibility="private")
        for room in (public, private):
            path = f"/rooms/{room}/socket"
            assert await handshake(ada, path) == 101
            assert await handshake(nobody, path) == 401
            assert await handshake(dan, path) == 404
            assert await handshake(dan, f"{path}?after=c0-0") == 404
            assert await handshake(ada, path, Origin="https://evil.example") == 403
            assert await handshake(nobody, path, Origin="https://evil.example") == 403
        for room in ("nowhere", "%00", "x" * 3_000, "[$ne]", "..%2flobby"):
            assert await handshake(dan, f"/rooms/{room}/socket") == 404
        await until(lambda: not site.services.realtime.hub.sockets)


async def test_an_outsider_receives_no_frame(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Dan") as (ada, ben, dan):
        room = await found_room(site, "Den", ada, ben, visibility="private")
        own = await found_room(site, "Elsewhere", dan)
        plain = Stream(await dan.connect("/socket"))
        async with (
            streaming(ada, ben, room=room) as (hers, his),
            streaming(dan, room=own) as (dans,),
        ):
            await ada.say(room, "hidden words")
            await his.until_text("hidden words")
            await hers.connection.send(TYPING)
            await his.until(lambda dom: dom.typing.startswith("Ada is typing"))
            await ada.post(f"/rooms/{room}/messages/1/edit", body="hidden again")
            await his.until_text("hidden again")
            await dan.say(own, "his own")
            await dans.until_text("his own")
            await ada.create_room("Cellar")
            await plain.until_text("rooms-news")
        # Who is online is no secret among those with an account; where they are is one.
        frames = [one for one in (*dans.frames, *plain.frames) if 'id="everybody"' not in one]
        assert len(frames) > 3
        for frame in frames:
            for word in ("hidden words", "hidden again", "Ada", "Ben", room, "Den", "Cellar"):
                assert word not in frame
        await plain.close()


async def test_one_person_holds_a_bounded_number_of_sockets(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        opened = [await ada.connect("/socket") for _ in range(SOCKETS_MAX)]
        assert await handshake(ada, "/socket") == 429
        assert await handshake(ben, "/socket") == 101
        await asyncio.gather(*(socket.close() for socket in opened))
        await until(lambda: not site.services.realtime.hub.sockets)
        assert await handshake(ada, "/socket") == 101
        while (status := await handshake(ada, "/socket")) == 101:
            pass  # The rate of opening is bounded as well.
        assert status == 429


# Cursors


async def test_a_cursor_brings_what_was_missed_and_nothing_else(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        for number in range(4):
            await ada.say(room, f"m{number}")
        async with streaming(ben, room=room, after="c2-0") as (stream,):
            dom = await stream.until(lambda dom: len(dom.seqs) == 2)
            assert (dom.seqs, dom.cursor) == ([3, 4], "c4-0")
        async with streaming(ben, room=room) as (stream,):
            await ada.say(room, "from now on")
            dom = await stream.until(lambda dom: bool(dom.seqs))
            assert dom.seqs == [5]


NO_CURSORS = (
    "c999-999",
    "c999999999999999-0",
    "c0-999999999999999",
    "c9999999999999999999-0",
    "garbage",
    "",
    "c-1-0",
    "c1",
    "١-٢",
    "%00",
    "[$gt]",
    "x" * 4_000,
)


async def test_a_cursor_that_is_none_brings_a_fresh_list(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        await ada.say(room, "hello")
        for after in NO_CURSORS:
            async with streaming(ada, room=room, after=after) as (stream,):
                frame = await stream.until_text("hello")
                assert 'hx-swap-oob="reload:#messages"' in frame
                assert (stream.dom.seqs, stream.dom.cursor) == ([1], "c1-0")


# What comes up


async def test_signals_are_taken_and_typing_is_shown_to_the_others(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        async with streaming(ada, ben, room=room) as (hers, his):
            await hers.connection.send(BEAT)
            await hers.connection.send(TYPING)
            await his.until(lambda dom: dom.typing == "Ada is typing…")
            await ada.say(room, "sent")
            await his.until(lambda dom: dom.typing == "")
            assert "Ada is typing" not in str(hers.frames)


async def test_a_few_bad_frames_are_refused_and_many_close_with_1008(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        async with streaming(ben, room=room) as (his,):
            for bad in BAD:
                async with streaming(ada, room=room) as (hers,):
                    for _ in range(BAD_FRAMES_MAX):
                        await hers.connection.send(bad)
                    await hers.connection.send(TYPING)
                    await his.until(lambda dom: dom.typing == "Ada is typing…")
                    await ada.say(room, "she may stay")
                    await hers.until_text("she may stay")
                    await his.until(lambda dom: dom.typing == "")
                    await hers.connection.send(bad)
                    assert await hers.until_closed() == 1008, bad
            await ada.say(room, "and he heard everything")
            await his.until_text("and he heard everything")
            assert his.dom.seqs == list(range(1, len(BAD) + 2))


async def test_a_giant_frame_ends_its_own_socket_alone(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        async with streaming(ben, room=room) as (his,):
            giants: tuple[object, ...] = (
                "x" * (FRAME_BYTES_MAX + 1),
                b"x" * (FRAME_BYTES_MAX + 1),
                TYPING + " " * 1_000_000,
                ["x" * 1_000] * 1_000,  # In pieces, each of them small.
            )
            for giant in giants:
                async with streaming(ada, room=room) as (hers,):
                    with contextlib.suppress(ConnectionClosed):
                        await hers.connection.send(giant)  # type: ignore[arg-type]
                    assert await hers.until_closed() in (1009, 1006)
            await ada.say(room, "all is well")
            await his.until_text("all is well")
            assert "is typing" not in str(his.frames)


async def test_a_flood_is_cut_off_and_disturbs_nobody(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo):
        room = await found_room(site, "Garden", ada, ben, cleo)
        for frame in (TYPING, BEAT, "{", b"\x00"):
            async with streaming(ada, ben, cleo, room=room) as (hers, his, cleos):
                flood = asyncio.create_task(send_all(hers, [frame] * 10_000))
                began = len(his.dom.seqs)
                for number in range(5):
                    await ben.say(room, f"calm {number}")
                for stream in (his, cleos):
                    await stream.until(lambda dom, n=began: len(dom.seqs) == n + 5)  # type: ignore[misc]
                # Whoever floods on after the close may have its connection reset before reading it.
                assert await flood in (1008, 1006)
                frames = sum("Ada is typing" in one for one in his.frames)
                assert frames <= 2


async def test_the_frame_past_the_allowance_closes_with_1008(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        for path in ("/socket", f"/rooms/{await found_room(site, 'Garden', ada)}/socket"):
            stream = Stream(await ada.connect(path))
            # A few may be granted anew while these are on their way.
            assert await send_all(stream, [BEAT] * (FRAMES_BURST + 10)) == 1008


async def test_a_burst_leaves_no_memory_behind(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        big = json.dumps({"type": "typing", "x": "x" * 3_900})

        async def burst() -> None:
            stream = await ada.stream(room)
            assert await send_all(stream, [big] * 2_000) in (1008, 1006)
            await until(lambda: not site.services.realtime.hub.sockets)
            gc.collect()

        tracemalloc.start()
        for _ in range(4):
            await burst()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # Four times 7.8 MB were sent. What remains belongs to connections that are still closing.
        assert peak < 3_000_000


async def test_who_floods_on_and_never_closes_is_hung_up_on(site: Site) -> None:
    # The server was told of the end through the very queue that the flood had filled, and held the
    # connection for as long as its peer did.
    async with insiders(site, "Ada") as (ada,):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(opening("/socket", ada))
        try:
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            async with asyncio.timeout(WAIT_SECONDS):
                with contextlib.suppress(ConnectionError):
                    while not reader.at_eof():
                        writer.write((b"\x81\x80" + bytes(4)) * 1_000)
                        await writer.drain()
                        await asyncio.sleep(0)
            await until(lambda: not site.services.realtime.hub.sockets)
        finally:
            writer.transport.abort()


async def test_who_speaks_before_the_handshake_is_answered_is_not_here(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Hypercorn answers 400 and never says so: the socket stayed, and its person online, for ever.
    hub = site.services.realtime.hub
    opened: list[object] = []
    open_socket = hub.open

    def note(*arguments: Any) -> Any:
        opened.append(arguments)
        return open_socket(*arguments)

    monkeypatch.setattr(hub, "open", note)
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        for path in ("/socket", f"/rooms/{room}/socket"):
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(opening(path, ada) + b"\x81\x80" + bytes(4))
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 400")
            writer.close()
            await writer.wait_closed()
        await until(lambda: len(opened) == 2)
        await until(lambda: not site.services.realtime.hub.sockets)
        async with streaming(ben, room=room) as (his,):
            await his.until(lambda dom: dom.online == ["Ben"])


# Presence


async def test_two_tabs_of_one_person_are_online_once(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben), Person(other_site, "Ada") as ada_there:
        ada_there.http.cookies = ada.http.cookies
        room = await found_room(site, "Garden", ada, ben)
        async with streaming(ben, ada, ada, ada_there, room=room) as (his, one, two, there):
            await his.until(lambda dom: dom.online == ["Ada", "Ben"])
            await there.until(lambda dom: dom.online == ["Ada", "Ben"])
            await one.close()
            await two.close()
            await ben.say(room, "she is still here, in another process")
            await his.until_text("she is still here")
            assert his.dom.online == ["Ada", "Ben"]
            await there.close()
            await his.until(lambda dom: dom.online == ["Ben"])


async def test_who_vanishes_without_a_word_fades(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben)
        async with streaming(ben, ada, room=room) as (his, hers):
            await his.until(lambda dom: dom.online == ["Ada", "Ben"])
            hers.connection.transport.abort()
            await his.until(lambda dom: dom.online == ["Ben"])


async def test_who_is_kicked_is_seen_to_go(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        await ada.join(LOBBY)
        await ben.join(LOBBY)
        async with streaming(ada, ben, room=LOBBY) as (hers, his):
            await hers.until(lambda dom: dom.online == ["Ada", "Ben"])
            await ben.post("/logout")
            assert await his.until_closed() == 1008
            assert his.connection.close_reason == "signed out"
            await hers.until(lambda dom: dom.online == ["Ada"])


# Revocations while a socket is opening


async def test_no_socket_survives_a_logout_that_races_its_opening(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        await ada.join(LOBBY)

        async def open_one(path: str) -> int:
            try:
                connection = await ada.connect(path)
            except Exception:  # noqa: BLE001 - refused, in whichever way
                return 0
            return await Stream(connection).until_closed()

        paths = (f"/rooms/{LOBBY}/socket?after=c0-0", "/socket") * 5
        opening = [asyncio.create_task(open_one(path)) for path in paths]
        out: Awaitable[object] = ada.post("/logout")
        await out
        assert set(await asyncio.gather(*opening)) <= {0, 1008}
        await until(lambda: not site.services.realtime.hub.sockets)
