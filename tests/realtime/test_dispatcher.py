"""Rights that end close their sockets on every process, even when no event says so."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from littlechat.core.messages import Draft
from littlechat.core.people import Session
from littlechat.core.rooms import Room
from littlechat.platform.bus import RESUMED, MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database
from littlechat.realtime import dispatcher as live
from littlechat.realtime import revocation
from littlechat.realtime.announcements import EVERY_PROCESS
from littlechat.realtime.dispatcher import ROOMS, user_topic
from littlechat.realtime.feed import room_topic
from littlechat.realtime.hub import POLICY
from littlechat.web.services import Services
from tests.factories import PASSWORD
from tests.tabs import Tab, process, somebody, until


@pytest.fixture
async def apart(db: Database, settings: Settings) -> AsyncIterator[Services]:
    """A process on a bus of its own: no event from `here` ever reaches it."""
    async with process(settings, MemoryBus()) as served:
        yield served


@pytest.fixture
async def ada(here: Services) -> Session:
    """Ada, signed in."""
    user = await here.accounts.users.register("Ada", PASSWORD)
    return (await here.accounts.sessions.open(user, "", ""))[1]


@pytest.fixture
async def ben(here: Services) -> Session:
    """Ben, signed in."""
    user = await here.accounts.users.register("Ben", PASSWORD)
    return (await here.accounts.sessions.open(user, "", ""))[1]


@pytest.fixture
async def room(here: Services, ada: Session, ben: Session) -> Room:
    """Ada's room, with Ben in it."""
    room = await here.rooms.store.create(ada.user, "Garden", "", "public")
    return await here.rooms.members.join(room.id, ben.user)


async def in_room(served: Services, session: Session, room: Room) -> Tab:
    return await Tab(served, session.user, session.id).enter(room.id)


async def test_revoking_a_session_closes_its_sockets_and_no_other(
    here: Services, there: Services, ada: Session, ben: Session, room: Room
) -> None:
    tabs = [await in_room(where, ada, room) for where in (here, there)]
    plain = Tab(there, ada.user, ada.id)
    others = [await in_room(there, ben, room), Tab(there, ada.user, "another session")]
    here.realtime.announcements.revoke(sessions=[ada.id])
    for tab in (*tabs, plain):
        assert await tab.until_closed() == POLICY
    for tab in others:
        assert tab.socket.close_code is None
        await tab.close()


async def test_revoking_a_membership_closes_that_room_s_sockets_of_that_person(
    here: Services, there: Services, ada: Session, ben: Session, room: Room
) -> None:
    attic = await here.rooms.store.create(ben.user, "Attic", "", "public")
    his, elsewhere = await in_room(there, ben, room), await in_room(there, ben, attic)
    hers = await in_room(there, ada, room)
    here.realtime.announcements.revoke(user=ben.user.id, room=room.id, reason="banned")
    assert await his.until_closed() == POLICY
    assert his.socket.close_reason == "banned"
    for tab in (elsewhere, hers):
        assert tab.socket.close_code is None
        await tab.close()


async def test_revoking_a_room_closes_all_its_sockets_and_a_user_all_theirs(
    here: Services, there: Services, ada: Session, ben: Session, room: Room
) -> None:
    his, hers = await in_room(there, ben, room), await in_room(there, ada, room)
    plain = Tab(there, ben.user, ben.id)
    here.realtime.announcements.revoke(room=room.id)
    assert await his.until_closed() == await hers.until_closed() == POLICY
    assert plain.socket.close_code is None
    here.realtime.announcements.revoke(user=ben.user.id)
    assert await plain.until_closed() == POLICY


async def test_revoking_nothing_closes_nothing(
    here: Services, there: Services, ada: Session, room: Room
) -> None:
    tab = await in_room(there, ada, room)
    here.realtime.announcements.revoke()
    here.realtime.announcements.revoke(sessions=[])
    here.realtime.announcements.announce_rooms()
    there.realtime.hub.join(tab.socket, ROOMS)
    here.realtime.announcements.announce_rooms()
    await tab.until_frame('id="rooms-news"')
    assert tab.socket.close_code is None
    await tab.close()


