"""A right that ends while its request is under way: nothing is stored, and the reader gets no more.

Every unsafe route is gone through with a body that is half there when the right of its sender ends,
in another process; the rest of the body comes after.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from littlechat.core.messages import Draft
from littlechat.files.schema import FILES
from littlechat.web.services import Services
from tests.attacks import everything, found_room, insiders, user_of
from tests.factories import WAIT_SECONDS, Person, Site
from tests.tabs import until
from tests.web.test_guards import ROWS, Row, filled

PADDING = "x" * 200
BOUNDARY = "between"


def multipart(**fields: str) -> str:
    """Return a form in parts, with a file among them under the name `upload` and `file`."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{text}\r\n'
        for name, more, text in (
            *((name, "", text) for name, text in fields.items()),
            ("upload", '; filename="a.txt"', PADDING),
            ("file", '; filename="b.txt"', PADDING),
        )
    ]
    return "".join(parts) + f"--{BOUNDARY}--\r\n"


@dataclass
class Held:
    """A request of which the head and a part of the body were sent."""

    path: str
    rest: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def finish(self) -> int:
        """Send the rest; return the status of the answer."""
        self.writer.write(self.rest)
        return await self.status()

    async def status(self) -> int:
        """Return the status of the answer, and hang up."""
        line = await asyncio.wait_for(self.reader.readline(), WAIT_SECONDS)
        self.writer.close()
        return int(line.split()[1])


async def hold(site: Site, path: str, kind: str, body: str, **headers: str) -> Held:
    """Send a request up to the middle of its body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    data = body.encode()
    lines = {
        "Host": "localhost",
        "Connection": "close",
        "Content-Type": kind,
        "Content-Length": str(len(data)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    middle = len(data) // 2
    writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + data[:middle])
    return Held(path, data[middle:], reader, writer)


async def hold_row(site: Site, person: Person, row: Row, path: str) -> list[Held]:
    """Hold a request to a row's route, in each of the forms in which it can come."""
    form = {key: value.format(name="Garden") for key, value in row.form.items()}
    plain = urlencode({**form, "padding": PADDING})
    kinds = [("application/x-www-form-urlencoded", plain)]
    if row.rule.endswith(("/messages", "/avatar")):
        kinds.append((f"multipart/form-data; boundary={BOUNDARY}", multipart(**form)))
    if row.rule.endswith("/files"):
        path, kinds = f"{path}?name=a", [("application/octet-stream", PADDING)]
    cookie = {"Cookie": person.cookies()}
    return [await hold(site, path, kind, body, **cookie) for kind, body in kinds]


def count_sessions(monkeypatch: pytest.MonkeyPatch, served: Services) -> list[str]:
    """Return a list that gets an entry whenever a request has been asked who sends it."""
    asked, find = list[str](), served.rooms.access.find_session

    async def find_session(token: str, **how: Any) -> Any:
        found = await find(token, **how)
        asked.append(token)
        return found

    monkeypatch.setattr(served.rooms.access, "find_session", find_session)
    return asked


@dataclass(frozen=True)
class Ending:
    """How a right ends: whose, the rows that need it, and the status that these then get."""

    who: str
    status: int
    concerns: Callable[[Row], bool]
    end: Callable[[Services, str], Awaitable[object]]


async def log_out(served: Services, room: str) -> None:
    user = await served.accounts.users.get("Ada")
    for session in await served.accounts.sessions.list_of(user):
        await served.actions.sessions.log_out(session)


async def leave(served: Services, room: str) -> None:
    await served.actions.members.leave(room, await served.accounts.users.get("Ada"))


async def remove(served: Services, room: str) -> None:
    await served.actions.members.remove(room, "Ben", await served.accounts.users.get("Ada"))


async def ban(served: Services, room: str) -> None:
    await served.actions.administration.ban(room, "Ben", await served.accounts.users.get("Ada"))


async def disable(served: Services, room: str) -> None:
    await served.actions.administration.disable(await served.accounts.users.get("Ada"), "Ben")


async def demote(served: Services, room: str) -> None:
    await served.actions.administration.demote(await served.accounts.users.get("Cleo"), "Cleo")


def is_admins(row: Row) -> bool:
    return row.rule.startswith("/admin")


def is_of_room(row: Row) -> bool:
    return row.rule.startswith("/rooms/<room>")


def is_managers(row: Row) -> bool:
    return is_of_room(row) and row.member == 403


ENDINGS = {
    "logged out": Ending("Ada", 401, lambda row: True, log_out),
    "left the room": Ending("Ada", 404, is_of_room, leave),
    "removed": Ending(
        "Ben",
        404,
        lambda row: is_of_room(row) and not is_managers(row),
        remove,
    ),
    "banned": Ending("Ben", 404, lambda row: is_of_room(row) and not is_managers(row), ban),
    "disabled": Ending("Ben", 401, lambda row: not (is_admins(row) or is_managers(row)), disable),
    "demoted": Ending("Cleo", 403, lambda row: is_admins(row) or is_managers(row), demote),
}


