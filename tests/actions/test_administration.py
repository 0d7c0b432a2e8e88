"""Acts upon others: what they change, on every process at once, and that each is in the log."""

import asyncio

import pytest

from littlechat.accounts.registration import LINK_LIFE
from littlechat.core.errors import Invalid, Refused
from littlechat.core.messages import Draft
from littlechat.core.people import User
from littlechat.platform.database import Duplicate, Missing
from littlechat.realtime.hub import POLICY
from littlechat.web.services import Services
from tests.factories import PASSWORD
from tests.tabs import Tab

KICK_SECONDS = 1.0

pytestmark = pytest.mark.usefixtures("quick_feeds")


@pytest.fixture
async def ada(here: Services) -> User:
    """Ada, the first: she is administrator."""
    return await here.administration.register("Ada", PASSWORD, "")


@pytest.fixture
async def ben(here: Services, ada: User) -> User:
    """Ben, a member."""
    return await here.administration.register("Ben", PASSWORD, "")


async def log(served: Services) -> list[tuple[str, str, str]]:
    lines, _ = await served.audit.page()
    return [(line.actor, line.act, line.subject) for line in reversed(lines)]


async def kicked(*tabs: Tab) -> None:
    async with asyncio.timeout(KICK_SECONDS):
        assert [await tab.until_closed() for tab in tabs] == [POLICY] * len(tabs)


async def test_disabling_closes_sockets_on_every_process_within_a_second(
    here: Services, there: Services, ada: User, ben: User
) -> None:
    room = await here.rooms.create(ada, "Garden", "", "public")
    await here.rooms.join(room.id, ben)
    token, session = await there.accounts.open_session(ben, "", "")
    assert await there.access.find_session(token)
    tabs = [await Tab(one, ben, session.id).enter(room.id) for one in (here, there)]
    hers = await Tab(there, ada).enter(room.id)
    await here.administration.disable(ada, "BEN")
    await kicked(*tabs)
    assert await there.access.find_session(token) is None
    assert hers.socket.close_code is None
    assert (await log(here))[-1] == ("Ada", "disabled", "Ben")
    await hers.close()


async def test_a_ban_closes_the_room_s_sockets_elsewhere_and_no_others(
    here: Services, there: Services, ada: User, ben: User
) -> None:
    garden = (await here.rooms.create(ada, "Garden", "", "public")).id
    attic = (await here.rooms.create(ada, "Attic", "", "public")).id
    for room in (garden, attic):
        await here.actions.join(room, ben)
    assert await there.access.find_membership(garden, ben)
    his, other = await Tab(there, ben).enter(garden), await Tab(there, ben).enter(attic)
    await here.administration.ban(garden, "Ben", ada)
    await kicked(his)
    assert await there.access.find_membership(garden, ben) is None
    assert other.socket.close_code is None
    with pytest.raises(Refused):
        await there.actions.join(garden, ben)
    await here.administration.lift_ban(garden, "Ben", ada)
    await there.actions.join(garden, ben)
    assert (await log(here))[-2:] == [
        ("Ada", "banned from a room", "Ben"),
        ("Ada", "lifted a ban from a room", "Ben"),
    ]
    await other.close()


async def test_a_role_holds_on_the_other_process_at_once_and_cuts_nobody_off(
    here: Services, there: Services, ada: User, ben: User
) -> None:
    token, session = await there.accounts.open_session(ben, "", "")
    page = Tab(there, ben, session.id)

    async def until(admin: bool) -> None:
        async with asyncio.timeout(KICK_SECONDS):
            while (found := await there.access.find_session(token)) and (
                found.user.is_admin is not admin
            ):
                await asyncio.sleep(0.01)

    await until(False)
    await here.administration.promote(ada, "Ben")
    await until(True)
    await here.administration.demote(ada, "Ben")
    await until(False)
    with pytest.raises(Refused):
        await here.administration.demote(ada, "Ada")
    assert page.socket.close_code is None
    assert (await log(here))[-2:] == [
        ("Ada", "made administrator", "Ben"),
        ("Ada", "ended as administrator", "Ben"),
    ]
    await page.close()


async def test_an_administrator_is_not_disabled_and_who_is_disabled_no_administrator(
    here: Services, ada: User, ben: User
) -> None:
    with pytest.raises(Refused):
        await here.administration.disable(ada, "Ada")
    await here.administration.disable(ada, "Ben")
    with pytest.raises(Refused):
        await here.administration.promote(ada, "Ben")
    await here.administration.enable(ada, "Ben")
    await here.administration.promote(ada, "Ben")
    for act in ("disable", "enable", "promote", "demote", "password_link"):
        with pytest.raises(Missing):
            await getattr(here.administration, act)(ada, "Dan")


