"""Acts upon others: what they change, on every process at once, and that each is in the log."""

import asyncio

import pytest

from littlechat.accounts.passwords import Passwords
from littlechat.accounts.registration import PASSWORD_LINK_LIFE
from littlechat.core.errors import Invalid, Refused
from littlechat.core.messages import Draft
from littlechat.core.people import User
from littlechat.platform.database import Duplicate, Missing
from littlechat.realtime.hub import POLICY
from littlechat.web.services import Services
from tests.factories import KICK_SECONDS, PASSWORD
from tests.tabs import Tab

pytestmark = pytest.mark.usefixtures("quick_feeds")


@pytest.fixture
async def ada(here: Services) -> User:
    """Ada, the first: she is administrator."""
    return await here.actions.administration.register("Ada", PASSWORD, "")


@pytest.fixture
async def ben(here: Services, ada: User) -> User:
    """Ben, a member."""
    return await here.actions.administration.register("Ben", PASSWORD, "")


async def log(served: Services) -> list[tuple[str, str, str]]:
    lines, _ = await served.accounts.audit.page()
    return [(line.actor, line.act, line.subject) for line in reversed(lines)]


async def kicked(*tabs: Tab) -> None:
    async with asyncio.timeout(KICK_SECONDS):
        assert [await tab.until_closed() for tab in tabs] == [POLICY] * len(tabs)


async def test_disabling_closes_sockets_on_every_process_at_once(
    here: Services, there: Services, ada: User, ben: User
) -> None:
    room = await here.rooms.store.create(ada, "Garden", "", "public")
    await here.rooms.members.join(room.id, ben)
    token, session = await there.accounts.sessions.open(ben, "", "")
    assert await there.rooms.access.find_session(token)
    tabs = [await Tab(one, ben, session.id).enter(room.id) for one in (here, there)]
    hers = await Tab(there, ada).enter(room.id)
    await here.actions.administration.disable(ada, "BEN")
    await kicked(*tabs)
    assert await there.rooms.access.find_session(token) is None
    assert hers.socket.close_code is None
    assert (await log(here))[-1] == ("Ada", "disabled", "Ben")
    await hers.close()


async def test_a_ban_closes_the_room_s_sockets_elsewhere_and_no_others(
    here: Services, there: Services, ada: User, ben: User
) -> None:
    garden = (await here.rooms.store.create(ada, "Garden", "", "public")).id
    attic = (await here.rooms.store.create(ada, "Attic", "", "public")).id
    for room in (garden, attic):
        await here.actions.members.join(room, ben)
    assert await there.rooms.access.find_membership(garden, ben)
    his, other = await Tab(there, ben).enter(garden), await Tab(there, ben).enter(attic)
    await here.actions.administration.ban(garden, "Ben", ada)
    await kicked(his)
    assert await there.rooms.access.find_membership(garden, ben) is None
    assert other.socket.close_code is None
    with pytest.raises(Refused):
        await there.actions.members.join(garden, ben)
    await here.actions.administration.lift_ban(garden, "Ben", ada)
    await there.actions.members.join(garden, ben)
    assert (await log(here))[-2:] == [
        ("Ada", "banned from a room", "Ben"),
        ("Ada", "lifted a ban from a room", "Ben"),
    ]
    await other.close()


async def test_a_role_holds_on_the_other_process_at_once_and_cuts_nobody_off(
    here: Services, there: Services, ada: User, ben: User
) -> None:
    token, session = await there.accounts.sessions.open(ben, "", "")
    page = Tab(there, ben, session.id)

    async def until(admin: bool) -> None:
        async with asyncio.timeout(KICK_SECONDS):
            while (found := await there.rooms.access.find_session(token)) and (
                found.user.is_admin is not admin
            ):
                await asyncio.sleep(0.01)

    await until(False)
    await here.actions.administration.promote(ada, "Ben")
    await until(True)
    await here.actions.administration.demote(ada, "Ben")
    await until(False)
    with pytest.raises(Refused):
        await here.actions.administration.demote(ada, "Ada")
    assert page.socket.close_code is None
    assert (await log(here))[-2:] == [
        ("Ada", "made administrator", "Ben"),
        ("Ada", "removed as administrator", "Ben"),
    ]
    await page.close()


async def test_an_administrator_is_not_disabled_and_who_is_disabled_no_administrator(
    here: Services, ada: User, ben: User
) -> None:
    with pytest.raises(Refused):
        await here.actions.administration.disable(ada, "Ada")
    await here.actions.administration.disable(ada, "Ben")
    with pytest.raises(Refused):
        await here.actions.administration.promote(ada, "Ben")
    await here.actions.administration.enable(ada, "Ben")
    await here.actions.administration.promote(ada, "Ben")
    for act in ("disable", "enable", "promote", "demote", "password_link"):
        with pytest.raises(Missing):
            await getattr(here.actions.administration, act)(ada, "Dan")


async def test_an_account_is_made_and_its_owner_sets_the_password_once(
    here: Services, there: Services, ada: User
) -> None:
    user, token = await here.actions.administration.make_account(ada, "Cleo")
    with pytest.raises(Duplicate):
        await here.actions.administration.make_account(ada, "CLEO")
    with pytest.raises(Invalid):
        await here.actions.administration.make_account(ada, "<b>")
    with pytest.raises(Invalid):
        await there.actions.administration.reset_password(token, "short")
    tries = [here.actions.administration.reset_password(token, PASSWORD + str(n)) for n in range(3)]
    got = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, User) for one in got) == 1
    assert sum(isinstance(one, Missing) for one in got) == 2
    right = next(n for n, one in enumerate(got) if isinstance(one, User))
    assert await here.accounts.users.check_password("Cleo", PASSWORD + str(right)) == user
    assert (await log(here))[-2:] == [
        ("Ada", "made an account", "Cleo"),
        ("Cleo", "set a password by link", "Cleo"),
    ]


