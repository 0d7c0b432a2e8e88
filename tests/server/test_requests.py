"""A request's way in and its answer's way out: shortcuts that nobody can tell from the long way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from quart import Quart, Response, request
from quart.wrappers import Request

from littlechat.server import requests
from littlechat.server.requests import ReadyRequest, SessionCookie
from tests.factories import WAIT_SECONDS, Person, Site

FORM = "Content-Type: application/x-www-form-urlencoded"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ask(site: Site, *lines: str) -> Connection:
    """Send the head of a request, and perhaps a part of its body, and keep the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write("\r\n".join([lines[0], "Host: localhost", *lines[1:]]).encode())
    return reader, writer


async def answer(connection: Connection) -> bytes:
    """Return the whole answer, whose sender closes the connection."""
    async with asyncio.timeout(WAIT_SECONDS):
        whole = await connection[0].read()
    connection[1].close()
    return whole


@pytest.fixture
def app(make_app: Callable[..., Quart]) -> Quart:
    """An application that tells what came to it."""
    app = make_app()

    @app.post("/form")
    async def tell_form() -> str:
        form = await request.form
        return "|".join(f"{name}={value}" for name, value in form.items(multi=True))

    return app


# The handler and its client


async def test_a_handler_ends_when_its_client_leaves(app: Quart) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    @app.route("/wait", methods=["GET", "POST"])
    async def wait() -> str:
        begun.set()
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            ended.set()
            raise
        return "never"

    async with Site(app) as site, asyncio.timeout(WAIT_SECONDS):
        for head in (["GET /wait HTTP/1.1"], ["POST /wait HTTP/1.1", "Content-Length: 9"]):
            _, writer = await ask(site, *head, "", "")
            await begun.wait()
            writer.close()
            await ended.wait()
            begun.clear()
            ended.clear()


async def test_a_handler_that_waits_for_nothing_runs_alone(app: Quart) -> None:
    tasks: list[int] = []

    @app.get("/tasks")
    async def count() -> str:
        tasks.append(len(asyncio.all_tasks()))
        if request.args.get("wait"):
            await asyncio.sleep(requests.WATCH_SECONDS / 10)
            tasks.append(len(asyncio.all_tasks()))
            await asyncio.sleep(requests.WATCH_SECONDS)
            tasks.append(len(asyncio.all_tasks()))
        return "counted"

    async with Site(app) as site, httpx.AsyncClient(base_url=site.url) as client:
        for query in ("", "?wait=1", ""):
            assert (await client.get(f"/tasks{query}")).text == "counted"
    alone, before, soon, waiting, again = tasks
    assert (before, soon, waiting, again) == (alone, alone, alone + 1, alone)


async def test_a_cancellation_that_is_not_the_clients_goes_on(app: Quart) -> None:
    handling: list[asyncio.Task[object]] = []

    @app.get("/wait")
    async def wait() -> str:
        task = asyncio.current_task()
        assert task
        handling.append(task)
        await asyncio.sleep(3_600)
        return "never"

    async with Site(app) as site:
        connection = await ask(site, "GET /wait HTTP/1.1", "", "")
        async with asyncio.timeout(WAIT_SECONDS):
            while not handling:
                await asyncio.sleep(0.01)
            handling[0].cancel()
            await asyncio.wait(handling)
        assert handling[0].cancelled()
        connection[1].close()


# Bodies


@pytest.mark.parametrize(
    "pieces",
    [["body=a+b&body=%26"], ["bo", "dy=a+b&bo", "dy=%26"], ["", "body=a+b&body=%26"]],
    ids=["at once", "in pieces", "after its head"],
)
async def test_a_form_is_the_same_however_it_comes(app: Quart, pieces: list[str]) -> None:
    size = sum(map(len, pieces))
    async with Site(app) as site:
        head = ("POST /form HTTP/1.1", FORM, f"Content-Length: {size}", "Connection: close")
        connection = await ask(site, *head, "", pieces[0])
        for piece in pieces[1:]:
            await asyncio.sleep(0.02)
            connection[1].write(piece.encode())
        assert (await answer(connection)).endswith(b"\r\n\r\nbody=a b|body=&")


async def test_a_form_without_a_length_is_read_as_well(app: Quart) -> None:
    async with Site(app) as site:
        head = ("POST /form HTTP/1.1", FORM, "Transfer-Encoding: chunked", "Connection: close")
        connection = await ask(site, *head, "", "6\r\nbody=a\r\n0\r\n\r\n")
        assert (await answer(connection)).endswith(b"\r\n\r\nbody=a")
        connection = await ask(site, "POST /form HTTP/1.1", FORM, "Connection: close", "", "")
        assert b" 200 " in (await answer(connection)).splitlines()[0]


async def test_a_form_that_never_ends_is_408_and_one_too_long_413(app: Quart) -> None:
    app.config.update(BODY_TIMEOUT=0.2, MAX_CONTENT_LENGTH=100)
    async with Site(app) as site:
        head = ("POST /form HTTP/1.1", FORM, "Connection: close")
        slow = await ask(site, *head, "Content-Length: 9", "", "body")
        assert b" 408 " in (await answer(slow)).splitlines()[0]
        long = await ask(site, *head, "Content-Length: 101", "", "x" * 101)
        assert b" 413 " in (await answer(long)).splitlines()[0]
        chunked = await ask(
            site, *head, "Transfer-Encoding: chunked", "", f"65\r\n{'x' * 101}\r\n0\r\n\r\n"
        )
        assert b" 413 " in (await answer(chunked)).splitlines()[0]


