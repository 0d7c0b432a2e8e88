"""Every route against nobody, the outsider and the member without the right; and hostile requests.

The denial table names each route once. A route that is not in it fails a test.
"""

import hashlib
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from urllib.parse import quote

import httpx
import pytest
from quart import Quart
from werkzeug.datastructures import Headers

from littlechat.accounts.schema import USERS
from littlechat.app import BODY_BYTES_MAX, create_app
from littlechat.core.errors import Invalid
from littlechat.core.messages import Draft
from littlechat.core.names import new_id
from littlechat.core.people import User
from littlechat.files.blobs import parts_of
from littlechat.files.schema import FILES
from littlechat.messages.schema import MESSAGES
from littlechat.notifications import delivery as notifications
from littlechat.platform.bus import MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database, now
from littlechat.platform.logs import KeyValueFormatter
from littlechat.web.clients import client_network, session_cookie_is_secure
from littlechat.web.origin import is_same_origin
from littlechat.web.pages import local_path
from tests.attacks import (
    COOKIE,
    EVIL_ORIGINS,
    Answer,
    alert,
    everything,
    found_room,
    handshake,
    insiders,
    raw,
    skeleton,
    user_of,
)
from tests.factories import PASSWORD, Person, Site
from tests.pictures import picture
from tests.xss_corpus import PAYLOADS

ABSENT = "nosuchroom12345"


# The denial table


@dataclass(frozen=True)
class Row:
    """One route: who may and what they get; what nobody, outsiders and a mere member get.

    `outsider` is Dan before a public room, `stranger` Dan before a private one, `member` Ben. None
    where they may, or where there is no such thing.
    """

    verb: str
    rule: str
    who: str
    allowed: int
    nobody: int
    outsider: int | None = None
    stranger: int | None = None
    member: int | None = None
    form: dict[str, str] = field(default_factory=dict)


