"""A form that is refused as too much, and what was typed into it all the same."""

import pytest
from quart import request
from werkzeug.exceptions import RequestEntityTooLarge

from littlechat.app import BODY_BYTES_MAX
from littlechat.server.kept_forms import TEXT_BYTES, KeptBody
from littlechat.web.typed import find_typed
from tests.attacks import found_room, insiders
from tests.factories import Site


async def test_a_form_that_is_too_large_keeps_its_fields(site: Site) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        for extra, kept in (
            (1, True),
            (TEXT_BYTES - BODY_BYTES_MAX - 5, True),
            (TEXT_BYTES, False),
        ):
            text = "a" * (BODY_BYTES_MAX + extra)
            answer = await ada.post(f"/rooms/{room}/messages", body=text)
            assert answer.status_code == 413
            assert (text in answer.text) is kept


@pytest.mark.parametrize("announced", [True, False])
async def test_a_form_in_parts_keeps_what_stood_before_its_file(
    site: Site, announced: bool
) -> None:
    async with insiders(site, "Ada") as (ada,):
        room = await found_room(site, "Garden", ada)
        site.app.config["FILE_BYTES_MAX"] = 1_000_000
        parts = [
            b'--mark\r\nContent-Disposition: form-data; name="body"\r\n\r\nkept\r\n',
            b'--mark\r\nContent-Disposition: form-data; name="upload"; filename="a"\r\n\r\n',
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
        assert ">\nkept</textarea>" in answer.text


async def test_a_body_over_its_limit_raises_once_it_is_whole_and_is_still_there() -> None:
    body = KeptBody(None, 5, 10, plain=True)
    body.append(b"123456")
    await body.wait_for_room()
    body.set_complete()
    with pytest.raises(RequestEntityTooLarge):
        await body
    assert body.refused_data == b"123456"
    longer = KeptBody(None, 5, 10, plain=True)
    for _ in range(3):
        longer.append(b"12345")
    with pytest.raises(RequestEntityTooLarge):
        await longer
    assert longer.refused_data == b""


async def test_a_request_without_a_form_has_kept_nothing(site: Site) -> None:
    async with site.app.test_request_context("/", method="POST"):
        assert request.kept_form is None  # type: ignore[attr-defined]
        assert await find_typed(503) is None