async def test_a_long_body_reaches_its_handler_in_pieces_while_it_comes(app: Quart) -> None:
    first, seen = asyncio.Event(), 0

    @app.post("/upload")
    async def take() -> str:
        nonlocal seen
        async for piece in request.body:
            seen += len(piece)
            first.set()
        return str(seen)

    async with Site(app) as site, asyncio.timeout(WAIT_SECONDS):
        head = ("POST /upload HTTP/1.1", "Content-Length: 60000", "Connection: close")
        connection = await ask(site, *head, "", "x" * 10_000)
        await first.wait()
        assert 0 < seen < 60_000
        connection[1].write(b"x" * 50_000)
        assert (await answer(connection)).endswith(b"60000")


# Answers


async def test_an_answer_in_pieces_is_sent_as_they_come(app: Quart) -> None:
    more = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        await more.wait()
        yield b"last"

    app.add_url_rule("/pieces", view_func=lambda: Response(pieces()))
    async with Site(app) as site, asyncio.timeout(WAIT_SECONDS):
        connection = await ask(site, "GET /pieces HTTP/1.1", "Connection: close", "", "")
        assert b"first" in await connection[0].readuntil(b"first")
        more.set()
        assert b"last" in await answer(connection)


async def test_ranges_and_heads_are_answered_in_their_length(app: Quart) -> None:
    @app.get("/letters")
    async def letters() -> Response:
        return await Response("abcdef").make_conditional(request, True, 6)

    async with Site(app) as site, httpx.AsyncClient(base_url=site.url) as client:
        part = await client.get("/letters", headers={"Range": "bytes=2-3"})
        assert (part.status_code, part.text, part.headers["content-length"]) == (206, "cd", "2")
        head = await client.head("/letters")
        assert (head.status_code, head.text, head.headers["content-length"]) == (200, "", "6")


# Quart's names for things, and cookies


@pytest.mark.parametrize("endpoint", ["index", "rooms.show", "a.b.show"])
def test_blueprints_are_named_as_quart_names_them(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReadyRequest, "endpoint", endpoint)
    monkeypatch.setattr(Request, "endpoint", endpoint)
    ours, theirs = ReadyRequest.__new__(ReadyRequest), Request.__new__(Request)
    assert ours.blueprints == theirs.blueprints


@pytest.fixture
def cookie() -> tuple[SessionCookie, Quart]:
    app = Quart(__name__)
    app.secret_key = "a key that only this test knows"
    return SessionCookie(app, lambda: True), app


def test_a_good_cookie_is_verified_once_in_a_while(
    cookie: tuple[SessionCookie, Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    extension, app = cookie
    moment = 1_000.0
    monkeypatch.setattr("littlechat.server.requests.time.monotonic", lambda: moment)
    token = extension.dump_token("ada", app)
    assert extension.load_token(token, app) == "ada"
    extension.duration = -1  # From now on every verification fails.
    assert extension.load_token(token, app) == "ada"
    moment += requests.VERIFIED_SECONDS
    assert extension.load_token(token, app) is None
    moment -= requests.VERIFIED_SECONDS
    assert extension.load_token(token, app) is None


def test_no_other_cookie_passes_for_a_good_one(cookie: tuple[SessionCookie, Quart]) -> None:
    extension, app = cookie
    token = extension.dump_token("ada", app)
    assert extension.load_token(token, app) == "ada"
    for other in (token[:-1], token + "x", token.upper(), ""):
        for _ in range(2):
            assert extension.load_token(other, app) is None
    app.secret_key = "another"
    assert extension.load_token(token, app) is None


def test_only_so_many_cookies_are_remembered(
    cookie: tuple[SessionCookie, Quart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "VERIFIED_MAX", 2)
    extension, app = cookie
    tokens = [extension.dump_token(name, app) for name in ("ada", "ben", "cleo")]
    assert [extension.load_token(token, app) for token in tokens] == ["ada", "ben", "cleo"]
    assert len(extension._verified) == 2
    extension.duration = -1
    assert [extension.load_token(token, app) for token in tokens] == [None, "ben", "cleo"]


async def test_a_session_that_ended_is_over_though_its_cookie_is_remembered(site: Site) -> None:
    async with Person(site, "Ada") as ada, Person(site, "Ada") as same:
        await ada.register()
        same.http.cookies = httpx.Cookies(ada.http.cookies)
        assert (await same.get("/rooms")).status_code == 200
        await ada.post("/logout")
        assert (await same.get("/rooms")).status_code == 303


async def test_clients_that_leave_at_any_moment_leave_nothing_behind(site: Site) -> None:
    before = len(asyncio.all_tasks())
    for count in range(40):
        reader, writer = await ask(site, "GET /login HTTP/1.1", "", "")
        if count % 2:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(count / 10_000):
                    await reader.read(1)
        writer.transport.abort()
    async with asyncio.timeout(WAIT_SECONDS):
        while len(asyncio.all_tasks()) > before:
            await asyncio.sleep(0.01)
