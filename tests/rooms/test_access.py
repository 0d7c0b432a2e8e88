"""What is remembered of who may do what, and when it is forgotten."""

import asyncio
from typing import Any

import pytest

from littlechat.accounts.facade import Accounts
from littlechat.core.people import Session, User
from littlechat.core.rooms import Membership
from littlechat.platform.bus import MemoryBus
from littlechat.platform.database import Database
from littlechat.rooms import access
from littlechat.rooms.access import Access
from tests.factories import PASSWORD, make_rooms


class Clock:
    """A time that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Site:
    """The stores, and Ada signed in and in a room of hers."""

    def __init__(self, db: Database) -> None:
        self.accounts, self.rooms, self.bus = Accounts(db), make_rooms(db), MemoryBus()
        self.clock = Clock()
        self.access = Access(
            self.accounts.sessions,
            self.rooms.store,
            self.rooms.memberships,
            self.rooms.inbox,
            self.bus,
            self.clock,
        )

    async def open(self) -> None:
        self.ada = await self.accounts.users.register("Ada", PASSWORD)
        self.token, self.session = await self.accounts.sessions.open(self.ada, "", "")
        self.room = (await self.rooms.store.create(self.ada, "Garden", "", "public")).id


@pytest.fixture
async def site(db: Database) -> Site:
    site = Site(db)
    await site.open()
    return site


async def end_behind_its_back(site: Site) -> None:
    """End the session in the store, as another process would, with no word on the bus yet."""
    await site.accounts.sessions.end(site.ada, site.session.id)


async def test_session_is_remembered_for_a_while_and_then_looked_up_again(site: Site) -> None:
    found = await site.access.find_session(site.token)
    assert isinstance(found, Session)
    assert found.id == site.session.id
    await end_behind_its_back(site)
    assert await site.access.find_session(site.token) is not None
    site.clock.now += access.CACHE_SECONDS
    assert await site.access.find_session(site.token) is None


async def test_who_asks_for_what_is_stored_now_gets_no_memory_and_leaves_none(site: Site) -> None:
    await site.access.find_session(site.token)
    await site.access.find_membership(site.room, site.ada)
    await end_behind_its_back(site)
    await site.rooms.memberships.remove(site.room, site.ada.id)
    assert await site.access.find_session(site.token, fresh=True) is None
    assert await site.access.find_membership(site.room, site.ada, fresh=True) is None
    assert await site.access.find_session(site.token) is None
    assert await site.access.find_membership(site.room, site.ada) is None


async def test_revoked_session_is_forgotten_at_once(site: Site) -> None:
    await site.access.find_session(site.token)
    await end_behind_its_back(site)
    site.access.invalidate(sessions=[site.session.id])
    assert await site.access.find_session(site.token) is None


async def test_what_somebody_is_now_is_asked_anew_once_it_changed(site: Site) -> None:
    ben = await site.accounts.users.register("Ben", PASSWORD)
    token, _ = await site.accounts.sessions.open(ben, "", "")
    for act, standing in ((site.accounts.roles.promote, True), (site.accounts.roles.demote, False)):
        await site.access.find_session(token)
        await act(ben)
        site.access.invalidate(user=ben.id)
        session = await site.access.find_session(token)
        assert session
        assert session.user.is_admin is standing
    await site.accounts.sessions.disable(ben)
    site.access.invalidate(user=ben.id)
    assert await site.access.find_session(token) is None


async def test_nothing_is_remembered_while_the_bus_is_down(site: Site) -> None:
    await site.access.find_session(site.token)
    await end_behind_its_back(site)
    site.bus.connected = False
    assert await site.access.find_session(site.token) is None


async def test_no_is_not_remembered(site: Site) -> None:
    ben = await site.accounts.users.register("Ben", PASSWORD)
    assert await site.access.find_membership(site.room, ben) is None
    await site.rooms.members.join(site.room, ben)
    assert await site.access.find_membership(site.room, ben) is not None


async def test_leaving_forgets_everybodys_place_in_the_room(site: Site) -> None:
    ben = await site.accounts.users.register("Ben", PASSWORD)
    await site.rooms.members.join(site.room, ben)
    his = await site.access.find_membership(site.room, ben)
    assert his
    assert not his.may_manage
    await site.rooms.members.leave(site.room, site.ada)
    site.access.invalidate(user=site.ada.id, room=site.room)
    his = await site.access.find_membership(site.room, ben)
    assert his
    assert his.may_manage
    assert await site.access.find_membership(site.room, site.ada) is None


async def test_what_was_read_before_a_revocation_and_came_after_it_is_not_kept(site: Site) -> None:
    looked_up = asyncio.Event()
    go_on = asyncio.Event()
    find = site.accounts.sessions.find

    async def find_slowly(token: str) -> Session | None:
        found = await find(token)
        looked_up.set()
        await go_on.wait()
        return found

    site.accounts.sessions.find = find_slowly  # type: ignore[method-assign]
    request = asyncio.create_task(site.access.find_session(site.token))
    await looked_up.wait()
    await end_behind_its_back(site)
    site.access.invalidate(sessions=[site.session.id])
    go_on.set()
    assert await request is not None
    assert await site.access.find_session(site.token) is None


async def test_forgetting_without_a_word_forgets_all(site: Site) -> None:
    await site.access.find_session(site.token)
    await site.access.find_membership(site.room, site.ada)
    await end_behind_its_back(site)
    await site.rooms.delete(site.room)
    site.access.invalidate()
    assert await site.access.find_session(site.token) is None
    assert await site.access.find_membership(site.room, site.ada) is None


async def test_lists_are_remembered_until_somebody_comes_or_goes(site: Site) -> None:
    ben = await site.accounts.users.register("Ben", PASSWORD)
    assert [one.user_name for one in await site.access.list_members(site.room)] == ["Ada"]
    assert (await site.access.list_rooms(ben))[0] == []
    await site.rooms.members.join(site.room, ben)
    assert (await site.access.list_rooms(ben))[0] == []
    site.access.invalidate_lists()
    assert [one.user_name for one in await site.access.list_members(site.room)] == ["Ada", "Ben"]
    assert [room.id for room in (await site.access.list_rooms(ben))[0]] == [site.room]


async def test_the_lists_of_some_people_are_forgotten_and_nothing_else(site: Site) -> None:
    ben = await site.accounts.users.register("Ben", PASSWORD)
    await site.rooms.members.join(site.room, ben)
    hers, his = await site.access.list_rooms(site.ada), await site.access.list_rooms(ben)
    members = await site.access.list_members(site.room)
    site.access.invalidate_lists([ben.id])
    # The rooms that one is in are counted on from anew each time; the others are as they were read.
    assert (await site.access.list_rooms(site.ada))[1] is hers[1]
    assert (await site.access.list_rooms(ben))[1] is not his[1]
    assert await site.access.list_members(site.room) is members


async def test_lists_that_are_read_tell_of_the_place_in_one_room_until_it_may_have_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = (await site.rooms.store.create(site.ada, "Attic", "", "public")).id
    place = await site.rooms.memberships.find(site.room, site.ada)
    asked: list[str] = []
    find = site.rooms.memberships.find

    async def note(room_id: str, user: User) -> Membership | None:
        asked.append(room_id)
        return await find(room_id, user)

    monkeypatch.setattr(site.rooms.memberships, "find", note)
    await site.access.list_rooms(site.ada, here=site.room)
    assert await site.access.find_membership(site.room, site.ada) == place
    assert asked == []
    await site.access.find_membership(other, site.ada)
    assert asked == [other]
    # Whoever takes the right tells of it; a list that is still remembered gives it to nobody.
    await site.rooms.members.leave(site.room, site.ada)
    asked.clear()
    site.access.invalidate(user=site.ada.id, room=site.room)
    await site.access.list_rooms(site.ada, here=site.room)
    assert await site.access.find_membership(site.room, site.ada) is None
    assert asked == [site.room]


async def test_a_place_that_ended_while_the_lists_were_read_is_not_remembered(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = site.rooms.store.list_visible

    async def slowly(*which: Any) -> object:
        found = await read(*which)
        await site.rooms.members.leave(site.room, site.ada)
        site.access.invalidate(user=site.ada.id, room=site.room)
        return found

    monkeypatch.setattr(site.rooms.store, "list_visible", slowly)
    await site.access.list_rooms(site.ada, here=site.room)
    assert await site.access.find_membership(site.room, site.ada) is None
