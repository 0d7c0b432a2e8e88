"""Every event on the bus reaches the part of the process that it is for."""

import asyncio
from typing import Any

import pytest

from littlechat.core.messages import Draft
from littlechat.core.people import Session
from littlechat.core.rooms import Room
from littlechat.realtime import dispatcher as live
from littlechat.realtime.announcements import EVERY_PROCESS
from littlechat.realtime.dispatcher import user_topic
from littlechat.realtime.feed import room_topic
from littlechat.realtime.hub import POLICY
from littlechat.web.services import Services
from tests.tabs import Tab, somebody, until


@pytest.mark.parametrize(
    "rubbish", [{}, {"kind": "unheard of"}, {"kind": "revoked"}, {"kind": "posted", "seq": "x"}]
)
async def test_an_event_that_makes_no_sense_does_not_stop_the_dispatcher(
    here: Services,
    there: Services,
    ada: Session,
    room: Room,
    rubbish: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    tab = await Tab(there, ada.user, ada.id).enter(room.id)
    here.platform.bus.publish(EVERY_PROCESS, rubbish)
    here.platform.bus.publish(room_topic(room.id), rubbish)
    await here.actions.messages.say(room.id, ada.user, Draft("still here", "c1"))
    await tab.until_shows("still here")
    here.realtime.announcements.revoke(sessions=[ada.id])
    assert await tab.until_closed() == POLICY


async def test_page_that_opens_its_socket_receives_what_was_sent_while_it_loaded(
    here: Services, there: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = [somebody(name) for name in ("Ada", "Ben")]
    pages = [Tab(there, user) for user in users]
    there.realtime.hub.join(pages[1].socket, user_topic(users[1].id))
    for what in ("end", "read", "call"):
        here.realtime.announcements.send_to_people(
            [users[0].id], what, f"<i>{what}</i>", {"room": "garden", what: 1}
        )
    here.realtime.announcements.announce_direct_message([users[0].id], "letters")
    here.realtime.announcements.send_to_people(
        [users[1].id], "end", "<i>his</i>", {"room": "garden", "end": 1}
    )
    await pages[1].until_frame("his")
    there.realtime.dispatcher.send_recent(pages[0].socket)
    await pages[0].until_frame("letters")
    spoken = here.renderer.frames.direct_message("letters")
    assert "".join(pages[0].frames) == f"<i>end</i><i>read</i><i>call</i>{spoken}"
    monkeypatch.setattr(live, "OPENING_SECONDS", -1.0)
    late = Tab(there, users[0])
    there.realtime.dispatcher.send_recent(late.socket)
    there.realtime.hub.join(late.socket, user_topic(users[0].id))
    here.realtime.announcements.send_to_people([users[0].id], "end", "<i>after</i>")
    await late.until_frame("after")
    assert late.frames == ["<i>after</i>"]
    for page in (*pages, late):
        await page.close()


async def test_what_was_read_is_not_repeated_to_a_page_after_it_was_marked_unread(
    here: Services, there: Services
) -> None:
    ada, ben = somebody("Ada"), somebody("Ben")
    for user, what in ((ada, "read"), (ben, "read"), (ada, "unread")):
        here.realtime.announcements.send_to_people(
            [user.id], "read:garden", f"<i>{what}</i>", {"room": "garden", what: 3}
        )
    here.realtime.announcements.announce_direct_message([ada.id, ben.id], "letters")
    spoken = here.renderer.frames.direct_message("letters")
    witness = Tab(there, ben)
    there.realtime.hub.join(witness.socket, user_topic(ben.id))
    here.realtime.announcements.send_to_people([ben.id], "end", "<i>last</i>")
    await witness.until_frame("last")
    await witness.close()
    for user, expected in ((ada, spoken), (ben, f"<i>read</i>{spoken}")):
        page = Tab(there, user)
        there.realtime.dispatcher.send_recent(page.socket)
        await page.until_frame("letters")
        assert "".join(page.frames) == expected
        await page.close()


async def test_a_listener_receives_what_any_process_publishes_on_its_topic(
    here: Services, there: Services
) -> None:
    received: list[dict[str, Any]] = []
    here.realtime.dispatcher.subscribe("notifications", received.append)
    there.platform.bus.publish("notifications", {"kind": "said", "text": "hello"})
    there.platform.bus.publish("others", {"kind": "said"})
    await until(lambda: bool(received))
    assert received == [{"kind": "said", "text": "hello"}]


async def test_the_more_pages_there_are_the_seldomer_all_fetch_their_lists(
    here: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher, loop = here.realtime.dispatcher, asyncio.get_running_loop()
    tab = Tab(here, somebody("Dan"))
    here.realtime.hub.join(tab.socket, live.ROOMS)
    monkeypatch.setattr(type(dispatcher), "_pages", 200)
    dispatcher._send_room_list_soon()
    assert 'data-spread="4"' in await tab.until_frame("rooms-news")
    for _ in range(50):
        dispatcher._send_room_list_soon()
    assert dispatcher._rooms_timer
    assert dispatcher._rooms_timer.when() > loop.time() + 5
    await tab.close()
    assert len(tab.frames) == 1