async def test_a_password_by_link_ends_all_sessions_everywhere(
    here: Services, there: Services, ada: User, ben: User
) -> None:
    token, session = await there.accounts.sessions.open(ben, "", "")
    await there.rooms.access.find_session(token)
    page = Tab(there, ben, session.id)
    _, link = await here.actions.administration.password_link(ada, "Ben")
    await here.actions.administration.reset_password(link, "another good password")
    await kicked(page)
    assert await there.rooms.access.find_session(token) is None


async def test_disabling_ends_the_links_that_were_out(here: Services, ada: User, ben: User) -> None:
    _, link = await here.actions.administration.password_link(ada, "Ben")
    room = (await here.rooms.store.create(ada, "Garden", "", "private")).id
    hers = await here.rooms.members.invite(room, ada)
    await here.rooms.members.accept(hers.token, ben)
    his = await here.rooms.members.invite(room, ben)
    await here.actions.administration.invite(ben, 1, 1)
    await here.actions.administration.disable(ada, "Ben")
    with pytest.raises(Missing):
        await here.actions.administration.reset_password(link, "another good password")
    with pytest.raises(Missing):
        await here.rooms.members.get_invitation(his.token)
    assert (await here.rooms.members.get_invitation(hers.token))[1].id == room
    assert await here.accounts.registration.list_invitations() == []


async def test_registration_by_invitation_uses_one_up_only_for_an_account(
    here: Services, there: Services, ada: User
) -> None:
    await here.actions.administration.set_mode(ada, "invitation")
    token = await here.actions.administration.invite(ada, uses=1, days=1)
    for name, password, error in (("Ada", PASSWORD, Duplicate), ("x", PASSWORD, Invalid)):
        with pytest.raises(error):
            await there.actions.administration.register(name, password, token)
    await there.actions.administration.register("Ben", PASSWORD, token)
    for used in (token, ""):
        with pytest.raises(Refused):
            await there.actions.administration.register("Cleo", PASSWORD, used)
    revoked = await here.actions.administration.invite(ada, uses=1, days=1)
    (open_one,) = await here.accounts.registration.list_invitations()
    await here.actions.administration.revoke_invitation(ada, open_one.id)
    with pytest.raises(Refused):
        await there.actions.administration.register("Cleo", PASSWORD, revoked)
    assert await log(here) == [
        ("Ada", "became administrator", "Ada"),
        ("Ada", "set registration", "the installation"),
        ("Ada", "made an invitation", "the installation"),
        ("Ben", "registered by invitation", "Ben"),
        ("Ada", "made an invitation", "the installation"),
        ("Ada", "revoked an invitation", "the installation"),
    ]


async def test_an_administrator_removes_what_others_said_in_rooms_she_is_in(
    here: Services, ada: User, ben: User
) -> None:
    room = (await here.rooms.store.create(ben, "Garden", "", "public")).id
    cleo = await here.accounts.users.register("Cleo", PASSWORD)
    for who in (ada, cleo):
        await here.rooms.members.join(room, who)
    for _ in range(3):
        await here.actions.messages.say(room, ben, Draft("words", ""))
    places = {who.name: await here.rooms.memberships.find(room, who) for who in (ada, ben, cleo)}
    hers, his, others = places["Ada"], places["Ben"], places["Cleo"]
    assert hers
    assert his
    assert others
    with pytest.raises(Missing):
        await here.actions.administration.remove_message(others, 1, cleo)
    assert (await here.actions.administration.remove_message(hers, 1, ada)).removed
    assert (await here.actions.administration.remove_message(his, 2, ben)).removed
    assert [line for line in await log(here) if "message" in line[1]] == [
        ("Ada", "removed a message", "Ben")
    ]


async def test_of_two_links_that_were_made_at_once_one_sets_a_password(
    here: Services, ada: User, ben: User
) -> None:
    links = [
        await here.accounts.registration._insert(
            "password", ada, PASSWORD_LINK_LIFE, {"user": ben.id}
        )
        for _ in range(2)
    ]
    await here.actions.administration.reset_password(links[0], "another good password")
    with pytest.raises(Missing):
        await here.actions.administration.reset_password(links[1], "a stranger's password")


async def test_registration_that_closes_while_a_password_is_hashed_makes_no_account(
    here: Services, there: Services, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing = Passwords.hash
    await here.actions.administration.set_mode(ada, "invitation")
    token = await here.actions.administration.invite(ada, uses=1, days=1)

    async def slow(self: Passwords, password: str) -> str:
        await here.actions.administration.set_mode(ada, "closed")
        return await hashing(self, password)

    monkeypatch.setattr(Passwords, "hash", slow)
    with pytest.raises(Refused, match="closed"):
        await there.actions.administration.register("Ben", PASSWORD, token)
    assert await here.accounts.users.find("Ben") is None
    (kept,) = await here.accounts.registration.list_invitations()
    assert kept.uses == 1