async def test_a_refresh_and_a_signal_reach_every_process_and_close_nothing(
    here: Services, there: Services, ada: Session
) -> None:
    page = Tab(there, ada.user, ada.id)
    heard: list[str] = []
    for name, served in (("here", here), ("there", there)):
        served.realtime.dispatcher.on_signal("news", lambda name=name: heard.append(name))  # type: ignore[misc]
    before = there.rooms.access.forgotten
    here.realtime.announcements.refresh(ada.user.id)
    here.realtime.announcements.signal("news")
    await until(lambda: sorted(heard) == ["here", "there"])
    assert there.rooms.access.forgotten > before
    assert page.socket.close_code is None
    await page.close()


async def test_pages_hear_that_the_lists_of_rooms_changed(here: Services, there: Services) -> None:
    tabs = [Tab(served, somebody("Dan")) for served in (here, there)]
    for tab, served in zip(tabs, (here, there), strict=True):
        served.realtime.hub.join(tab.socket, ROOMS)
    here.realtime.announcements.announce_rooms()
    for tab in tabs:
        assert 'data-number="1"' in await tab.until_frame('id="rooms-news"')
    here.realtime.announcements.announce_rooms()
    for tab in tabs:
        await tab.until_frame('data-number="2"')
        await tab.close()


async def test_without_a_bus_an_ended_session_is_found_in_the_store(
    here: Services, apart: Services, ada: Session, ben: Session, room: Room
) -> None:
    apart.platform.bus.connected = False  # type: ignore[misc]
    hers, his = await in_room(apart, ada, room), await in_room(apart, ben, room)
    await here.accounts.sessions.end(ada.user, ada.id)
    assert await hers.until_closed() == POLICY
    assert his.socket.close_code is None
    await his.close()


async def test_without_a_bus_an_ended_membership_is_found_in_the_store(
    here: Services, apart: Services, ada: Session, ben: Session, room: Room
) -> None:
    apart.platform.bus.connected = False  # type: ignore[misc]
    hers, his = await in_room(apart, ada, room), await in_room(apart, ben, room)
    plain = Tab(apart, ben.user, ben.id)
    await here.rooms.members.leave(room.id, ben.user)
    assert await his.until_closed() == POLICY
    assert hers.socket.close_code is None
    assert plain.socket.close_code is None
    await hers.close()
    await plain.close()


