"""Who looks at a room on any process gets no notification of it."""

import asyncio

import pytest

from littlechat.notifications import viewers
from tests.factories import Person, Site
from tests.notifications.cast import Cast
from tests.tabs import until


async def test_what_somebody_looks_at_on_any_process_is_not_notified(
    cast: Cast, other_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Time enough for an answer, on however busy a machine.
    monkeypatch.setattr(viewers, "ANSWER_SECONDS", 1.0)
    there = Person(other_site, "Ben")
    there.http.cookies = cast.ben.http.cookies
    stream = await there.stream(cast.room)
    await stream.until(lambda dom: "Ben" in dom.online)
    await stream.connection.send('{"type": "beat", "visible": "true"}')
    (socket,) = (one for one in other_site.services.realtime.hub.sockets if one.name == "Ben")
    await until(lambda: socket.looked_at > 0)
    await cast.to_ben("you see this")
    await cast.settle()
    assert cast.browser.pushed == []
    await stream.connection.send('{"type": "beat", "visible": "false"}')
    await until(lambda: socket.looked_at < 0)
    await cast.to_ben("you do not see this")
    assert (await cast.browser.next())["body"] == "you do not see this"
    await stream.close()


async def test_a_page_that_stops_reporting_counts_as_hidden(cast: Cast) -> None:
    stream = await cast.ben.stream(cast.room)
    await stream.until(lambda dom: "Ben" in dom.online)
    (socket,) = (one for one in cast.site.services.realtime.hub.sockets if one.name == "Ben")
    clock = asyncio.get_running_loop().time
    socket.looked_at = clock() - viewers.LOOKED_SECONDS - 1
    await cast.to_ben("the page went to sleep")
    await cast.browser.next()
    await stream.close()