ENDPOINT = "https://push.invalid/one"
BROWSER = hashlib.sha256(ENDPOINT.encode()).hexdigest()
PUT_UP = {
    "endpoint": "https://push.invalid/another",
    "p256dh": "B" + "A" * 86,
    "auth": "A" * 22,
}
ROOM = "/rooms/<room>"
SAID = f"{ROOM}/messages/<int:seq>"
SOMEBODY = "/admin/people/<name>"
BOT = f"{ROOM}/bots/<bot>"
ROWS = (
    Row("GET", "/account", "Ada", 200, 303),
    Row("POST", "/account/profile", "Ada", 303, 401, form={"display": "Ada of {name}"}),
    Row("POST", "/account/status", "Ada", 303, 401, form={"status": "busy"}),
    Row("POST", "/account/avatar", "Ada", 422, 401),
    Row("POST", "/account/avatar/remove", "Ada", 303, 401),
    Row("GET", "/people", "Dan", 200, 303),
    Row("GET", "/people/<name>", "Dan", 200, 303),
    Row("GET", "/people.css", "Dan", 200, 303),
    Row("GET", "/avatars/<digest>", "Dan", 200, 303),
    Row("GET", "/admin", "Ada", 200, 303, 403, 403, 403),
    Row("POST", "/admin/people", "Ada", 200, 401, 403, 403, 403, {"username": "Zoe"}),
    Row("POST", f"{SOMEBODY}/password", "Ada", 200, 401, 403, 403, 403),
    Row("POST", f"{SOMEBODY}/disable", "Ada", 303, 401, 403, 403, 403),
    Row("POST", f"{SOMEBODY}/enable", "Ada", 303, 401, 403, 403, 403),
    Row("POST", f"{SOMEBODY}/promote", "Ada", 303, 401, 403, 403, 403),
    Row("POST", f"{SOMEBODY}/demote", "Ada", 303, 401, 403, 403, 403),
    Row("GET", "/admin/registration", "Ada", 200, 303, 403, 403, 403),
    Row("POST", "/admin/registration", "Ada", 303, 401, 403, 403, 403, {"mode": "open"}),
    Row("POST", "/admin/invitations", "Ada", 200, 401, 403, 403, 403),
    Row("POST", "/admin/invitations/<pass_id>/revoke", "Ada", 303, 401, 403, 403, 403),
    Row("GET", "/admin/audit", "Ada", 200, 303, 403, 403, 403),
    Row(
        "POST",
        "/account/password",
        "Ada",
        200,
        401,
        form={"current": PASSWORD, "password": "another good one"},
    ),
    Row("POST", "/account/sessions/end", "Ada", 303, 401),
    Row("POST", "/account/sessions/<session_id>/end", "Ada", 303, 401, 404, 404, 404),
    Row("GET", "/account/notifications", "Dan", 200, 303),
    Row("POST", "/account/notifications", "Dan", 200, 401, form={"level": "everything"}),
    Row("POST", "/account/notifications/test", "Dan", 422, 401),
    Row("POST", "/account/notifications/subscribe", "Dan", 303, 401, form=PUT_UP),
    # Ada's own, which is put up as the row is filled; nobody else's.
    Row(
        "POST",
        "/account/notifications/unsubscribe",
        "Ada",
        303,
        401,
        404,
        404,
        404,
        {"browser": BROWSER},
    ),
    Row("GET", "/rooms", "Dan", 200, 303),
    Row("GET", "/rooms/new", "Dan", 200, 303),
    Row("POST", "/rooms", "Dan", 303, 401, form={"name": "Dan’s"}),
    Row("POST", "/rooms/read", "Dan", 303, 401),
    Row("GET", "/inbox", "Dan", 200, 303),
    Row("GET", ROOM, "Dan", 200, 303, None, 404),
    Row("POST", f"{ROOM}/read", "Ben", 303, 401, 403, 404, form={"seq": "1"}),
    Row("POST", f"{ROOM}/join", "Dan", 303, 401, None, 404),
    Row("POST", f"{ROOM}/leave", "Ben", 303, 401, 404, 404),
    Row("POST", f"{ROOM}/level", "Ben", 303, 401, 403, 404, form={"level": "nothing"}),
    Row("GET", f"{ROOM}/members", "Ben", 200, 303, 403, 404),
    Row("GET", f"{ROOM}/settings", "Ben", 200, 303, 403, 404),
    Row("POST", f"{ROOM}/settings", "Ada", 303, 401, 403, 404, 403, {"name": "Renamed"}),
    Row("POST", f"{ROOM}/delete", "Ada", 303, 401, 403, 404, 403, {"confirmation": "{name}"}),
    Row("POST", f"{ROOM}/members/<name>/remove", "Ada", 303, 401, 403, 404, 403),
    Row("POST", f"{ROOM}/members/<name>/ban", "Ada", 303, 401, 403, 404, 403),
    Row("POST", f"{ROOM}/bans/<name>/lift", "Ada", 303, 401, 403, 404, 403),
    Row("POST", f"{ROOM}/invitations", "Ben", 303, 401, 403, 404),
    Row("POST", f"{ROOM}/invitations/<token>/revoke", "Ada", 303, 401, 403, 404, 404),
    # The rooms of this table cannot be hidden; test_web_directs.py has those that can.
    Row("POST", f"{ROOM}/hide", "Ben", 404, 401, 403, 404, 404),
    Row("GET", "/direct/new", "Dan", 200, 303),
    Row("POST", "/direct", "Dan", 303, 401, form={"name": "Ben"}),
    Row("GET", "/jump", "Dan", 200, 303),
    Row("GET", "/join/<token>", "Dan", 200, 303),
    Row("POST", "/join/<token>", "Dan", 303, 401),
    Row("GET", f"{ROOM}/messages", "Ben", 200, 303, 403, 404),
    Row("POST", f"{ROOM}/messages", "Ben", 303, 401, 403, 404, form={"body": "hello"}),
    Row("POST", f"{ROOM}/files", "Ben", 201, 401, 403, 404, form={"name": "a"}),
    Row("GET", f"{ROOM}/files", "Ben", 200, 303, 403, 404),
    Row("GET", "/files/<file_id>", "Ben", 200, 303, 404, 404),
    Row("GET", "/files/<file_id>/thumb", "Ben", 200, 303, 404, 404),
    Row("POST", "/files/<loose_id>/discard", "Ada", 204, 401, 404, 404, 404),
    Row("GET", SAID, "Ben", 200, 303, 403, 404),
    Row("GET", f"{SAID}/edit", "Ada", 200, 303, 403, 404, 404),
    Row("POST", f"{SAID}/edit", "Ada", 303, 401, 403, 404, 404, {"body": "other words"}),
    Row("POST", f"{SAID}/remove", "Ada", 303, 401, 403, 404, 404),
    Row("GET", f"{SAID}/thread", "Ben", 303, 303, 403, 404),
    Row("POST", f"{SAID}/reactions", "Ben", 303, 401, 403, 404, form={"emoji": "👍"}),
    Row("GET", "/emoji", "Dan", 200, 303),
    Row("GET", f"{ROOM}/bots", "Ada", 200, 303, 403, 404, 403),
    Row("POST", f"{ROOM}/bots", "Ada", 201, 401, 403, 404, 403, {"name": "Robot"}),
    Row("POST", f"{BOT}/token", "Ada", 200, 401, 403, 404, 403),
    Row("POST", f"{BOT}/revoke", "Ada", 303, 401, 403, 404, 403),
    Row("POST", f"{BOT}/webhook", "Ada", 200, 401, 403, 404, 403, {"url": "https://a.example"}),
    Row("POST", f"{BOT}/remove", "Ada", 303, 401, 403, 404, 403),
    Row("SOCKET", f"{ROOM}/socket", "Ben", 101, 401, 404, 404),
    Row("SOCKET", "/socket", "Dan", 101, 401),
    Row("GET", "/search", "Dan", 200, 303),
)
OPEN = {
    ("GET", "/"): 303,
    ("GET", "/register"): 200,
    ("POST", "/register"): 422,
    ("GET", "/login"): 200,
    ("POST", "/login"): 401,
    ("POST", "/logout"): 303,
    ("GET", "/reset/<token>"): 404,
    ("POST", "/reset/<token>"): 404,
    ("POST", "/bots/messages"): 401,  # A token opens it, and no cookie: test_web_api.py.
    ("GET", "/healthz"): 200,
    ("GET", "/readyz"): 200,
    ("GET", "/metrics"): 200,  # From this machine; test_web_health.py has the rest.
    ("GET", "/static/<path:path>"): 200,
    ("GET", "/manifest.webmanifest"): 200,
    ("GET", "/sw.js"): 200,
    ("GET", "/offline"): 200,
}
"""What anybody may ask for, and what nobody gets."""


def routes(app: Quart) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if rule.websocket:
            yield "SOCKET", rule.rule
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule.rule


def test_every_route_stands_in_the_denial_table(settings: Settings) -> None:
    # Made without opening: no database is asked.
    tabled = [(row.verb, row.rule) for row in ROWS] + list(OPEN)
    assert len(set(tabled)) == len(tabled)
    assert set(routes(create_app(settings, MemoryBus()))) == set(tabled)


