"""Kills, cuts, losses and stops: what was acknowledged is there once, in order, for everybody."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from quart import Quart

from littlechat.app import create_app
from littlechat.core.messages import Cursor
from littlechat.core.names import new_id
from littlechat.platform.bus import (
    Event,
    MemoryBroker,
    MemoryBus,
)
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database
from littlechat.platform.database_process import command_line
from littlechat.platform.redis_bus import RedisBus
from littlechat.realtime import feed
from littlechat.text.quotes import REMOVED
from tests.factories import KICK_SECONDS, Dom, Person, Shown, Site, Stream, command
from tests.programs import RedisServer, require

START_SECONDS = 40
REMOVED_TEXT = "This message was removed."
MANY = 300


class LossyBus(MemoryBus):
    """A bus that uses its licence: it loses events, repeats them, and lets them overtake."""

    def __init__(self, broker: MemoryBroker, seed: int = 0) -> None:
        super().__init__(broker)
        self._random = random.Random(seed)
        self._late: list[tuple[str, Event]] = []

    def publish(self, topic: str, event: Event) -> None:
        late, self._late = self._late, []
        if event["kind"] in ("posted", "changed"):
            fate = self._random.random()
            if fate < 0.2:
                return
            if fate < 0.4:
                self._late.append((topic, event))
                return
            if fate < 0.6:
                super().publish(topic, event)
        super().publish(topic, event)
        for held in late:
            super().publish(*held)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 40) -> None:
    """Ask again and again until it is so."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def try_to_say(person: Person, room: str, body: str) -> bool:
    """Post once; return whether it was acknowledged. The body is its client_id too."""
    with contextlib.suppress(httpx.HTTPError):
        answer = await person.post(f"/rooms/{room}/messages", htmx=True, body=body, client_id=body)
        return answer.status_code == 201
    return False


async def all_texts(person: Person, room: str) -> list[str]:
    """Return everything said in a room, read as a person would: page by page."""
    texts: list[str] = []
    after = 0
    while True:
        answer = await person.get(f"/rooms/{room}/messages?after={after}&limit=100", htmx=True)
        assert answer.status_code == 200
        dom = Dom(answer.text)
        if not dom.messages:
            return texts
        assert dom.seqs == list(range(after + 1, after + 1 + len(dom.seqs))), "a hole"
        texts += dom.texts
        after = dom.seqs[-1]


async def two_in_a_room(
    stack: AsyncExitStack, hers: Site | str, his: Site | str | None = None
) -> tuple[Person, Person, str]:
    """Let Ada make a room and Ben join it, each at one process."""
    ada = await stack.enter_async_context(Person(hers, "Ada"))
    ben = await stack.enter_async_context(Person(his or hers, "Ben"))
    await ada.register()
    await ben.register()
    room = await ada.create_room("Garden")
    await ben.join(room)
    return ada, ben, room


async def test_server_killed_during_sends_loses_nothing_that_it_acknowledged(data: Path) -> None:
    acknowledged: list[str] = []
    async with AsyncExitStack() as stack:
        async with command(data) as (process, url):
            ada, ben, room = await two_in_a_room(stack, url)
            port = int(url.rpartition(":")[2])

            async def talk(person: Person) -> None:
                for number in range(10_000):
                    body = f"{person.name}-{number}"
                    if not await try_to_say(person, room, body):
                        return
                    acknowledged.append(body)

            talking = [asyncio.create_task(talk(person)) for person in (ada, ben) * 3]
            async with asyncio.timeout(START_SECONDS):
                while len(acknowledged) < 100:
                    await asyncio.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            await asyncio.gather(*talking)
        async with command(data, port):
            # Each browser sends again what it has no answer for; nothing of it may double.
            for body in acknowledged[-20:]:
                assert await try_to_say(ada if body.startswith("Ada") else ben, room, body)
            texts = await all_texts(ada, room)
            assert len(texts) == len(set(texts))
            assert set(acknowledged) <= set(texts)