async def test_an_account_is_made_and_its_owner_sets_the_password_once(
    here: Services, there: Services, ada: User
) -> None:
    user, token = await here.administration.make_account(ada, "Cleo")
    with pytest.raises(Duplicate):
        await here.administration.make_account(ada, "CLEO")
    with pytest.raises(Invalid):
        await here.administration.make_account(ada, "<b>")
    with pytest.raises(Invalid):
        await there.administration.reset_password(token, "short")
    tries = [here.administration.reset_password(token, PASSWORD + str(n)) for n in range(3)]
    got = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, User) for one in got) == 1
    assert sum(isinstance(one, Missing) for one in got) == 2
    right = next(n for n, one in enumerate(got) if isinstance(one, User))
    assert await here.accounts.check_password("Cleo", PASSWORD + str(right)) == user
    assert (await log(here))[-2:] == [
        ("Ada", "made an account", "Cleo"),
        ("Cleo", "set a password by link", "Cleo"),
    ]


async def test_a_password_by_link_ends_all_sessions_everywhere(
    here: Services, there: Services, ada: User, ben: User
) -> None:
    token, session = await there.accounts.open_session(ben, "", "")
    await there.access.find_session(token)
    page = Tab(there, ben, session.id)
    _, link = await here.administration.password_link(ada, "Ben")
    await here.administration.reset_password(link, "another good password")
    await kicked(page)
    assert await there.access.find_session(token) is None


async def test_disabling_ends_the_links_that_were_out(here: Services, ada: User, ben: User) -> None:
    _, link = await here.administration.password_link(ada, "Ben")
    room = (await here.rooms.create(ada, "Garden", "", "private")).id
    hers = await here.rooms.invite(room, ada)
    await here.rooms.accept(hers.token, ben)
    his = await here.rooms.invite(room, ben)
    await here.administration.invite(ben, 1, 1)
    await here.administration.disable(ada, "Ben")
    with pytest.raises(Missing):
        await here.administration.reset_password(link, "another good password")
    with pytest.raises(Missing):
        await here.rooms.get_invitation(his.token)
    assert (await here.rooms.get_invitation(hers.token))[1].id == room
    assert await here.admission.list_invitations() == []


async def test_registration_by_invitation_uses_one_up_only_for_an_account(
    here: Services, there: Services, ada: User
) -> None:
    await here.administration.set_mode(ada, "invitation")
    token = await here.administration.invite(ada, uses=1, days=1)
    for name, password, error in (("Ada", PASSWORD, Duplicate), ("x", PASSWORD, Invalid)):
        with pytest.raises(error):
            await there.administration.register(name, password, token)
    await there.administration.register("Ben", PASSWORD, token)
    for used in (token, ""):
        with pytest.raises(Refused):
            await there.administration.register("Cleo", PASSWORD, used)
    revoked = await here.administration.invite(ada, uses=1, days=1)
    (open_one,) = await here.admission.list_invitations()
    await here.administration.revoke_invitation(ada, open_one.id)
    with pytest.raises(Refused):
        await there.administration.register("Cleo", PASSWORD, revoked)
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
    room = (await here.rooms.create(ben, "Garden", "", "public")).id
    cleo = await here.accounts.register("Cleo", PASSWORD)
    for who in (ada, cleo):
        await here.rooms.join(room, who)
    for _ in range(3):
        await here.actions.say(room, ben, Draft("words", ""))
    places = {who.name: await here.rooms.find_membership(room, who) for who in (ada, ben, cleo)}
    hers, his, others = places["Ada"], places["Ben"], places["Cleo"]
    assert hers
    assert his
    assert others
    with pytest.raises(Missing):
        await here.administration.remove_message(others, 1, cleo)
    assert (await here.administration.remove_message(hers, 1, ada)).removed
    assert (await here.administration.remove_message(his, 2, ben)).removed
    assert [line for line in await log(here) if "message" in line[1]] == [
        ("Ada", "removed a message", "Ben")
    ]


async def test_of_two_links_that_were_made_at_once_one_sets_a_password(
    here: Services, ada: User, ben: User
) -> None:
    links = [
        await here.admission._insert("password", ada, LINK_LIFE, {"user": ben.id}) for _ in range(2)
    ]
    await here.administration.reset_password(links[0], "another good password")
    with pytest.raises(Missing):
        await here.administration.reset_password(links[1], "a stranger's password")
