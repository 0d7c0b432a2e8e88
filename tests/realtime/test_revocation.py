"""Rights that end close their sockets on every process, even when the event is lost."""

from collections.abc import AsyncIterator

import pytest

from littlechat.core.people import Session
from littlechat.core.rooms import Room
from littlechat.platform.bus import RESUMED, MemoryBus
from littlechat.platform.configuration import Settings
from littlechat.platform.database import Database
from littlechat.realtime import revocation
from littlechat.realtime.dispatcher import ROOMS
from littlechat.realtime.hub import POLICY
from littlechat.web.services import Services
from tests.tabs import Tab, process, until


@pytest.fixture
async def apart(db: Database, settings: Settings) -> AsyncIterator[Services]:
    """A process on a bus of its own: no event from `here` ever reaches it."""
    async with process(settings, MemoryBus()) as served:
        yield served


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
