"""Every route against nobody, the outsider and the member without the right.

The denial table names each route once. A route that is not in it fails a test.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import quote

import pytest
from quart import Quart

from littlechat.app import create_app
from littlechat.core.messages import Draft
from littlechat.core.names import new_id
from littlechat.core.people import User
from littlechat.files.blobs import parts_of
from littlechat.files.schema import FILES
from littlechat.notifications import delivery as notifications
from littlechat.platform.bus import MemoryBus
from littlechat.platform.configuration import Settings
from tests.attacks import (
    Answer,
    alert,
    everything,
    found_room,
    handshake,
    insiders,
    user_of,
)
from tests.factories import PASSWORD, Person, Site
from tests.pictures import picture

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
    Row("GET", "/confirm", "Ada", 404, 303),
    Row("POST", f"{ROOM}/show", "Ada", 404, 401, 403, 404),
    Row("POST", "/account/pictures", "Ada", 303, 401, form={"position": "keep"}),
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
    Row("POST", "/admin/installation", "Ada", 303, 401, 403, 403, 403, {"installation": "a"}),
    Row("POST", "/admin/address", "Ada", 303, 401, 403, 403, 403, {"address": ""}),
    Row("POST", "/admin/invitations", "Ada", 200, 401, 403, 403, 403),
    Row("POST", "/admin/invitations/<link_id>/revoke", "Ada", 303, 401, 403, 403, 403),
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
    Row("POST", f"{ROOM}/mentions", "Ben", 200, 401, 403, 404, form={"body": "@sab"}),
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
    Row("POST", f"{ROOM}/bans", "Ada", 303, 401, 403, 404, 403, {"username": "Cleo"}),
    Row("POST", f"{ROOM}/bans/<name>/lift", "Ada", 303, 401, 403, 404, 403),
    Row("POST", f"{ROOM}/invitations", "Ben", 200, 401, 403, 404),
    Row("POST", f"{ROOM}/invitations/<invitation>/revoke", "Ada", 303, 401, 403, 404, 404),
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
    Row("POST", "/files/<unattached_id>/discard", "Ada", 204, 401, 404, 404, 404),
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
SHARES = 8
"""In so many parts the table is gone through: each row reads all that is stored, twice."""

OPEN = {
    ("GET", "/"): 303,
    ("GET", "/register"): 200,
    ("POST", "/register"): 422,
    ("GET", "/login"): 200,
    ("POST", "/login"): 401,
    ("POST", "/logout"): 303,
    ("GET", "/setup"): 200,
    ("POST", "/setup"): 422,
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
    if "<invitation>" in row.rule:
        values["invitation"] = (await served.rooms.members.invite(room, user)).id
    if "<file_id>" in row.rule or "<unattached_id>" in row.rule:
        values |= await filed(site, room, user)
    if row.form.get("browser"):
        await ada.post(
            "/account/notifications/subscribe", False, **{**PUT_UP, "endpoint": ENDPOINT}
        )
    if "<bot>" in row.rule:
        values["bot"] = (await served.bots.store.create(room, f"bot-{new_id()}", user))[0].id
    if "<session_id>" in row.rule:
        values["session_id"] = (await served.accounts.sessions.open(user, "", ""))[1].id
    if "<link_id>" in row.rule:
        await served.accounts.registration.invite(user, 1, 1)
        values["link_id"] = (await served.accounts.registration.list_invitations())[0].id
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
    files = site.services.files
    stored = [
        await files.uploads.add(room, owner, "a.png", parts_of(BytesIO(picture())))
        for _ in range(2)
    ]
    sent, unattached = [one.file.id for one in stored]
    claimed = await files.attachments.claim(room, owner, [sent], new_id())
    claim = (await site.services.platform.database[FILES].find({"_id": sent}))[0]["claim"]
    await site.services.actions.messages.say(room, owner, Draft("", claim, files=claimed))
    return {"file_id": sent, "unattached_id": unattached}


@pytest.mark.parametrize("share", range(SHARES))
async def test_nobody_outsiders_and_mere_members_are_denied_everywhere(
    site: Site, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    # Who tells of a post forgets browsers that are signed out, at a moment of its own.
    monkeypatch.setattr(notifications, "GATHER_SECONDS", 3_600.0)
    async with insiders(site, "Ada", "Ben", "Cleo", "Dan", "nobody") as people:
        ada, ben, cleo, dan, nobody = people
        by_name = {person.name: person for person in people}
        await site.services.accounts.roles.promote(await user_of(site, ada))
        paths: list[tuple[Row, list[str]]] = []
        for number, row in enumerate(ROWS[share::SHARES]):
            rooms = [""] * len(KINDS)
            if "<" in row.rule:
                names = [f"{kind} {number}" for kind in KINDS]
                rooms = [await used_room(site, name, ada, ben, cleo) for name in names]
            at = [await filled(site, row, room, ada) for room in rooms]
            paths.append((row, at))
            with subtests.test(f"{row.verb} {row.rule}, who may"):
                answer = await send(by_name[row.who], row, at[0], f"used public {number}")
                assert answer.status == row.allowed
        await site.services.platform.tasks.close()  # What was deleted is cleared away afterwards.
        stored = await everything(site)
        for row, (_, public, private) in paths:
            with subtests.test(f"{row.verb} {row.rule}, who may not"):
                await deny_nobody(nobody, row, public)
                for who, path, status in (
                    (dan, public, row.outsider),
                    (dan, private, row.stranger),
                    (ben, public, row.member),
                    (ben, private, row.member),
                ):
                    if status is not None:
                        answer = await send(who, row, path)
                        assert answer.status == status
                        assert row.verb == "SOCKET" or alert(answer.text)
                if row.stranger and "<room>" in row.rule:
                    await compare_with_absent(dan, row, private)
                before, stored = stored, await everything(site)
                assert stored == before, "something changed"


KINDS = "used public", "left public", "left private"
"""The rooms of each row: one for who may, and two that everybody else comes to."""


async def used_room(site: Site, name: str, ada: Person, *members: Person) -> str:
    """Make a room in which something was said; return its id."""
    room = await found_room(site, name, ada, *members, visibility=name.split()[1])
    await site.services.actions.messages.say(room, await user_of(site, ada), Draft("hello", ""))
    return room


async def deny_nobody(nobody: Person, row: Row, path: str) -> None:
    answer = await send(nobody, row, path)
    assert answer.status == row.nobody
    if row.verb == "GET":
        assert answer.headers["location"] == f"/login?next={quote(path)}"
    if row.verb != "SOCKET":
        answer = await send(nobody, row, path, htmx=True)
        assert (answer.status, answer.headers["hx-redirect"]) == (401, "/login")
        assert alert(answer.text).startswith("You are signed out.")


async def compare_with_absent(dan: Person, row: Row, private: str) -> None:
    """A private room must look like one that is not there, to the byte."""
    nowhere = re.sub(r"(?<=/rooms/)[^/]+", ABSENT, private)
    hidden, absent = await send(dan, row, private), await send(dan, row, nowhere)
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