async def test_a_bus_that_resumes_makes_the_process_check_at_once(
    here: Services, apart: Services, ada: Session, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = await in_room(apart, ada, room)
    await here.accounts.sessions.end(ada.user, ada.id)
    apart.platform.bus.publish(RESUMED, {"kind": "resumed"})
    assert await tab.until_closed() == POLICY


async def test_even_with_a_bus_that_loses_an_event_the_next_check_closes(
    db: Database,
    settings: Settings,
    here: Services,
    ada: Session,
    room: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revocation, "RECHECK_SECONDS", 0.1)
    monkeypatch.setattr(revocation, "BUSLESS_RECHECK_SECONDS", 0.05)
    async with process(settings, MemoryBus()) as served:
        tab = await in_room(served, ada, room)
        await here.accounts.sessions.end(ada.user, ada.id)
        assert await tab.until_closed() == POLICY


async def test_a_check_while_the_database_is_away_closes_nobody(
    settings: Settings, ada: Session, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation, "RECHECK_SECONDS", 0.04)
    monkeypatch.setattr(revocation, "BUSLESS_RECHECK_SECONDS", 0.02)
    failed: list[str] = []
    async with process(settings, MemoryBus()) as served:
        tab = await in_room(served, ada, room)
        list_live = served.accounts.sessions.list_live

        async def watched(ids: list[str]) -> set[str]:
            try:
                return await list_live(ids)
            except Exception as error:
                failed.append(type(error).__name__)
                raise

        monkeypatch.setattr(served.accounts.sessions, "list_live", watched)
        served.platform.database.close()
        await until(lambda: len(failed) >= 2)
        assert set(failed) == {"Unavailable"}
        assert tab.socket.close_code is None
        await tab.close()


@pytest.mark.parametrize(
    "rubbish", [{}, {"kind": "unheard of"}, {"kind": "revoked"}, {"kind": "posted", "seq": "x"}]
)
async def test_an_event_that_makes_no_sense_does_not_deafen_the_process(
    here: Services,
    there: Services,
    ada: Session,
    room: Room,
    rubbish: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    tab = await in_room(there, ada, room)
    here.platform.bus.publish(EVERY_PROCESS, rubbish)
    here.platform.bus.publish(room_topic(room.id), rubbish)
    await here.actions.messages.say(room.id, ada.user, Draft("still here", "c1"))
    await tab.until_shows("still here")
    here.realtime.announcements.revoke(sessions=[ada.id])
    assert await tab.until_closed() == POLICY


async def test_news_for_some_people_reach_their_pages_only(here: Services, there: Services) -> None:
    ben, dan = somebody("Ben"), somebody("Dan")
    his, dans = Tab(there, ben), Tab(there, dan)
    for tab, user in ((his, ben), (dans, dan)):
        there.realtime.hub.join(tab.socket, user_topic(user.id))
    here.realtime.announcements.announce_rooms([ben.id])
    await his.until_frame('id="rooms-news"')
    here.realtime.announcements.announce_direct([ben.id], "room1")
    frame = await his.until_frame("direct-news")
    assert 'data-room="room1"' in frame
    here.realtime.announcements.announce_rooms([dan.id])
    await dans.until_frame('id="rooms-news"')
    assert len(dans.frames) == 1
    for tab in (his, dans):
        await tab.close()


async def test_page_that_opens_its_socket_hears_what_was_told_meanwhile(
    here: Services, there: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = [somebody(name) for name in ("Ada", "Ben")]
    pages = [Tab(there, user) for user in users]
    there.realtime.hub.join(pages[1].socket, user_topic(users[1].id))
    for what in ("end", "read", "call"):
        here.realtime.announcements.send_to_people(
            [users[0].id], what, f"<i>{what}</i>", {"room": "garden", what: 1}
        )
    here.realtime.announcements.announce_direct([users[0].id], "letters")
    here.realtime.announcements.send_to_people(
        [users[1].id], "end", "<i>his</i>", {"room": "garden", "end": 1}
    )
    await pages[1].until_frame("his")
    there.realtime.dispatcher.greet(pages[0].socket)
    await pages[0].until_frame("letters")
    spoken = here.renderer.spoken_frame("letters")
    assert "".join(pages[0].frames) == f"<i>end</i><i>call</i>{spoken}"
    monkeypatch.setattr(live, "OPENING_SECONDS", -1.0)
    late = Tab(there, users[0])
    there.realtime.dispatcher.greet(late.socket)
    there.realtime.hub.join(late.socket, user_topic(users[0].id))
    here.realtime.announcements.send_to_people([users[0].id], "end", "<i>after</i>")
    await late.until_frame("after")
    assert late.frames == ["<i>after</i>"]
    for page in (*pages, late):
        await page.close()


async def test_what_any_process_says_on_a_topic_is_heard_by_who_asked_for_it(
    here: Services, there: Services
) -> None:
    heard: list[dict[str, Any]] = []
    here.realtime.dispatcher.subscribe("notices", heard.append)
    there.platform.bus.publish("notices", {"kind": "said", "text": "hello"})
    there.platform.bus.publish("others", {"kind": "said"})
    await until(lambda: bool(heard))
    assert heard == [{"kind": "said", "text": "hello"}]