async def send(person: Person, row: Row, path: str, name: str = "", htmx: bool = False) -> Answer:
    if row.verb == "SOCKET":
        return Answer(await handshake(person, path), {}, "")
    form = {key: value.format(name=name) for key, value in row.form.items()}
    answer = (
        await person.get(path, htmx) if row.verb == "GET" else await person.post(path, htmx, **form)
    )
    return Answer(answer.status_code, dict(answer.headers), answer.text)


async def filled(site: Site, row: Row, room: str, ada: Person) -> str:
    """Return the row's address, with everything in it that exists."""
    served, user = site.services, await user_of(site, ada)
    values: dict[str, object] = {"room": room, "seq": 1, "name": "Cleo"}
    if "<token>" in row.rule:
        values["token"] = (await served.rooms.members.invite(room, user)).token
    if "<file_id>" in row.rule or "<loose_id>" in row.rule:
        values |= await filed(site, room, user)
    if row.form.get("browser"):
        await ada.post(
            "/account/notifications/subscribe", False, **{**PUT_UP, "endpoint": ENDPOINT}
        )
    if "<bot>" in row.rule:
        values["bot"] = (await served.bots.store.create(room, f"bot-{new_id()}", user))[0].id
    if "<session_id>" in row.rule:
        values["session_id"] = (await served.accounts.sessions.open(user, "", ""))[1].id
    if "<pass_id>" in row.rule:
        await served.accounts.registration.invite(user, 1, 1)
        values["pass_id"] = (await served.accounts.registration.list_invitations())[0].id
    if "<digest>" in row.rule:
        values["digest"] = await served.accounts.profiles.avatars.put(
            user.id, b"RIFF", "image/webp"
        )
    if "/bans/" in row.rule:
        cleo = await served.accounts.users.get("Cleo")
        await served.rooms.bans.add(room, cleo.id, "Cleo", user)
    return re.sub(r"<(?:int:)?(\w+)>", lambda match: str(values[match[1]]), row.rule)


async def filed(site: Site, room: str, owner: User) -> dict[str, object]:
    """Store two files, one of them with a message; return their ids."""
    uploads = site.services.files
    stored = [
        await uploads.add(room, owner, "a.png", parts_of(BytesIO(picture()))) for _ in range(2)
    ]
    sent, loose = [one.file.id for one in stored]
    files = await uploads.claim(room, owner, [sent], new_id())
    claim = (await site.services.platform.database[FILES].find({"_id": sent}))[0]["claim"]
    await site.services.actions.messages.say(room, owner, Draft("", claim, files=files))
    return {"file_id": sent, "loose_id": loose}


