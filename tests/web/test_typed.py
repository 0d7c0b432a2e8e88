"""A browser without scripts loses no text: what is refused comes back with the reason."""

import contextlib
import html
import re

import pytest

from littlechat.app import BODY_BYTES_MAX
from littlechat.platform import SEND, TooMany
from littlechat.server.kept_forms import TEXT_BYTES
from tests.attacks import alert, found_room, insiders, user_of
from tests.factories import Person, Site

TEXT = "first line\n\n  <b>second</b> & “third”"


def field(page: str, name: str = "body") -> str:
    """Return the text in a page's field of a name."""
    area = re.search(rf'<textarea[^>]* name="{name}"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    line = re.search(rf'<input[^>]* name="{name}" value="([^"]*)"', page)
    found = area or line
    assert found, page
    return html.unescape(found[1])


def hidden(page: str) -> dict[str, str]:
    """Return what the form of a page sends besides."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))


async def use_up(site: Site, person: Person) -> None:
    """Let somebody have sent as much as they may for now."""
    limits, user = site.services.platform.rate_limits, await user_of(site, person)
    with contextlib.suppress(TooMany):
        while True:
            await limits.hit(SEND, user.id)


async def test_a_message_a_reply_and_an_edit_too_fast_come_back_whole(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await ada.say(room, "root")
        await use_up(site, ada)
        path = f"/rooms/{room}/messages"
        for target, more in (
            (path, {"client_id": "abc"}),
            (path, {"client_id": "def", "thread": "1", "shown": "1"}),
            (f"{path}/1/edit", {}),
        ):
            answer = await ada.post(target, False, body=TEXT, **more)
            assert answer.status_code == 429
            assert "Try again in" in alert(answer.text)
            assert field(answer.text) == TEXT
            assert hidden(answer.text) == more
            assert f'<form method="post" action="{target}"' in answer.text
        bare = await ada.post(path, htmx=True, body=TEXT)
        assert "textarea" not in bare.text


async def test_what_comes_back_is_sent_again_as_it_was(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        await use_up(site, ada)
        path = f"/rooms/{room}/messages"
        page = (await ada.post(path, body=TEXT, client_id="abc")).text
        await site.services.platform.rate_limits.clear(SEND, (await user_of(site, ada)).id)
        answer = await ada.post(path, False, body=field(page), **hidden(page))
        assert answer.status_code == 303
        assert (await site.services.messages.get(room, 1)).body == TEXT


async def test_without_the_database_no_form_loses_its_text(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        site.services.platform.database.close()
        for path, name in (
            (f"/rooms/{room}/messages", "body"),
            (f"/rooms/{room}/messages/1/edit", "body"),
            ("/rooms", "name"),
            (f"/rooms/{room}/settings", "description"),
            ("/account/profile", "bio"),
            ("/account/status", "status"),
        ):
            answer = await ada.post(path, False, **{name: TEXT})
            assert answer.status_code == 503
            assert field(answer.text, name) == TEXT
        # A form with files comes in parts, and its text stands before them.
        answer = await ada.http.post(
            f"/rooms/{room}/messages",
            data={"client_id": "abc", "body": TEXT},
            files={"upload": ("a.txt", b"x" * 300_000)},
        )
        assert answer.status_code == 503
        assert field(answer.text) == TEXT


async def test_what_is_gone_or_not_ones_own_gives_the_text_to_copy(site: Site) -> None:
    async with insiders(site, "Ada", "Ben") as (ada, ben):
        room = await found_room(site, "Garden", ada, ben, visibility="private")
        await ben.say(room, "mine")
        await ada.post(f"/rooms/{room}/messages/1/remove")
        gone = await ben.post(f"/rooms/{room}/messages/1/edit", body=TEXT)
        await ada.post(f"/rooms/{room}/members/Ben/remove")
        removed = await ben.post(f"/rooms/{room}/messages", body=TEXT)
        for answer in (gone, removed):
            assert answer.status_code == 404
            assert field(answer.text) == TEXT
            assert "Try again" not in answer.text


async def test_who_was_signed_out_meanwhile_gets_the_text_back(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        user = await user_of(site, ada)
        (session,) = await site.services.accounts.sessions.list_of(user)
        await site.services.actions.sessions.log_out(session)
        answer = await ada.post(f"/rooms/{room}/messages", body=TEXT)
        assert answer.status_code == 401
        assert field(answer.text) == TEXT
        assert 'href="/login"' in answer.text


@pytest.mark.parametrize("extra", [1, TEXT_BYTES - BODY_BYTES_MAX - 100])
async def test_a_form_that_is_too_large_comes_back_with_its_text(site: Site, extra: int) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        text = "a" * (BODY_BYTES_MAX + extra)
        for path, name in ((f"/rooms/{room}/messages", "body"), ("/rooms", "description")):
            answer = await ada.post(path, False, client_id="abc", **{name: text})
            assert answer.status_code == 413
            assert field(answer.text, name) == text
            assert hidden(answer.text)["client_id"] == "abc"


async def test_a_form_beyond_all_bounds_says_that_nothing_of_it_was_kept(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        answer = await ada.post(f"/rooms/{room}/messages", body="a" * (TEXT_BYTES + 1))
        assert answer.status_code == 413
        assert "Nothing of it was kept. Go back" in answer.text


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_that_is_too_large_leaves_the_text_before_it(
    site: Site, announced: bool
) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        site.app.config["FILE_BYTES_MAX"] = 1_000_000
        mark = b"--mark\r\nContent-Disposition: form-data; name="
        parts = [
            mark + b'"client_id"\r\n\r\nabc\r\n',
            mark + b'"body"\r\n\r\n' + TEXT.encode() + b"\r\n",
            mark + b'"upload"; filename="a.bin"\r\nContent-Type: a/b\r\n\r\n',
            *[b"x" * 100_000] * 20,
            b"\r\n--mark--\r\n",
        ]

        async def stream() -> object:
            for part in parts:
                yield part

        answer = await ada.http.post(
            f"/rooms/{room}/messages",
            content=b"".join(parts) if announced else stream(),  # type: ignore[arg-type]
            headers={"Content-Type": "multipart/form-data; boundary=mark"},
        )
        assert answer.status_code == 413
        assert field(answer.text) == TEXT
        assert hidden(answer.text) == {"client_id": "abc"}
        assert "Files are not kept" in answer.text


async def test_another_sites_words_and_secrets_are_not_given_back(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await ada.create_room("Garden")
        answer = await ada.http.post(
            f"/rooms/{room}/messages",
            data={"body": "planted"},
            headers={"Origin": "https://evil.example"},
        )
        assert answer.status_code == 403
        assert "planted" not in answer.text
        site.services.platform.database.close()
        form = {"current": "old secret", "password": "new secret", "name": "x"}
        answer = await ada.post("/account/password", False, **form)
        assert answer.status_code == 503
        assert "secret" not in answer.text