async def stored(site: Site) -> dict[str, Any]:
    """Return all that is stored, without the files that nobody can use yet."""
    found = await everything(site)
    found[FILES.name] = [one for one in found[FILES.name] if one["ready"]]
    return found


@pytest.mark.parametrize("name", ENDINGS)
async def test_a_right_that_ends_before_the_body_has_come_stores_nothing(
    site: Site, other_site: Site, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    ending = ENDINGS[name]
    async with insiders(site, "Ada", "Ben", "Cleo") as people:
        by_name = {person.name: person for person in people}
        ada, ben, cleo = people
        for person in (ada, cleo):
            await site.services.accounts.roles.promote(await user_of(site, person))
        room = await found_room(site, "Garden", ada, ben, cleo, visibility="private")
        await site.services.actions.messages.say(room, await user_of(site, ada), Draft("hi", ""))
        rows = [row for row in ROWS if row.verb == "POST" and ending.concerns(row)]
        paths = [(row, await filled(site, row, room, ada)) for row in rows]
        asked = count_sessions(monkeypatch, site.services)
        held = [
            one
            for row, path in paths
            for one in await hold_row(site, by_name[ending.who], row, path)
        ]
        await until(lambda: len(asked) >= len(held))
        await ending.end(other_site.services, room)
        before = await stored(site)
        statuses = {one.path: await one.finish() for one in held}
        await site.services.platform.tasks.close()
        assert {status for status in statuses.values() if status != ending.status} == set(), {
            path: status for path, status in statuses.items() if status != ending.status
        }
        assert await stored(site) == before


BODIES = {
    "text/plain": PADDING,
    "application/json": '{"text": "' + PADDING + '"}',
    "application/x-www-form-urlencoded": urlencode({"text": PADDING}),
    f"multipart/form-data; boundary={BOUNDARY}": multipart(text=PADDING),
}


@pytest.mark.parametrize("way", ["revoked", "replaced", "removed"])
async def test_a_bot_whose_token_ends_before_the_body_has_come_says_nothing(
    site: Site, other_site: Site, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada, visibility="private")
        bot, token = await site.services.bots.store.create(room, "robot", await user_of(site, ada))
        asked, find = list[str](), site.services.rooms.access.find_membership

        async def find_membership(*values: Any, **how: Any) -> Any:
            asked.append("")
            return await find(*values, **how)

        monkeypatch.setattr(site.services.rooms.access, "find_membership", find_membership)
        held = [
            await hold(site, "/bots/messages", kind, body, Authorization=f"Bearer {token}")
            for kind, body in BODIES.items()
        ]
        await until(lambda: len(asked) >= len(held))
        store = other_site.services.bots.store
        ends: dict[str, Callable[[Any], Awaitable[object]]] = {
            "revoked": store.revoke_token,
            "replaced": store.replace_token,
            "removed": store.remove,
        }
        await ends[way](bot)
        before = await stored(site)
        assert [await one.finish() for one in held] == [401] * len(held)
        await site.services.platform.tasks.close()
        assert await stored(site) == before


async def test_an_upload_under_way_ends_with_the_right(
    site: Site, other_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben, visibility="private")
        asked = count_sessions(monkeypatch, site.services)
        path, cookie = f"/rooms/{room}/files?name=a", ben.cookies()
        body = "x" * 300_000
        one = await hold(site, path, "application/octet-stream", body, Cookie=cookie)
        await until(lambda: len(asked) >= 2)
        await remove(other_site.services, room)
        # Not the whole rest: it is not waited for.
        one.writer.write(one.rest[:1_000])
        assert await one.status() == 404
        await site.services.platform.tasks.close()
        assert (await everything(site))[FILES.name] == []


async def test_a_download_under_way_ends_with_the_right(site: Site, other_site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben, visibility="private")
        size = 16 * 1024 * 1024  # More than what lines and their buffers hold by themselves.
        file_id = await ada.upload(room, b"x" * size)
        await ada.say(room, "a film", file=file_id)
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=65_536)
        head = (
            f"GET /files/{file_id} HTTP/1.1\r\nHost: localhost\r\nCookie: {ben.cookies()}\r\n\r\n"
        )
        writer.write(head.encode())
        assert b" 200 " in await reader.readline()
        await remove(other_site.services, room)
        access, user = site.services.rooms.access, await user_of(site, ben)
        while await access.find_membership(room, user):
            await asyncio.sleep(0.005)
        got = 0
        while part := await asyncio.wait_for(reader.read(1_000_000), WAIT_SECONDS):
            got += len(part)
        assert 0 < got < size
        writer.close()


def test_every_row_that_posts_has_its_right_ended() -> None:
    posts = [row for row in ROWS if row.verb == "POST"]
    assert [row for row in posts if not any(one.concerns(row) for one in ENDINGS.values())] == []