async def test_client_cut_in_the_middle_of_its_post_sends_again_and_posts_once(
    site: Site,
) -> None:
    async with Person(site, "Ada") as ada:
        await ada.register()
        room = await ada.create_room("Garden")
        stream = await ada.stream(room)
        body = b"body=cut&client_id=cut-1"
        request = (
            f"POST /rooms/{room}/messages HTTP/1.1\r\nHost: localhost:{site.port}\r\n"
            f"Cookie: {ada.cookies()}\r\nHX-Request: true\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        for sent in (request[:-5], request, request):
            _, writer = await asyncio.open_connection("localhost", site.port)
            writer.write(sent)
            await writer.drain()
            writer.transport.abort()
        # Whether the server read it before the line was cut is the network's secret.
        assert await ada.say(room, "cut", "cut-1") == 1
        assert await ada.say(room, "after", "cut-2") == 2
        dom = await stream.until(lambda dom: len(dom.messages) == 2)
        assert dom.texts == ["cut", "after"]
        await stream.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_database_that_dies_or_stands_still_loses_nothing(
    number: signal.Signals, data: Path
) -> None:
    async with AsyncExitStack() as stack, command(data) as (_, url):
        ada, ben, room = await two_in_a_room(stack, url)
        stream = await ben.stream(room, (await ben.page(room)).cursor)
        said = [f"before-{n}" for n in range(20)]
        for body in said:
            assert await try_to_say(ada, room, body)
        pid = int((data / "database.pid").read_text())
        signal_at(pid, number)
        sending = asyncio.create_task(try_to_say(ada, room, "meanwhile"))
        if number == signal.SIGSTOP:
            await asyncio.sleep(2)
            signal_at(pid, signal.SIGCONT)
        await sending

        async def is_said() -> bool:
            return await try_to_say(ada, room, "meanwhile")

        await until(is_said)
        assert await all_texts(ada, room) == [*said, "meanwhile"]
        dom = await stream.until(lambda dom: "meanwhile" in dom.texts)
        assert dom.texts == [*said, "meanwhile"]
        await stream.close()


def signal_at(pid: int, number: signal.Signals) -> None:
    assert "secantus" in command_line(pid)
    os.kill(pid, number)


async def test_three_hundred_sockets_come_back_at_once_and_miss_nothing(
    db: Database, settings: Settings
) -> None:
    app = create_app(replace(settings, rate_limits=False))
    async with Site(app) as site, Person(site, "Ada") as ada:
        await ada.register()
        room = await ada.create_room("Garden")
        cursor = (await ada.page(room)).cursor
        streams = await asyncio.gather(*(ada.stream(room, cursor) for _ in range(MANY)))
        await ada.say(room, "before")
        await asyncio.gather(*(s.until(lambda dom: len(dom.messages) == 1) for s in streams))
        await asyncio.gather(*(stream.close() for stream in streams))
        for number in range(20):
            await ada.say(room, f"missed {number}")
        back = await asyncio.gather(*(ada.come_back(room, s.dom) for s in streams))
        await ada.say(room, "after")
        await asyncio.gather(*(s.until(lambda dom: len(dom.messages) == 22) for s in back))
        texts = ["before", *(f"missed {n}" for n in range(20)), "after"]
        assert all(stream.dom.texts == texts for stream in back)
        assert all(stream.dom.doubled == [] for stream in back)
        await asyncio.gather(*(stream.close() for stream in back))


async def test_redis_that_dies_and_returns_is_not_missed(
    make_app: Callable[..., Quart], database_uri: str, tmp_path: Path
) -> None:
    program = require("redis-server")
    async with AsyncExitStack() as stack:
        redis, port = await start_redis(program, 0)
        buses = [RedisBus(f"redis://127.0.0.1:{port}", "test") for _ in range(2)]
        sites = [await stack.enter_async_context(Site(make_app(bus))) for bus in buses]
        ada, ben, room = await two_in_a_room(stack, *sites)
        stream = await ben.stream(room, (await ben.page(room)).cursor)
        await ada.say(room, "with it")
        await stream.until(lambda dom: dom.texts == ["with it"])
        redis.kill()
        await redis.wait()
        for number in range(5):
            await ada.say(room, f"without it {number}")
        # The store tells the other process, a beat later.
        await stream.until(lambda dom: len(dom.messages) == 6)
        await ben.post(f"/rooms/{room}/leave")
        await ben.join(room)
        assert await stream.until_closed() == 1008
        stream = await ben.come_back(room, stream.dom)
        # A revocation, too, crosses without it.
        dan = Person(sites[0], "Ben")
        dan.http.cookies = ben.http.cookies
        async with asyncio.timeout(KICK_SECONDS):
            assert (await dan.post("/logout")).status_code == 303
            assert await stream.until_closed() == 1008
        await dan.http.aclose()
        redis, _ = await start_redis(program, port)
        await ben.log_in()
        stream = await ben.come_back(room, stream.dom)

        async def is_back() -> bool:
            return all(bus.connected for bus in buses)

        await until(is_back)
        await ada.say(room, "with it again")
        dom = await stream.until(lambda dom: len(dom.messages) == 7)
        assert dom.texts == ["with it", *(f"without it {n}" for n in range(5)), "with it again"]
        await stream.close()
        redis.terminate()
        await redis.wait()


async def test_redis_that_stands_still_does_not_keep_who_was_revoked_connected(
    make_app: Callable[..., Quart], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with AsyncExitStack() as stack:
        redis = await RedisServer(tmp_path).start()
        stack.push_async_callback(redis.kill)
        buses = [RedisBus(redis.url, "test") for _ in range(2)]
        sites = [await stack.enter_async_context(Site(make_app(bus))) for bus in buses]
        await until(lambda: are_connected(buses))
        ada, ben, room = await two_in_a_room(stack, *sites)
        stream = await ben.stream(room, (await ben.page(room)).cursor)
        redis.freeze()
        same_person = Person(sites[0], "Ben")
        same_person.http.cookies = ben.http.cookies
        async with asyncio.timeout(KICK_SECONDS):
            assert (await same_person.post("/logout")).status_code == 303
            assert await stream.until_closed() == 1008
            assert (await ben.get(f"/rooms/{room}")).status_code == 303
        assert not buses[1].connected
        told = [one for one in caplog.records if one.getMessage() == "bus down"]
        assert [vars(one)["redis"] for one in told[:1]] == [f"127.0.0.1:{redis.port}"]
        await same_person.http.aclose()
        redis.thaw()
        await until(lambda: are_connected(buses))
        await ben.log_in()
        stream = await ben.come_back(room, stream.dom)
        await ada.say(room, "with it again")
        assert (await stream.until(lambda dom: bool(dom.messages))).texts == ["with it again"]
        assert len([one for one in caplog.records if one.getMessage() == "bus down"]) == len(buses)
        await stream.close()


async def are_connected(buses: list[RedisBus]) -> bool:
    return all(bus.connected for bus in buses)


async def start_redis(program: str, port: int) -> tuple[asyncio.subprocess.Process, int]:
    """Start a Redis that keeps nothing, on a loopback port."""
    if not port:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = int(server.sockets[0].getsockname()[1])
        server.close()
        await server.wait_closed()
    redis = await asyncio.create_subprocess_exec(
        *(program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"),
        stdout=asyncio.subprocess.DEVNULL,
    )

    async def answers() -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    await until(answers)
    return redis, port


Said = dict[int, tuple[Person, str]]
"""What was acknowledged, by number: whose it is, and what it said at first."""

Act = tuple[str, int, int]
ACTS = st.lists(
    st.tuples(
        st.sampled_from("say say say attach reply react react edit remove cut return".split()),
        st.integers(0, 3),
        st.integers(0, 30),
    ),
    min_size=5,
    max_size=40,
)


@pytest.fixture
async def people(
    make_app: Callable[..., Quart], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[Person]]:
    """The cast, on two processes that hear each other badly."""
    monkeypatch.setattr(feed, "BEAT_SECONDS", 0.2)
    broker = MemoryBroker()
    async with AsyncExitStack() as stack:
        sites = [
            await stack.enter_async_context(Site(make_app(LossyBus(broker, seed))))
            for seed in range(2)
        ]
        for site in sites:
            site.services.platform.rate_limits.enabled = False
        yield [
            await (await stack.enter_async_context(Person(sites[number % 2], name))).register()
            for number, name in enumerate(("Ada", "Ben", "Cleo", "Dan"))
        ]


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
async def test_every_page_converges_though_the_bus_loses_doubles_and_reorders(
    people: list[Person], acts: list[Act]
) -> None:
    room = await people[0].create_room(f"Garden {new_id()}")
    for person in people[1:]:
        await person.join(room)
    await play(people, room, acts)


async def play(people: list[Person], room: str, acts: list[Act]) -> None:
    """Let people act at random, then bring all back, and hold every page against a fresh one."""
    streams: dict[int, Stream] = {}
    doms = {who: await person.page(room) for who, person in enumerate(people)}
    said: Said = {}
    pending: list[asyncio.Task[None]] = []
    for number, (act, who, which) in enumerate(acts):
        if act == "cut" and who in streams:
            await streams.pop(who).close()
        elif act == "return" and who not in streams:
            streams[who] = await people[who].come_back(room, doms[who])
        elif act in ("say", "attach", "reply", "react", "edit", "remove"):
            writing = write(people[who], room, said, act, which, number)
            pending.append(asyncio.create_task(writing))
        if which % 3 == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*pending)
    for who in set(doms) - set(streams):
        streams[who] = await people[who].come_back(room, doms[who])
    fresh = await when_quotes_and_counts_are_true(people[0], room)
    assert fresh.seqs == list(range(1, len(said) + 1)), "a hole"
    for seq, shown in fresh.messages.items():
        assert (shown.author, shown.text) == (said[seq][0].name, said[seq][1]) or shown.version
    end = Cursor.parse(fresh.cursor or "")
    assert end
    for stream in streams.values():
        await stream.until(lambda dom: reaches(dom, end))
        assert stream.dom.messages == fresh.messages
        # What was changed may come again as it already is: by its post, and by its change.
        assert {seq for seq in stream.dom.doubled if not fresh.messages[seq].version} == set()
        await stream.close()


def quote_of(root: Shown) -> str:
    gone = root.text == REMOVED_TEXT
    return f"{root.author} {REMOVED if gone else root.text}"


async def when_quotes_and_counts_are_true(person: Person, room: str) -> Dom:
    """Return the page once its roots have counted their replies, and been quoted as they are."""
    pages: list[Dom] = []

    async def is_true() -> bool:
        pages.append(await person.page(room))
        messages = pages[-1].messages
        roots = [one for one in messages.values() if one.text != REMOVED_TEXT]
        replies = [one for one in messages.values() if one.quote]
        counts = [sum(one.thread == root.seq for one in messages.values()) for root in roots]
        quotes = [one.quote == quote_of(messages[one.thread or 0]) for one in replies]
        return [one.replies for one in roots] == counts and all(quotes)

    await until(is_true)
    return pages[-1]


async def write(person: Person, room: str, said: Said, act: str, which: int, number: int) -> None:
    """Post, or change one of the posts there are, whoever wrote it."""
    body = f"{person.name} {number}"
    if act == "say" or not said:
        said[await person.say(room, body)] = (person, body)
    elif act == "attach":
        file = await person.upload(room, b"file")
        said[await person.say(room, "", file=file)] = (person, "")
    elif act == "reply":
        await reply(person, room, said, which, body)
    elif act == "react":
        seq, on = sorted(said)[which % len(said)], str(number % 2)
        address = f"/rooms/{room}/messages/{seq}/reactions"
        answer = await person.post(address, htmx=True, emoji="👍🎉"[which % 2], on=on)
        assert answer.status_code in (200, 404)
    else:
        seq = sorted(said)[which % len(said)]
        address = f"/rooms/{room}/messages/{seq}/{act}"
        answer = await said[seq][0].post(address, htmx=True, body=f"edited {number}")
        assert answer.status_code in (200, 404)  # 404: it was removed in the meantime.


async def reply(person: Person, room: str, said: Said, which: int, body: str) -> None:
    """Answer one of the posts there are, if it is still there."""
    thread, shown = str(sorted(said)[which % len(said)]), str(which % 2)
    answer = await person.post(
        f"/rooms/{room}/messages", htmx=True, body=body, thread=thread, shown=shown
    )
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        said[Dom(answer.text).seqs[0]] = (person, body)


def reaches(dom: Dom, end: Cursor) -> bool:
    at = Cursor.parse(dom.cursor or "")
    return at is not None and at.covers(end)
