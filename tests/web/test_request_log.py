"""The log of requests holds no secret."""

import logging

import pytest

from littlechat.platform.logs import KeyValueFormatter
from tests.attacks import (
    raw,
)
from tests.factories import PASSWORD, Person, Site


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
        (made,) = await site.services.rooms.invitations.list_of(room)
        await ada.post(f"/rooms/{room}/invitations/{made.id}/revoke")
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
