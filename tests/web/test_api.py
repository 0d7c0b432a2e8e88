"""Programs speak with a token and nothing else, and every refusal is JSON with a sentence."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from littlechat.app import BODY_BYTES_MAX
from littlechat.bots.values import Bot
from littlechat.files.schema import CHUNKS, FILES
from littlechat.platform.rate_limits import BOT
from littlechat.rooms.schema import MEMBERSHIPS
from tests.attacks import found_room, insiders, user_of
from tests.factories import WAIT_SECONDS, Person, Site
from tests.programs import require
from tests.receivers import Receiver, answer

DOCS = Path(__file__).parents[2] / "docs" / "bots.md"
MESSAGES = "/bots/messages"


@dataclass(frozen=True)
class Robot:
    """A bot and its token, in Ada's room."""

    site: Site
    ada: Person
    bot: Bot
    token: str
    http: httpx.AsyncClient

    async def post(self, token: str | None = None, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        headers |= request.pop("headers", {})
        return await self.http.post(MESSAGES, headers=headers, **request)

    async def said(self) -> list[tuple[str, str]]:
        messages, room = self.site.services.messages, self.bot.room_id
        page = await messages.newest(room, await messages.head(room), 100)
        return [(one.author_name, one.body) for one in page.messages]


@pytest.fixture
async def robot(site: Site) -> AsyncIterator[Robot]:
    async with insiders(site, "Ada") as (ada,), httpx.AsyncClient(base_url=site.url) as http:
        room = await found_room(site, "Garden", ada)
        bot, token = await site.services.bots.store.create(room, "Robot", await user_of(site, ada))
        yield Robot(site, ada, bot, token, http)


async def test_a_bot_says_something_in_every_form(robot: Robot) -> None:
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    forms: tuple[dict[str, Any], ...] = (
        {"data": {"text": "a form"}},
        {"json": {"text": "some JSON"}},
        {"content": "plain text é".encode(), "headers": plain},
        {"files": {"text": (None, "a form in parts")}},
    )
    for number, request in enumerate(forms, start=1):
        reply = await robot.post(**request)
        assert reply.status_code == 201, reply.text
        assert reply.headers["content-type"] == "application/json; charset=utf-8"
        place = f"/rooms/{robot.bot.room_id}?around={number}#message-{number}"
        assert reply.json() == {"seq": number, "url": f"{robot.site.url}{place}"}
    assert await robot.said() == [
        ("Robot", "a form"),
        ("Robot", "some JSON"),
        ("Robot", "plain text é"),
        ("Robot", "a form in parts"),
    ]
    page = (await robot.ada.get(f"/rooms/{robot.bot.room_id}")).text
    assert page.count('<b class="author">Robot</b> <span class="tag">bot</span>') == 4


async def test_a_bot_sends_files_once_which_its_room_may_read(robot: Robot) -> None:
    # More than may wait in memory, so that it is read as it comes.
    big = os.urandom(300_000)
    for _ in range(2):
        reply = await robot.post(
            data={"text": ""},
            files=[("file", ("a.bin", big)), ("file", ("b.txt", b"some words"))],
            headers={"Idempotency-Key": "files"},
        )
        assert reply.status_code == 201, reply.text
    message = await robot.site.services.messages.get(robot.bot.room_id, 1)
    assert [(one.name, one.size) for one in message.files] == [("a.bin", 300_000), ("b.txt", 10)]
    assert len(await robot.site.services.platform.database[FILES].find({})) == 2
    path = f"/files/{message.files[0].id}"
    assert (await robot.ada.get(path)).content == big
    headers = {"Authorization": f"Bearer {robot.token}"}
    assert (await robot.http.get(path, headers=headers)).status_code == 303
    reply = await robot.http.post(MESSAGES, files={"file": ("a.bin", big)})
    assert reply.status_code == 401
    for files in ({"file": ("empty", b"")}, [("file", (f"{n}", b"x")) for n in range(11)]):
        reply = await robot.post(files=files)
        assert reply.status_code == 422
        assert list(reply.json()["fields"]) == ["file"]
    robot.site.services.files.uploads.bytes_max = 1_000
    reply = await robot.post(files={"file": ("a.bin", b"x" * 1_001)})
    assert reply.status_code == 413
    assert "A file may have at most" in reply.json()["error"]
    robot.site.services.files.usage.quota = 0
    assert (await robot.post(files={"file": ("a.bin", b"x")})).status_code == 507
    assert await robot.said() == [("Robot", "")]


@pytest.mark.parametrize("why", ["long", "many", "large", "empty", "full"])
async def test_what_is_refused_leaves_no_file_behind(robot: Robot, why: str) -> None:
    served = robot.site.services
    files = [("file", ("a.txt", b"words")), ("file", ("b.txt", b"more words"))]
    data = {"text": "x" * 8_001} if why == "long" else {"text": "hello"}
    if why == "many":
        files *= 6
    elif why == "large":
        served.files.uploads.bytes_max = 6
    elif why == "empty":
        files.append(("file", ("c", b"")))
    elif why == "full":
        served.files.usage.quota = 10
    reply = await robot.post(data=data, files=files)
    assert reply.status_code in (413, 422, 507)
    await served.platform.tasks.close()
    assert await served.platform.database[FILES].find({}) == []
    assert await served.platform.database[CHUNKS].find({}) == []


async def test_files_that_are_sent_twice_at_once_are_kept_once(robot: Robot) -> None:
    files = [("file", ("a.txt", b"words"))]
    key = {"Idempotency-Key": "k1"}
    sends = [robot.post(data={"text": "x"}, files=files, headers=key) for _ in range(3)]
    replies = await asyncio.gather(*sends)
    assert {reply.json()["seq"] for reply in replies} == {1}
    await robot.site.services.platform.tasks.close()
    message = await robot.site.services.messages.get(robot.bot.room_id, 1)
    kept = await robot.site.services.platform.database[FILES].find({})
    assert [one["_id"] for one in kept] == [one.id for one in message.files]


async def test_a_message_sent_again_is_the_same(robot: Robot) -> None:
    replies = [
        await robot.post(data={"text": "once"}, headers={"Idempotency-Key": "k1"}),
        await robot.post(data={"text": "once"}, headers={"Idempotency-Key": "k1"}),
        await robot.post(data={"text": "once", "client_id": "k1"}),
        await robot.post(json={"text": "once", "client_id": "k1"}),
    ]
    assert {reply.json()["seq"] for reply in replies} == {1}
    assert len(await robot.said()) == 1


async def test_without_a_valid_token_nothing_is_posted(robot: Robot) -> None:
    for token in ("x", "lc_", robot.token + "x", robot.token[:-1], "ä", robot.bot.id):
        headers = {b"Authorization": f"Bearer {token}".encode()}
        reply = await robot.http.post(MESSAGES, headers=headers, data={"text": "x"})
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"].startswith("Bearer")
        assert "token" in reply.json()["error"]
    for header in ("", "Bearer", f"Basic {robot.token}", robot.token, f"Token {robot.token}"):
        reply = await robot.http.post(MESSAGES, headers={"Authorization": header})
        assert reply.status_code == 401
    assert await robot.said() == []
    ok = await robot.http.post(
        MESSAGES, headers={"Authorization": f"bearer  {robot.token}"}, data={"text": "x"}
    )
    assert ok.status_code == 201


async def test_a_session_is_no_token_and_a_token_no_session(robot: Robot) -> None:
    reply = await robot.ada.post(MESSAGES, text="hello")
    assert reply.status_code == 401
    assert "error" in reply.json()
    headers = {"Authorization": f"Bearer {robot.token}"}
    # With both it is the bot that speaks.
    reply = await robot.ada.http.post(MESSAGES, headers=headers, data={"text": "hello"})
    assert reply.status_code == 201
    assert await robot.said() == [("Robot", "hello")]
    room = robot.bot.room_id
    for path in ("/rooms", f"/rooms/{room}", f"/rooms/{room}/messages", f"/rooms/{room}/bots"):
        assert (await robot.http.get(path, headers=headers)).status_code == 303
    for path in (f"/rooms/{room}/messages", f"/rooms/{room}/messages/1/remove", "/rooms"):
        reply = await robot.http.post(path, headers=headers, data={"body": "x", "name": "x"})
        assert reply.status_code == 401
    # Another site's page may not use it either.
    forged = {**headers, "Origin": "https://evil.example"}
    reply = await robot.http.post(MESSAGES, headers=forged, data={"text": "x"})
    assert reply.status_code == 403
    assert len(await robot.said()) == 1


async def test_a_token_ends_with_its_bot_and_its_room(robot: Robot) -> None:
    served = robot.site.services
    new = await served.bots.store.replace_token(robot.bot)
    assert (await robot.post(data={"text": "x"})).status_code == 401
    assert (await robot.post(new, data={"text": "x"})).status_code == 201
    room = await served.rooms.store.get(robot.bot.room_id)
    await served.platform.database[MEMBERSHIPS].delete({"user": robot.bot.id})
    served.realtime.announcements.revoke(user="", room=room.id)
    reply = await robot.post(new, data={"text": "x"})
    assert reply.status_code == 403
    assert reply.json()["error"] == "This bot is not in its room any more."
    await served.actions.rooms.delete(room, room.name)
    assert (await robot.post(new, data={"text": "x"})).status_code == 401


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (422, {"data": {"text": ""}}),
        (422, {"data": {"text": " \n\u200b"}}),
        (422, {"data": {"words": "x"}}),
        (422, {"data": {"text": "x" * 8_001}}),
        (422, {"data": {"text": "x", "client_id": "a b"}}),
        (422, {"data": {"text": "x"}, "headers": {"Idempotency-Key": "x" * 65}}),
        (422, {"json": {"text": 5}}),
        (422, {"json": {"text": None}}),
        (422, {"json": {"text": "x", "client_id": {"$ne": 1}}}),
        (422, {"json": ["text"]}),
        (422, {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        (422, {"content": b"[" * 50_000, "headers": {"Content-Type": "application/json"}}),
        (422, {"content": b"\xff\xfe", "headers": {"Content-Type": "text/plain"}}),
        (413, {"content": b"x" * (BODY_BYTES_MAX + 1), "headers": {"Content-Type": "text/plain"}}),
        (415, {"content": b"<p>", "headers": {"Content-Type": "text/html"}}),
        (415, {"content": b"x"}),
    ],
)
async def test_what_cannot_be_said_is_refused_with_a_sentence(
    robot: Robot, status: int, request_: dict[str, Any]
) -> None:
    reply = await robot.post(**request_)
    assert reply.status_code == status, reply.text
    assert reply.json()["error"].endswith((".", "}"))
    assert await robot.said() == []


async def test_a_bot_that_posts_too_often_gets_429(robot: Robot) -> None:
    for _ in range(60):
        await robot.site.services.platform.rate_limits.hit(BOT, robot.bot.id)
    reply = await robot.post(data={"text": "x"})
    assert reply.status_code == 429
    assert int(reply.headers["retry-after"]) > 0
    assert "Try again in" in reply.json()["error"]


async def test_without_the_database_it_is_503(robot: Robot) -> None:
    robot.site.services.platform.database.close()
    reply = await robot.post(data={"text": "x"})
    assert reply.status_code == 503
    assert reply.headers["retry-after"] == "5"
    assert "error" in reply.json()


# What the documentation says


def blocks(language: str) -> list[str]:
    """Return the documentation's fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS.read_text(), re.MULTILINE | re.DOTALL)


async def run(script: str, directory: Path, **environment: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-eu", "-c", script),
        cwd=directory,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await asyncio.wait_for(process.communicate(), WAIT_SECONDS * 2)
    return process.returncode or 0, out.decode()


async def test_every_line_of_the_documentation_runs(robot: Robot, tmp_path: Path) -> None:
    require("curl")
    require("uptime")
    scripts = blocks("sh")
    assert len(scripts) == 6
    outputs = []
    for script in scripts:
        code, out = await run(script, tmp_path, LITTLECHAT=robot.site.url, TOKEN=robot.token)
        assert code == 0, (script, out)
        outputs.append(out)
    said = await robot.said()
    assert [text for _, text in said[:2]] == ["The build is green.", "Deployed **v2.1** in 40 s"]
    assert "load average" in said[2][1]
    assert said[3:] == [
        ("Robot", "The report of tonight"),
        ("Robot", "The nightly backup is done."),
    ]
    report = await robot.site.services.messages.get(robot.bot.room_id, 4)
    assert [(one.name, one.type, one.size) for one in report.files] == [
        ("report.txt", "text/plain", 17)
    ]
    example = json.loads(blocks("json")[0])
    assert json.loads(outputs[0]).keys() == example.keys()
    assert outputs[4].splitlines()[0] == outputs[4].splitlines()[1]
    refused, status = outputs[5].splitlines()
    assert (status, list(json.loads(refused))) == ("401", ["error"])


async def test_the_documented_check_accepts_a_real_delivery(robot: Robot) -> None:
    (code,) = blocks("python")
    names: dict[str, Any] = {}
    exec(code, names)
    served = robot.site.services
    async with Receiver(answer(200, "It is.")) as receiver:
        served.bots.webhooks._client._private = True
        secret = await served.bots.store.set_webhook(robot.bot, receiver.url, "", robot.site.url)
        await robot.ada.say(robot.bot.room_id, "@Robot is the build green?")
        heard = (await receiver.until(1))[0]
        head = {"X-Littlechat-" + k: heard.headers[f"x-littlechat-{k.lower()}"] for k in HEADERS}
        assert names["is_genuine"](secret, head, heard.body)
        assert not names["is_genuine"](secret, head, heard.body + b" ")
        assert not names["is_genuine"]("lcs_other", head, heard.body)
        example = json.loads(blocks("json")[1])
        assert shape(heard.json) == shape(example)


HEADERS = ("Timestamp", "Signature")


def shape(value: Any) -> Any:
    """Return the keys of an object, and those within."""
    return {k: shape(v) for k, v in value.items()} if isinstance(value, dict) else None
