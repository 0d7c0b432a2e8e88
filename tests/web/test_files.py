"""Files over HTTP: how they come in, to whom and as what they are handed out."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from hashlib import sha256

import httpx
import pytest

from littlechat.app import create_app
from littlechat.files.schema import CHUNKS, FILES
from littlechat.messages.schema import MESSAGES
from littlechat.platform.bus import MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database
from tests.attacks import alert, found_room, insiders
from tests.factories import WAIT_SECONDS, Person, Site
from tests.pictures import animation, bomb, gps, located, opened, picture

MIB = 1024 * 1024
DATA = bytes(range(256)) * 4_000


async def say(person: Person, room: str, *ids: str, body: str = "", client_id: str = "") -> str:
    """Post a message with files; return its fragment."""
    answer = await person.http.post(
        f"/rooms/{room}/messages",
        data={"body": body, "client_id": client_id, "file": list(ids)},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 201, answer.text
    return answer.text


Cast = tuple[Person, Person, Person, str]


@pytest.fixture
async def cast(site: Site) -> AsyncIterator[Cast]:
    """Ada and Ben in a private room, Dan outside."""
    async with insiders(site, "Ada", "Ben", "Dan") as (ada, ben, dan):
        room = await found_room(site, "Garden", ada, ben, visibility="private")
        yield ada, ben, dan, room


async def nothing_stored(site: Site) -> bool:
    await site.services.platform.tasks.close()
    db = site.services.platform.database
    return [await db[FILES].find({}), await db[CHUNKS].find({})] == [[], []]


# In


async def test_file_goes_up_and_comes_down(site: Site, cast: Cast) -> None:
    ada, ben, _, room = cast
    file = await ada.upload(room, DATA, "plan.bin")
    html = await say(ada, room, file)
    assert f'href="/files/{file}?download"' in html
    assert "plan.bin" in html
    answer = await ben.get(f"/files/{file}")
    assert answer.content == DATA
    assert (await ben.page(room)).seqs == [1]


async def test_picture_is_shown_small_with_its_sizes(cast: Cast) -> None:
    ada, ben, _, room = cast
    file = await ada.upload(room, picture("JPEG", (1_440, 720)), "a.jpg")
    html = await say(ada, room, file, body="look")
    assert f'<img src="/files/{file}/thumb" alt="a.jpg" width="360" height="180"' in html
    answer = await ben.get(f"/files/{file}/thumb")
    assert answer.headers["content-type"] == "image/webp"
    assert opened(answer.content).size == (720, 360)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"ID3\4" + b"\0" * 50, '<audio controls preload="none"'),
        (b"\0\0\0\x20ftypisom" + b"\0" * 50, '<video controls preload="metadata"'),
        (b"%PDF-1.4", 'class="file"'),
    ],
)
async def test_players_and_cards(cast: Cast, data: bytes, part: str) -> None:
    ada, _, _, room = cast
    assert part in await say(ada, room, await ada.upload(room, data))


async def test_too_large_a_file_is_cut_early(db: Database, settings: Settings) -> None:
    small = replace(settings, upload_max=1)
    async with Site(create_app(small, MemoryBus())) as site, insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        path = f"/rooms/{room}/files?name=a"
        answer = await ada.http.post(path, content=b"a" * (MIB + 1))
        assert answer.status_code == 413
        assert alert(answer.text) == "A file may have at most 1 MB here."
        assert len(await ada.upload(room, b"a" * MIB)) == 15
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 65_536
                yield b"a" * 65_536

        # Without a length given ahead: counted as it comes.
        try:
            answer = await ada.http.post(path, content=endless())
            assert answer.status_code == 413
        except httpx.TransportError:
            pass  # Cut before it had read the answer.
        assert sent < 60 * MIB
        await site.services.platform.tasks.close()
        assert len(await db[FILES].find({})) == 1


async def test_empty_file_is_refused(site: Site, cast: Cast) -> None:
    ada, _, _, room = cast
    answer = await ada.http.post(f"/rooms/{room}/files?name=a.gif", content=b"")
    assert answer.status_code == 422
    assert "empty" in alert(answer.text)
    assert await nothing_stored(site)


async def test_picture_too_large_to_be_drawn_is_sent_as_a_card_that_says_why(cast: Cast) -> None:
    ada, ben, _, room = cast
    answer = await ada.http.post(f"/rooms/{room}/files?name=wide.gif", content=bomb())
    assert answer.status_code == 201
    assert "sent as a file: too large a picture to be shown" in answer.text
    found = re.search('data-file="([^"]+)"', answer.text)
    assert found
    html = await say(ada, room, found[1])
    assert "too large a picture to be shown here" in html
    assert f'href="/files/{found[1]}?download"' in html
    assert "<img" not in html
    answer = await ada.http.post(f"/rooms/{room}/files?name=a.heic", content=b"\0\0\0\x18ftypheic")
    assert "sent as a file: a kind of picture that is not shown" in answer.text
    assert (await ben.get(f"/files/{found[1]}?download")).content == bomb()


@pytest.mark.parametrize(("kind", "word"), [("GIF", "GIF"), ("PNG", "moving"), ("WEBP", "moving")])
async def test_moving_picture_has_a_sign_that_it_moves(cast: Cast, kind: str, word: str) -> None:
    ada, _, _, room = cast
    html = await say(ada, room, await ada.upload(room, animation(kind), "dance"))
    assert "data-moves" in html
    assert f"▶ {word}" in html
    still = await say(ada, room, await ada.upload(room, picture(kind), "still"))
    assert "▶" not in still


async def test_position_goes_out_of_a_picture_unless_its_owner_keeps_it(cast: Cast) -> None:
    ada, ben, _, room = cast
    data = located("JPEG")
    path = f"/rooms/{room}/files?name=a.jpg"
    chip = await ada.http.post(path, content=data)
    assert "location removed" in chip.text
    file = re.search('data-file="([^"]+)"', chip.text)
    assert file
    await say(ada, room, file[1])
    got = await ben.get(f"/files/{file[1]}")
    assert gps(got.content) == {}
    assert got.headers["etag"] == f'"{sha256(got.content).hexdigest()[:32]}"'
    # By a form without scripts, too.
    form = {"body": "look", "client_id": "plain"}
    await ada.http.post(
        f"/rooms/{room}/messages", data=form, files={"upload": ("b.jpg", data, "image/jpeg")}
    )
    shown = (await ben.get(f"/rooms/{room}")).text
    (second,) = re.findall('href="/files/([^"]+)"><img[^>]*alt="b.jpg"', shown)
    assert gps((await ben.get(f"/files/{second}")).content) == {}

    answer = await ada.post("/account/pictures", position="keep")
    assert answer.headers["location"] == "/account?done=pictures#pictures"
    assert 'value="keep" checked' in (await ada.get("/account")).text
    kept = await ada.upload(room, data, "c.jpg")
    assert (await ada.get(f"/files/{kept}")).content == data
    await ada.post("/account/pictures")
    assert 'value="keep" checked' not in (await ada.get("/account")).text


async def test_full_installation_says_so(db: Database, settings: Settings) -> None:
    full = replace(settings, upload_quota=0)
    async with Site(create_app(full, MemoryBus())) as site, insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        answer = await ada.http.post(f"/rooms/{room}/files?name=a", content=b"a")
        assert answer.status_code == 507
        assert "switched off" in alert(answer.text)


async def test_client_cut_in_the_middle_leaves_nothing(site: Site, cast: Cast) -> None:
    ada, _, _, room = cast
    db = site.services.platform.database
    head = (
        f"POST /rooms/{room}/files?name=a HTTP/1.1\r\nHost: localhost\r\n"
        f"Cookie: {ada.cookies()}\r\nContent-Length: 5000000\r\n\r\n"
    )
    for size in (10, 300_000, 2_000_000):
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(head.encode() + b"a" * size)
        await writer.drain()
        async with asyncio.timeout(WAIT_SECONDS):
            while await db[CHUNKS].count({}) < min(size // 261_120, 3):
                await asyncio.sleep(0.01)
            while not await db[FILES].find({}):
                await asyncio.sleep(0.01)
        writer.transport.abort()
        async with asyncio.timeout(WAIT_SECONDS):
            while await db[FILES].find({}) or await db[CHUNKS].find({}):
                await asyncio.sleep(0.01)


# With messages


async def test_send_repeated_is_one_message_with_its_files(cast: Cast) -> None:
    ada, _, _, room = cast
    file = await ada.upload(room, DATA)
    first = await say(ada, room, file, client_id="once")
    assert await say(ada, room, file, client_id="once") == first
    assert (await ada.page(room)).seqs == [1]


async def test_only_ones_own_waiting_files_are_sent(site: Site, cast: Cast) -> None:
    ada, ben, _, room = cast
    other = await found_room(site, "Shed", ada)
    sent = await ada.upload(room, b"1")
    await say(ada, room, sent)
    strange = [await ben.upload(room, b"2"), await ada.upload(other, b"3"), "absent", sent]
    for file in strange:
        answer = await ada.post(f"/rooms/{room}/messages", htmx=True, body="my words", file=file)
        assert answer.status_code == 422
        assert "not there any more" in alert(answer.text)
        answer = await ada.post(f"/rooms/{room}/messages", body="my words", file=file)
        assert answer.status_code == 422
        assert "my words</textarea>" in answer.text
    mine = await ada.upload(room, b"4", "mine.txt")
    answer = await ada.http.post(
        f"/rooms/{room}/messages", data={"body": "x", "file": [mine, "absent"]}
    )
    assert f'name="file" value="{mine}"' in answer.text


async def test_message_needs_words_or_files(cast: Cast) -> None:
    ada, _, _, room = cast
    assert (await ada.post(f"/rooms/{room}/messages", body=" ")).status_code == 422
    html = await say(ada, room, await ada.upload(room, b"1"))
    assert '<div class="message-body" dir="auto"></div>' in html


async def test_plain_form_sends_files_without_a_script(cast: Cast) -> None:
    ada, ben, _, room = cast
    picked = [("upload", ("a.png", picture(), "text/html")), ("upload", ("b.bin", DATA, "x/y"))]
    answer = await ada.http.post(
        f"/rooms/{room}/messages", data={"body": "both", "client_id": ""}, files=picked
    )
    assert answer.status_code == 303
    html = (await ben.get(f"/rooms/{room}")).text
    assert 'alt="a.png"' in html
    assert "b.bin" in html
    empty = [("upload", ("", b"", "application/octet-stream"))]
    answer = await ada.http.post(f"/rooms/{room}/messages", data={"body": "none"}, files=empty)
    assert answer.status_code == 303


async def test_plain_form_that_is_refused_keeps_the_files(cast: Cast) -> None:
    ada, _, _, room = cast
    picked = [("upload", ("a.png", picture(), "image/png"))]
    answer = await ada.http.post(
        f"/rooms/{room}/messages", data={"body": "x" * 9_000}, files=picked
    )
    assert answer.status_code == 422
    assert 'name="file" value="' in answer.text
    assert 'action="/rooms/' in answer.text


async def test_plain_form_keeps_the_files_that_came_before_a_refused_one(cast: Cast) -> None:
    ada, _, _, room = cast
    picked = [("upload", ("a.png", picture(), "image/png")), ("upload", ("b", b"", ""))]
    answer = await ada.http.post(f"/rooms/{room}/messages", data={"body": "both"}, files=picked)
    assert answer.status_code == 422
    assert alert(answer.text) == "This file is empty."
    assert answer.text.count('name="file" value="') == 1
    assert "a.png" in answer.text


async def test_plain_form_has_the_same_limit(db: Database, settings: Settings) -> None:
    small = replace(settings, upload_max=1)
    async with Site(create_app(small, MemoryBus())) as site, insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        for size, statuses in ((MIB + 10, {422}), (5 * MIB, {413})):
            picked = [("upload", ("a", b"a" * size, ""))]
            answer = await ada.http.post(f"/rooms/{room}/messages", data={"body": ""}, files=picked)
            assert answer.status_code in statuses
            assert alert(answer.text)
        assert await db[MESSAGES].find({}) == []


async def test_waiting_files_are_found_again_after_a_reload(cast: Cast) -> None:
    ada, ben, _, room = cast
    one, other = await ada.upload(room, b"1", "one.txt"), await ada.upload(room, b"2")
    await say(ada, room, other)
    path = f"/rooms/{room}/files?id={one}&id={other}&id=absent"
    html = (await ada.get(path)).text
    assert html.count("<li") == 1
    assert "one.txt" in html
    assert (await ben.get(path)).text.strip() == ""


async def test_file_thought_better_of_is_gone(site: Site, cast: Cast) -> None:
    ada, ben, _, room = cast
    file = await ada.upload(room, DATA)
    assert (await ben.post(f"/files/{file}/discard")).status_code == 404
    assert (await ada.post(f"/files/{file}/discard")).status_code == 204
    assert await nothing_stored(site)


# Out


async def test_every_request_asks_who_may(site: Site, cast: Cast) -> None:
    ada, ben, dan, room = cast
    file = await ada.upload(room, picture(), "a.png")
    paths = (f"/files/{file}", f"/files/{file}/thumb")
    for path in paths:
        assert (await ada.get(path)).status_code == 200
        assert (await ben.get(path)).status_code == 404, "not sent yet"
    await say(ada, room, file)
    for path in paths:
        assert (await ben.get(path)).status_code == 200
        assert (await dan.get(path)).status_code == 404
    assert (await ada.post(f"/rooms/{room}/members/Ben/remove")).status_code == 303
    for path in paths:
        for headers in ({}, {"Range": "bytes=0-1"}, {"If-None-Match": "*"}):
            assert (await ben.http.get(path, headers=headers)).status_code == 404
        assert (await ben.http.head(path)).status_code == 404
    assert (await ada.get(paths[0])).status_code == 200


async def test_removed_messages_file_is_gone(site: Site, cast: Cast) -> None:
    ada, ben, _, room = cast
    file = await ada.upload(room, picture())
    await say(ada, room, file, body="x")
    assert (await ben.post(f"/rooms/{room}/messages/1/remove")).status_code == 404
    assert (await ben.get(f"/files/{file}")).status_code == 200
    edited = await ada.post(f"/rooms/{room}/messages/1/edit", htmx=True, body="y")
    assert file in edited.text
    bare = await ada.post(f"/rooms/{room}/messages/1/edit", htmx=True, body="")
    assert bare.status_code == 200
    assert file in bare.text
    answer = await ada.post(f"/rooms/{room}/messages/1/remove", htmx=True)
    assert file not in answer.text
    for person in (ada, ben):
        assert (await person.get(f"/files/{file}")).status_code == 404
    assert await nothing_stored(site)


async def test_deleted_rooms_files_are_gone(site: Site, cast: Cast) -> None:
    ada, ben, _, room = cast
    file = await ada.upload(room, DATA)
    await say(ada, room, file)
    assert (await ada.post(f"/rooms/{room}/delete", confirmation="Garden")).status_code == 303
    for person in (ada, ben):
        assert (await person.get(f"/files/{file}")).status_code == 404
    assert await nothing_stored(site)


async def test_file_is_the_same_on_two_processes(site: Site, other_site: Site, cast: Cast) -> None:
    ada, ben, _, room = cast
    async with Person(other_site, "Ben") as there:
        there.http.cookies.update(ben.http.cookies)
        stream = await there.stream(room)
        file = await ada.upload(room, DATA)
        await say(ada, room, file)
        assert file in await stream.until_text("message-1")
        assert (await there.get(f"/files/{file}")).content == DATA
        await ada.post(f"/rooms/{room}/messages/1/remove")
        await stream.until(lambda dom: 1 in dom.messages and dom.messages[1].version == 1)
        assert (await there.get(f"/files/{file}")).status_code == 404
        await stream.close()


RANGES: list[tuple[str, int, Callable[[bytes], bytes], str | None]] = [
    ("bytes=0-0", 206, lambda data: data[:1], "bytes 0-0/1024000"),
    ("bytes=0-", 206, lambda data: data, "bytes 0-1023999/1024000"),
    ("bytes=100-299", 206, lambda data: data[100:300], "bytes 100-299/1024000"),
    ("bytes=-5", 206, lambda data: data[-5:], "bytes 1023995-1023999/1024000"),
    ("bytes=-9999999", 206, lambda data: data, "bytes 0-1023999/1024000"),
    ("bytes=261119-261120", 206, lambda data: data[261_119:261_121], None),
    ("bytes=1023999-9999999", 206, lambda data: data[-1:], "bytes 1023999-1023999/1024000"),
    ("bytes=1024000-", 416, lambda data: b"", "bytes */1024000"),
    ("bytes=5-4", 200, lambda data: data, None),
    ("bytes=0-1,5-6", 200, lambda data: data, None),
    ("lines=0-1", 200, lambda data: data, None),
    ("bytes=a-b", 200, lambda data: data, None),
    ("bytes=" + "9" * 400 + "-", 416, lambda data: b"", "bytes */1024000"),
]


async def test_ranges(cast: Cast) -> None:
    ada, _, _, room = cast
    path = f"/files/{await ada.upload(room, DATA)}"
    for asked, status, part, content_range in RANGES:
        answer = await ada.http.get(path, headers={"Range": asked})
        assert answer.status_code == status, asked
        assert answer.content == part(DATA), asked
        assert int(answer.headers["content-length"]) == len(answer.content)
        if content_range:
            assert answer.headers["content-range"] == content_range
    etag = (await ada.get(path)).headers["etag"]
    same = {"Range": "bytes=0-0", "If-Range": etag}
    assert (await ada.http.get(path, headers=same)).status_code == 206
    other = {"Range": "bytes=0-0", "If-Range": '"other"'}
    assert (await ada.http.get(path, headers=other)).content == DATA
    answer = await ada.http.get(path, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    answer = await ada.http.head(path)
    assert (answer.headers["content-length"], answer.content) == ("1024000", b"")
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("data", "name", "kind", "shown"),
    [
        (b"<svg xmlns='x' onload='alert(1)'/>", "a.png", "text/plain; charset=utf-8", "attachment"),
        (b"<script>alert(1)</script>", "a.html", "text/plain; charset=utf-8", "attachment"),
        (b"%PDF-1.7", "a.pdf", "application/pdf", "attachment"),
        (b"\0\1\2", "a.html", "application/octet-stream", "attachment"),
        (picture() + b"<script>alert(1)</script>", "a.html", "image/png", "inline"),
        (b"ID3\4", "a.mp3", "audio/mpeg", "inline"),
    ],
)
async def test_nothing_is_handed_out_as_a_page(
    cast: Cast, data: bytes, name: str, kind: str, shown: str
) -> None:
    ada, _, _, room = cast
    answer = await ada.http.post(
        f"/rooms/{room}/files",
        params={"name": name},
        content=data,
        headers={"Content-Type": "text/html"},
    )
    file = answer.text.partition('value="')[2].partition('"')[0]
    answer = await ada.get(f"/files/{file}")
    headers = answer.headers
    assert headers["content-type"] == kind
    assert headers["content-disposition"].startswith(f"{shown}; ")
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "allow-" not in policy
    assert "script" not in policy
    assert headers["cache-control"].startswith("private, ")
    assert headers["vary"] == "Cookie"
    answer = await ada.get(f"/files/{file}?download")
    assert answer.headers["content-disposition"].startswith("attachment; ")


async def test_name_stays_a_name(cast: Cast) -> None:
    ada, _, _, room = cast
    for name, plain, star in (
        ('"><img src=x onerror=alert(1)>.txt', "_><img src=x onerror=alert(1)>.txt", "%22%3E"),
        ("a\r\nSet-Cookie: x=y.txt", "a Set-Cookie: x=y.txt", "a%20Set-Cookie%3A%20x%3Dy.txt"),
        ("Grüße 🌱.txt", "Gr__e _.txt", "Gr%C3%BC%C3%9Fe%20%F0%9F%8C%B1.txt"),
        ('a";filename=evil.exe;b.txt', "a__filename=evil.exe_b.txt", "a%22%3Bfilename%3Devil.exe"),
        ("100%.txt", "100_.txt", "100%25.txt"),
    ):
        file = await ada.upload(room, b"words", name)
        html = await say(ada, room, file)
        assert "<img" not in html
        answer = await ada.get(f"/files/{file}")
        assert "set-cookie" not in answer.headers
        found = answer.headers["content-disposition"]
        assert f"filename=\"{plain}\"; filename*=UTF-8''{star}" in found
        assert len(found.splitlines()) == 1


async def test_odd_ids_find_nothing(cast: Cast) -> None:
    ada, _, _, _ = cast
    for path in (
        "/files/x",
        "/files/%00",
        "/files/" + "a" * 5_000,
        "/files/..%2f",
        "/files/x/thumb",
    ):
        assert (await ada.get(path)).status_code == 404