async def test_nobody_outsiders_and_mere_members_are_denied_everywhere(
    site: Site, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who tells of a post forgets browsers that are signed out, at a moment of its own.
    monkeypatch.setattr(notifications, "GATHER_SECONDS", 3_600.0)
    async with insiders(site, "Ada", "Ben", "Cleo", "Dan", "nobody") as people:
        ada, ben, cleo, dan, nobody = people
        by_name = {person.name: person for person in people}
        await site.services.accounts.roles.promote(await user_of(site, ada))
        for number, row in enumerate(ROWS):
            with subtests.test(f"{row.verb} {row.rule}"):
                rooms = [
                    await found_room(
                        site, f"{kind} {number}", ada, ben, cleo, visibility=kind.split()[1]
                    )
                    for kind in ("used public", "left public", "left private")
                ]
                for room in rooms:
                    await site.services.actions.messages.say(
                        room, await user_of(site, ada), Draft("hello", "")
                    )
                used, public, private = [await filled(site, row, room, ada) for room in rooms]
                answer = await send(by_name[row.who], row, used, f"used public {number}")
                assert answer.status == row.allowed, "the allowed case"
                if row.rule.endswith("/delete"):
                    await (
                        site.services.platform.tasks.close()
                    )  # What was said there goes afterwards.

                stored = await everything(site)
                await deny_nobody(nobody, row, public)
                for who, path, status in (
                    (dan, public, row.outsider),
                    (dan, private, row.stranger),
                    (ben, public, row.member),
                    (ben, private, row.member),
                ):
                    if status is None:
                        continue
                    answer = await send(who, row, path)
                    assert answer.status == status
                    assert row.verb == "SOCKET" or alert(answer.text)
                if row.stranger and "<room>" in row.rule:
                    await compare_with_absent(dan, row, private, rooms[2])
                assert await everything(site) == stored, "something changed"


async def deny_nobody(nobody: Person, row: Row, path: str) -> None:
    answer = await send(nobody, row, path)
    assert answer.status == row.nobody
    if row.verb == "GET":
        assert answer.headers["location"] == f"/login?next={quote(path)}"
    if row.verb != "SOCKET":
        answer = await send(nobody, row, path, htmx=True)
        assert (answer.status, answer.headers["hx-redirect"]) == (401, "/login")
        assert alert(answer.text).startswith("You are signed out.")


async def compare_with_absent(dan: Person, row: Row, private: str, room: str) -> None:
    """A private room must look like one that is not there, to the byte."""
    hidden, absent = (
        await send(dan, row, private),
        await send(dan, row, private.replace(room, ABSENT)),
    )
    for answer in (hidden, absent):
        answer.headers.pop("date", None)
    assert hidden == absent


async def test_open_routes_answer_nobody(site: Site) -> None:
    async with Person(site, "nobody") as nobody:
        for (verb, rule), status in OPEN.items():
            path = rule.replace("<path:path>", "layout/style.css")
            answer = await (nobody.get(path) if verb == "GET" else nobody.post(path))
            assert answer.status_code == status, rule


async def test_a_get_changes_nothing(site: Site) -> None:
    async with insiders(site, "Ada", "Ben", "Cleo") as (ada, ben, cleo):
        room = await found_room(site, "Garden", ada, ben, cleo, visibility="private")
        await ada.say(room, "hello")
        paths = [await filled(site, row, room, ada) for row in ROWS if row.verb in ("GET", "POST")]
        stored = await everything(site)
        for path in (*paths, "/logout", "/login", "/register"):
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = await ada.http.request(method, path, params={"body": "x", "name": "x"})
                assert answer.status_code < 500, path
        assert await everything(site) == stored


# Same origin


def filled_anyhow(app: Quart, verb: str) -> list[str]:
    return [re.sub(r"<(?:int:)?\w+>", "1", rule) for method, rule in routes(app) if method == verb]


async def test_no_unsafe_request_of_another_sites_page_is_heard(site: Site) -> None:
    forged = [{"Sec-Fetch-Site": kind} for kind in ("cross-site", "same-site", "nonsense", "")]
    forged += [{"Origin": origin} for origin in EVIL_ORIGINS]
    forged += [{"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}]
    forged += [{"Sec-Fetch-Site": "cross-site", "Origin": site.url}]
    async with insiders(site, "Ada") as (ada,):
        stored = await everything(site)
        paths = [*filled_anyhow(site.app, "POST"), "/nowhere"]
        for path in paths:
            for headers in forged:
                answer = await ada.http.post(path, headers=headers, data={"name": "x"})
                assert answer.status_code == 403, (path, headers)
                assert alert(answer.text) == "This request came from another site."
        for method in ("PUT", "PATCH", "DELETE", "BREW"):
            answer = await ada.http.request(method, "/rooms", headers=forged[0])
            assert answer.status_code == 403
        assert await everything(site) == stored


async def test_our_own_pages_and_programs_without_a_page_are_heard(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        own: tuple[dict[str, str], ...] = (
            {},
            {"Origin": site.url},
            {"Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Site": "same-origin", "Origin": site.url},
        )
        for number, headers in enumerate(own):
            answer = await ada.http.post("/rooms", headers=headers, data={"name": f"n{number}"})
            assert answer.status_code == 303


async def test_no_socket_of_another_sites_page_opens(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        for path in ("/socket", f"/rooms/{await ada.create_room('Garden')}/socket"):
            for kind in ("cross-site", "same-site", ""):
                assert await handshake(ada, path, **{"Sec-Fetch-Site": kind}) == 403
            for origin in EVIL_ORIGINS:
                assert await handshake(ada, path, Origin=origin) == 403, origin
            assert await handshake(ada, path, Origin=site.url) == 101
            assert await handshake(ada, path) == 101


def test_an_origin_without_a_host_is_nobodys() -> None:
    for host in ({}, {"Host": ""}):
        for origin in ("null", "", "http://", "file://"):
            assert not is_same_origin(Headers({"Origin": origin, **host}))


# Headers and cookies


@asynccontextmanager
async def another(settings: Settings, **changes: object) -> AsyncIterator[Site]:
    async with Site(create_app(replace(settings, **changes), MemoryBus())) as site:  # type: ignore[arg-type]
        yield site


async def test_every_answer_carries_the_security_headers(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        answers = [await nobody.get(path) for path in ("/", "/login", "/rooms", "/nowhere")]
        answers += [
            await nobody.get(path) for path in ("/healthz", "/static/layout/style.css", "/static/x")
        ]
        answers += [await ada.get("/rooms"), await ada.get("/rooms", htmx=True)]
        answers += [await ada.post("/rooms", name=""), await ada.post("/rooms", name="Garden")]
        answers += [await ada.post("/rooms/nowhere/join"), await nobody.post("/rooms", htmx=True)]
        answers += [await ada.http.request("BREW", "/rooms"), await ada.http.options("/rooms")]
        answers += [await ada.http.post("/rooms", headers={"Origin": "null"})]
        answers += [await ada.http.post("/rooms", content=b"x" * (BODY_BYTES_MAX + 1))]
        for answer in answers:
            policy = answer.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "*" not in policy
            for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
                assert part in policy
            for part in ("base-uri 'none'", "form-action 'self'"):
                assert part in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            static = "/static/layout/style.css" in str(answer.url)
            assert answer.headers["cache-control"] == ("no-cache" if static else "no-store")
            assert "server" not in answer.headers


async def test_a_refused_handshake_carries_them_too(site: Site) -> None:
    upgrade = (
        b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
        b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    )
    for path, status in ((b"/socket", 401), (b"/nowhere", 404)):
        answer = await raw(site, b"GET " + path + upgrade)
        assert answer.status == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].startswith("text/plain")


async def test_pages_hold_no_inline_script_style_or_foreign_address(site: Site) -> None:
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        await site.services.actions.administration.promote("the test", "Ada")
        room = await ada.create_room("Garden")
        await ada.say(room, "hello")
        for who, path in (
            (nobody, "/login"),
            (nobody, "/register"),
            (ada, "/rooms"),
            (ada, "/rooms/new"),
            (ada, "/account"),
            (ada, "/direct/new"),
            (ada, "/jump?q=a"),
            (ada, "/people"),
            (ada, "/people/Ada"),
            (ada, "/admin"),
            (ada, "/admin/registration"),
            (ada, "/admin/audit"),
            (ada, f"/rooms/{room}"),
            (ada, f"/rooms/{room}/settings"),
            (ada, f"/rooms/{room}/messages/1/edit"),
            (ada, "/nowhere"),
        ):
            page = (await who.get(path)).text
            assert not re.search(r"<script(?![^>]* src=\"/static/)|<style|\son\w+=|\sstyle=", page)
            assert not re.search(r"\s(?:src|href|action)=\"(?!/(?!/)|#)", page)


@pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")
async def test_the_cookie_is_secure_except_on_plain_http_to_localhost(site: Site) -> None:
    plain = ("localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8000")
    tricks = (
        "chat.example",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1.evil.example:80",
        "evil.example:localhost",
        "localhost@evil.example",
        "[::1].evil.example",
        "[::1",
        "::1",
        "192.168.1.5:8000",
        "0.0.0.0",
        "",
        "localhost evil",
        "a" * 300,
        "x..y",
    )
    async with insiders(site, "Ada", "nobody") as (_, nobody):
        for host in plain + tricks:
            nobody.http.cookies.clear()
            answer = await nobody.http.post(
                "/login", data={"username": "Ada", "password": PASSWORD}, headers={"Host": host}
            )
            assert answer.status_code == 303
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith(f"{COOKIE}=")
            assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
            assert "Domain" not in cookie
            assert ("Secure" in cookie.split("; ")) == (host in tricks), host


@pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")
async def test_cookie_secure_may_be_set_and_https_always_counts(
    db: Database, settings: Settings
) -> None:
    for choice, host, secure in (("on", "localhost", True), ("off", "chat.example", False)):
        async with another(settings, cookie_secure=choice) as site, Person(site, "") as nobody:
            form = {"username": f"Ada-{choice}", "password": PASSWORD}
            page = (await nobody.http.get("/login", headers={"Host": host})).text
            assert ("plain http" in alert(page)) == secure
            answer = await nobody.http.post("/register", data=form, headers={"Host": host})
            assert ("Secure" in answer.headers["set-cookie"]) == secure
            async with site.app.test_request_context("/", scheme="https"):
                assert session_cookie_is_secure() == secure


@pytest.mark.filterwarnings("ignore:Secure cookies will be ignored")
async def test_no_redirect_repeats_the_host_that_a_request_names(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        cookie = f"\r\nCookie: {ada.cookies()}".encode()
        for line in (b"GET /", b"GET //rooms", b"GET /rooms//new", b"GET /rooms/", b"GET /login"):
            answer = await raw(site, line + cookie, host=b"evil.example")
            assert answer.status in (200, 303, 404)
            assert answer.headers.get("location", "/rooms") == "/rooms"
            assert "evil.example" not in answer.text


async def test_hosts_that_are_no_names_get_a_page(site: Site) -> None:
    for host in (
        b"",
        b"[",
        b"a b",
        b"\xff",
        b"x..y",
        b"a" * 300,
        b"<script>",
        b"/",
        b"localhost:x",
    ):
        answer = await raw(site, b"GET /nowhere", host=host)
        assert answer.status == 404, host
        assert alert(answer.text)
        assert "content-security-policy" in answer.headers


async def test_an_address_claimed_in_a_header_is_not_believed(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        claimed = {
            "X-Forwarded-For": "6.6.6.6",
            "Forwarded": "for=6.6.6.6",
            "Remote-Addr": "6.6.6.6",
        }
        data = {"username": "Ada", "password": PASSWORD}
        await ada.http.post("/login", data=data, headers=claimed)
        page = (await ada.get("/account")).text
        assert "127.0.0.1" in page
        assert "6.6.6.6" not in page


async def test_throttles_count_an_ipv6_client_by_its_network(settings: Settings) -> None:
    app = create_app(settings, MemoryBus())
    for address, counted in (
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ):
        async with app.test_request_context("/", headers={"Remote-Addr": address}):
            assert client_network() == counted


# Bodies

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def part(disposition: str, value: bytes, *more: str) -> bytes:
    head = "\r\n".join((f"Content-Disposition: form-data; {disposition}", *more))
    return b"--b\r\n" + head.encode() + b"\r\n\r\n" + value + b"\r\n--b--\r\n"


FIELDS = "username password current name description visibility body client_id confirmation next"
OPERATORS = "&".join(f"{name}[$ne]=&{name}[$gt]=&{name}[]=x" for name in FIELDS.split())
HOSTILE_BODIES = (
    ("application/json", b'{"username": {"$ne": ""}, "password": {"$gt": ""}, "body": ["x"]}'),
    (FORM, OPERATORS.encode()),
    (FORM, b"&".join(b"%s={$ne:1}" % name.encode() for name in FIELDS.split())),
    (FORM, b"username=a&username=b&name=&name=&body=&body=x&password=1&password=2"),
    (FORM, b"username=%00&name=%00&body=%00&client_id=%00&visibility=%00&confirmation=%00"),
    (FORM, b"username=%ED%A0%80&name=%ED%B0%80&body=%ED%A0%80&description=%ED%A0%80"),
    (FORM, b"username=\xff\xfe&name=\xff&body=\xff\xc0\x80&client_id=\xff&password=\xff\xff"),
    (FORM, b"username=" + b"x" * 100_000),
    (FORM, b"name=" + b"x" * 100_000),
    (FORM, b"client_id=" + b"x" * 100_000 + b"&body=x"),
    (FORM, b"current=x&password=" + b"x" * 100_000),
    (FORM, b"&" * 100_000),
    (FORM, b"=" * 100_000),
    (FORM, b"%" * 100_000),
    (FORM, b"&".join(b"f%d=" % n for n in range(10_000))),
    (f"{FORM}; charset=utf-16", b"body=\xff\xfe\x00"),
    (MULTIPART, part('name="body"; filename="x.txt"', b"a file")),
    (MULTIPART, part('name="name"; filename="../../x"', b"\x00\xff", "Content-Type: image/png")),
    (MULTIPART, part('name="username"', b"\xff\xff", "Content-Type: text/plain; charset=utf-7")),
    (MULTIPART, part("filename*=utf-8''%ff", b"x")),
    (MULTIPART, b"--b\r\nnonsense"),
    (MULTIPART, b"--b\r\n" + b"x: y\r\n" * 15_000),
    ("multipart/form-data", b"no boundary"),
    ("text/plain", b"username=Ada"),
    ("", b"body=x"),
    ("a/b; c", b"body=x"),
)


@pytest.fixture
async def lenient(db: Database, settings: Settings) -> AsyncIterator[Site]:
    """A server without limits on how often, so that each hostile body reaches its handler."""
    async with another(settings, rate_limits=False) as site:
        yield site


async def test_hostile_bodies_are_refused_with_a_sentence(lenient: Site) -> None:
    async with insiders(lenient, "Ada", "Ben", "Cleo", "nobody") as (ada, ben, cleo, nobody):
        room = await found_room(lenient, "Garden", ada, ben, cleo)
        await ada.say(room, "hello")
        await lenient.services.actions.administration.promote("the test", "Ada")
        rows = [row for row in ROWS if row.verb == "POST" and row.rule != f"{ROOM}/leave"]
        paths = [await filled(lenient, row, room, ada) for row in rows]
        for path in (*paths, "/register", "/login"):
            for number, (kind, body) in enumerate(HOSTILE_BODIES):
                for htmx in ("true" if number % 2 else "false",):
                    who = ada if path in paths else nobody
                    headers = {"Content-Type": kind, "HX-Request": htmx}
                    answer = await who.http.post(path, content=body, headers=headers)
                    assert answer.status_code in (200, 201, 303, 401, 404, 409, 413, 422), (
                        path,
                        body[:60],
                    )
                    assert answer.status_code < 400 or alert(answer.text), (path, body[:60])
        users = await lenient.services.platform.database[USERS].find({})
        assert len([one for one in users if "bot" not in one]) == 3
        ids = {
            str(one["client_id"])
            for one in await lenient.services.platform.database[MESSAGES].find({})
        }
        assert all(re.fullmatch(r"[a-z2-7]{15}", one) for one in ids)


async def test_an_operator_never_signs_anybody_in(site: Site) -> None:
    forms = (
        b"username[$ne]=x&password[$ne]=x",
        b"username=Ada&password[$ne]=x",
        b'username={"$gt":""}&password={"$gt":""}',
        b"username[]=Ada&password[]=" + quote(PASSWORD).encode(),
    )
    async with insiders(site, "Ada", "nobody") as (_, nobody):
        for form in forms:
            answer = await nobody.http.post("/login", content=form, headers={"Content-Type": FORM})
            assert answer.status_code == 401
            assert not nobody.cookies()


async def test_a_body_over_the_limit_is_413_with_a_sentence(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        cookie = f"Cookie: {ada.cookies()}\r\nContent-Type: {FORM}\r\n".encode()
        room = await ada.create_room("Garden")
        line = f"POST /rooms/{room}/messages\r\n".encode() + cookie
        declared = await raw(site, line + b"Content-Length: 999999999", b"body=x")
        piece = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        chunked = await raw(site, line + b"Transfer-Encoding: chunked", piece * 9 + b"0\r\n\r\n")
        lying = await raw(
            site,
            f"POST /login\r\nTransfer-Encoding: chunked\r\nContent-Type: {FORM}".encode(),
            piece * 9 + b"0\r\n\r\n",
        )
        for answer in (declared, chunked, lying):
            assert answer.status == 413
            assert alert(answer.text) == "That is too much at once."
        whole = quote("😀" * 8_000)
        assert len(whole) < BODY_BYTES_MAX
        assert (await ada.post(f"/rooms/{room}/messages", body="😀" * 8_000)).status_code == 303


async def test_a_name_that_is_slow_to_normalize_stops_nobody(site: Site) -> None:
    # Alternating combining marks are sorted in time squared: 120 KB took 7 s of everybody's time.
    slow = "a" + "\u0301\u0316" * 30_000
    async with insiders(site, "Ada", "nobody") as (ada, nobody):
        began = time_of(site)
        for path in ("/login", "/register"):
            form = f"username={slow}&password=long enough".encode()
            answer = await nobody.http.post(path, content=form, headers={"Content-Type": FORM})
            assert answer.status_code in (401, 422)
        await ada.get(f"/rooms?search={'%cc%81%cc%96' * 2_000}")
        # Two hashes and three pages. Cut, it takes 0.3 s even on a busy machine.
        assert time_of(site) - began < 3


def time_of(site: Site) -> float:
    return site.stop._get_loop().time()  # type: ignore[attr-defined,no-any-return]


# Addresses

PATH_TRICKS = (
    b"/rooms/../x",
    b"/rooms/%2e%2e/x",
    b"/rooms/..%2f..%2fetc",
    b"/rooms/%00",
    b"/rooms/lobby%00",
    b"/rooms/lobby%0d%0aSet-Cookie:x=y",
    b"/rooms/%ff",
    b"/rooms/%ed%a0%80",
    b"/rooms/%F0%9F%98%80",
    b"/rooms/lobby/",
    b"/rooms/LOBBY",
    b"/rooms/%20lobby",
    b"/rooms/[$ne]",
    b"/rooms/%7B%22$ne%22:1%7D",
    b"/rooms/" + b"x" * 5_000,
    b"/rooms/" + b"%f0%9f%98%80" * 1_000,
    b"/rooms//lobby",
    b"/rooms/new/settings",
    b"/join/%00",
    b"/join/" + b"x" * 5_000,
    b"/join/[$ne]",
    b"/rooms/lobby/messages/-1",
    b"/rooms/lobby/messages/1.0",
    b"/rooms/lobby/messages/0x1",
    b"/rooms/lobby/messages/%00",
    b"/rooms/lobby/messages/1%00",
    b"/rooms/lobby/messages/" + b"9" * 16,
    b"/rooms/lobby/messages/" + b"9" * 30,
    b"/rooms/lobby/messages/" + b"9" * 5_000,
    b"/rooms/lobby/messages/" + b"9" * 30 + b"/edit",
    b"/rooms/lobby/messages/0",
    b"/static/../app.py",
    b"/favicon.ico",
    b"/.env",
    b"*",
)
POST_TRICKS = (
    b"/rooms/%00/join",
    b"/rooms/lobby%00/join",
    b"/rooms/%ff/leave",
    b"/rooms/" + b"x" * 5_000 + b"/join",
    b"/rooms/lobby/messages/" + b"9" * 30 + b"/remove",
    b"/rooms/lobby/messages/" + b"9" * 30 + b"/edit",
    b"/rooms/lobby/messages/" + b"9" * 5_000 + b"/remove",
    b"/rooms/lobby/messages/0/remove",
    b"/rooms/lobby/invitations/%00/revoke",
    b"/rooms/lobby/invitations/[$ne]/revoke",
    b"/join/%00",
    b"/account/sessions/%00/end",
    b"/account/sessions/[$ne]/end",
    b"/account/sessions/" + b"x" * 5_000 + b"/end",
)


async def test_path_tricks_find_nothing_and_say_so(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        await ada.join("lobby")
        cookie = f"\r\nCookie: {ada.cookies()}\r\n".encode()
        form = b"Content-Length: 6\r\nContent-Type: application/x-www-form-urlencoded"
        for path in PATH_TRICKS:
            answer = await raw(site, b"GET " + path + cookie.removesuffix(b"\r\n"))
            assert answer.status == 404, path
            assert alert(answer.text)
            assert "set-cookie" not in answer.headers
        for path in POST_TRICKS:
            answer = await raw(site, b"POST " + path + cookie + form, b"body=x")
            assert answer.status == 404, path
            assert alert(answer.text)


async def test_unknown_methods_are_405_and_name_the_known(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        for method in ("BREW", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "X" * 300):
            answer = await ada.http.request(method, "/rooms")
            assert answer.status_code == 405
            assert alert(answer.text) == "This address does not do that."
            assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
        for path in ("/logout", "/rooms/lobby/join", "/rooms/lobby/delete", "/account/password"):
            assert (await ada.get(path)).status_code == 405
        for path in ("/socket", "/rooms/lobby/socket"):
            answer = await ada.get(path)
            assert answer.status_code == 400
            assert alert(answer.text)


async def test_numbers_that_are_none_are_422_with_a_sentence(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        await ada.join("lobby")
        for name in ("before", "after", "around", "limit"):
            for value in ("-1", "1.5", "x", "1e9", "٣", "²", "0x10", " 1", "+1", "9" * 16, "[$ne]"):
                for page in ("", "/messages"):
                    answer = await ada.http.get(f"/rooms/lobby{page}", params={name: value})
                    assert answer.status_code == 422, (name, value)
                    assert alert(answer.text) == f"“{name}” is a whole number."
            for value in ("", "0", "1", "999999999999999"):
                answer = await ada.http.get("/rooms/lobby/messages", params={name: value})
                assert answer.status_code == 200, (name, value)


async def test_searches_are_text_and_never_patterns(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        await ada.create_room("C++ (a|b) [x] 100% \\d ^$ {2}")
        await ada.create_room("Garden")
        for search in ("c++", "(a|b)", "[x]", "100%", "\\d", "^$", "{2}", "C++\0"):
            page = (await ada.http.get("/rooms", params={"search": search})).text
            assert 'href="/rooms/c-a-b-x-100-d-2"' in page, search
            assert 'href="/rooms/garden"' not in page
        for search in (
            ".*",
            "\0",
            "(",
            "[",
            "\\",
            "a{9999999}",
            "(?i)garden",
            "é" * 5_000,
            "(" * 500,
        ):
            answer = await ada.http.get("/rooms", params={"search": search})
            assert answer.status_code == 200
            assert search == "\0" or 'href="/rooms/garden"' not in answer.text, search
        assert (await ada.get("/rooms?search[$ne]=x&here[$ne]=&view[]=")).status_code == 200


# Redirects

ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "https:evil.example",
    "//[",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "/\u2028/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    ".evil.example",
    "",
    "/rooms\r\nSet-Cookie: x=y",
    "/" + "x" * 501,
    "/\ud800",
)
HERE = ("/rooms", "/rooms/x?around=1", "/%5Cevil.example", "/%2F/evil.example", "/rooms/é", "/@x")


def test_only_addresses_on_this_site_are_followed() -> None:
    for target in ELSEWHERE:
        assert local_path(target) is None, target
    for target in HERE:
        assert local_path(target) == target


async def test_logging_in_leads_nowhere_else(lenient: Site) -> None:
    async with insiders(lenient, "Ada", "nobody") as (ada, nobody):
        for target in ELSEWHERE[:-1] + HERE:
            page = (await nobody.http.get("/login", params={"next": target})).text
            assert f'name="next" value="{target if target in HERE else "/rooms"}"' in page
            answer = await ada.http.get("/login", params={"next": target})
            assert answer.status_code == 303
            to = httpx.URL(lenient.url).join(answer.headers["location"])
            assert (to.host, to.port) == ("localhost", lenient.port), target
            assert "set-cookie" not in answer.headers
        for target in ("//evil.example", "/\\evil.example", "/rooms\r\nX: y"):
            form = {"username": "Ada", "password": PASSWORD, "next": target}
            assert (await nobody.post("/login", False, **form)).headers["location"] == "/rooms"
            assert (await nobody.post("/login", htmx=True, **form)).headers[
                "hx-redirect"
            ] == "/rooms"


# Log lines


async def test_no_secret_reaches_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    for chatty in ("pymongo", "asyncio", "hypercorn.error", "markdown_it"):
        caplog.set_level(logging.WARNING, logger=chatty)  # As littlechat.logs does.
    caplog.set_level(logging.DEBUG)
    async with Person(site, "Ada") as ada, Person(site, "Ben") as ben:
        await ada.register()
        await ada.post("/login", username="Ada", password="a wrong secret")
        room = await ada.create_room("Garden", "private")
        link = await ada.invite(room)
        assert (await ben.get(link)).status_code == 303
        await ben.register()
        await ben.get(link)
        await ben.post(link)
        stream = await ben.stream(room)
        await ada.say(room, "the body of a secret")
        await stream.until_text("the body of a secret")
        await ada.post(f"/rooms/{room}/messages/1/edit", body="another secret")
        await ada.http.get("/rooms", params={"search": "searched secret"})
        await ada.post("/account/password", current=PASSWORD, password="new secret word")
        await ada.get(f"/nowhere{link}")
        await ada.http.request("BREW", link)
        await raw(site, b"GET " + link.encode(), host=b"x..y")
        secrets = [link.rpartition("/")[2], "secret", PASSWORD, "new secret word"]
        secrets += [person.cookies().partition("=")[2] for person in (ada, ben)]
        await ada.post(f"/rooms/{room}/invitations/{secrets[0]}/revoke")
        await ben.post("/logout")
        assert await stream.until_closed() == 1008
        site.services.platform.database.close()
        assert (await ada.post(link, password="secret")).status_code == 503
    lines = [
        KeyValueFormatter().format(record)
        for record in caplog.records
        if record.name.partition(".")[0] not in ("httpx", "httpcore", "websockets")
    ]
    assert sum("route=/join/<token>" in line for line in lines) >= 4
    for secret in secrets:
        assert not [line for line in lines if secret in line], secret


# Markup


def packed(limit: int) -> list[str]:
    """Return the corpus in strings of at most `limit` characters, on one line each."""
    packs = [""]
    for payload in PAYLOADS:
        if len(packs[-1]) + len(payload) >= limit:
            packs.append("")
        packs[-1] += " " + payload
    return packs


async def test_no_payload_is_live_in_any_page(lenient: Site) -> None:
    async with insiders(lenient, "Ada", "Dan") as (ada, dan):
        served = lenient.services
        room = await ada.create_room("Plain")
        await ada.say(room, "plain")
        await served.rooms.store.touch(room, 1, now())  # At once, since lists show when.
        link = await ada.invite(room)
        mine = (f"/rooms/{room}", f"/rooms/{room}/settings", f"/rooms/{room}/messages/1/edit")
        his = ("/rooms", f"/rooms/{room}", link, f"/rooms?here={room}&view=sidebar")

        async def pages() -> list[list[object]]:
            shown = [(await ada.get(path)).text for path in mine]
            shown += [(await dan.get(path)).text for path in his]
            shown += [(await ada.get(path, htmx=True)).text for path in ("/rooms", mine[2])]
            refused = await ada.post(f"/rooms/{room}/settings", name="", description=described)
            repeated = await ada.post("/rooms", name=name, description=described)
            return [*map(skeleton, shown), skeleton(refused.text), skeleton(repeated.text)]

        name, described = "Plain", "plain"
        stored = await served.rooms.store.get(room)
        await served.actions.rooms.describe(stored, name, described)
        plain = await pages()
        names = [payload for payload in PAYLOADS if len(payload) <= 60 and payload.strip()]
        for number, described in enumerate(packed(300)):
            for name in names[number::40][:1]:
                await served.actions.rooms.describe(stored, name, described)
                assert await pages() == plain, (name, described)


async def test_no_payload_is_live_where_a_form_repeats_it(lenient: Site) -> None:
    async with insiders(lenient, "Ada", "nobody") as (ada, nobody):
        room = await ada.create_room("Garden")

        async def pages(typed: str) -> list[list[object]]:
            form = {"username": typed, "next": typed}
            return [
                skeleton((await nobody.post("/register", False, **form, password="x")).text),
                skeleton((await nobody.post("/login", False, **form, password="wrong")).text),
                skeleton((await nobody.http.get("/login", params={"next": typed})).text),
                skeleton((await ada.http.get("/rooms", params={"search": typed})).text),
                skeleton((await ada.post("/rooms", name=typed * 9, description=typed)).text),
                skeleton(
                    (await ada.post(f"/rooms/{room}/messages", body=typed + "x" * 8_000)).text
                ),
            ]

        plain = await pages("y" * 61)
        for typed in packed(2_000):
            assert await pages(typed) == plain, typed


async def test_no_payload_is_a_username(lenient: Site) -> None:
    accounts = lenient.services.accounts
    for payload in PAYLOADS:
        with pytest.raises(Invalid) as refused:
            await accounts.users.register(payload, PASSWORD)
        assert set(refused.value.errors) == {"username"}, payload
