"""What somebody made that lets people in, or messages out, ends with their right to make it."""

from collections.abc import Awaitable, Callable

import pytest

from littlechat.bots.schema import BOTS, DELIVERIES
from littlechat.core.errors import Refused
from littlechat.core.people import User
from littlechat.platform.database import Missing, now
from littlechat.web.services import Services
from tests.factories import PASSWORD

URL = "https://hooks.example/a-secret-key"

Act = Callable[[Services, str, User, User], Awaitable[object]]
"""Ends a right of Ben's in a room, by Ada."""


@pytest.fixture
async def ada(here: Services) -> User:
    return await here.accounts.users.register("Ada", PASSWORD)


@pytest.fixture
async def ben(here: Services, ada: User) -> User:
    return await here.accounts.users.register("Ben", PASSWORD)


@pytest.fixture
async def room(here: Services, ada: User, ben: User) -> str:
    """A private room that Ben manages, in which Ada is."""
    made = await here.rooms.store.create(ben, "Den", "", "private")
    link = await here.rooms.members.invite(made.id, ben)
    await here.rooms.members.accept(link.token, ada)
    return made.id


async def hook_up(here: Services, room: str, name: str, by: User) -> tuple[str, str]:
    """Make a bot with a webhook; return its id and its token."""
    bot, token = await here.bots.store.create(room, name, by)
    await here.bots.store.set_webhook(bot, URL, "message", "", by)
    await here.bots.webhooks._deliveries.add(bot.id, room, 1, now())
    return bot.id, token


async def leave(here: Services, room: str, ada: User, ben: User) -> None:
    await here.actions.members.leave(room, ben)


async def disable(here: Services, room: str, ada: User, ben: User) -> None:
    await here.actions.administration.disable(ada, "Ben")


async def leave_and_be_banned(here: Services, room: str, ada: User, ben: User) -> None:
    await here.actions.members.leave(room, ben)
    await here.actions.administration.ban(room, "Ben", ada)


@pytest.mark.parametrize("act", [leave, disable, leave_and_be_banned])
async def test_a_bot_s_token_and_webhook_end_with_its_maker_s_right(
    here: Services, there: Services, room: str, ada: User, ben: User, act: Act
) -> None:
    bot_id, token = await hook_up(here, room, "robot", ben)
    other_id, other = await hook_up(here, room, "drone", ada)
    elsewhere = (await here.rooms.store.create(ben, "Attic", "", "private")).id
    far_id, far = await hook_up(here, elsewhere, "rover", ben)
    await act(there, room, ada, ben)
    store = here.bots.store
    assert await store.find_by_token(token) is None
    assert await store.find_by_token(other)
    bot, kept = await store.get(room, bot_id), await store.get(room, other_id)
    # The bot passes on to the room, which is told whose right has ended.
    assert (bot.webhook, bot.has_token, bot.ended_with) == (None, False, "Ben")
    assert kept.webhook
    assert kept.ended_with == ""
    assert bool(await store.find_by_token(far)) == (act is not disable)
    assert bool((await store.get(elsewhere, far_id)).webhook) == (act is not disable)
    waiting = await here.platform.database[DELIVERIES].find({"bot": bot_id})
    assert waiting == []
    lines, _ = await here.accounts.audit.page()
    told = [(one.subject, one.detail) for one in lines if one.act == "ended what was made by"]
    assert told[-1][0] == "Ben"
    assert "the token of robot; the webhook of robot" in told[-1][1]
    assert "a-secret-key" not in str(lines)
    await store.replace_token(bot, ada)
    assert (await store.get(room, bot_id)).ended_with == ""


async def test_what_others_renewed_stays_theirs(here: Services, room: str, ada: User) -> None:
    ben = await here.accounts.users.get("Ben")
    bot_id, _ = await hook_up(here, room, "robot", ben)
    store = here.bots.store
    token = await store.replace_token(await store.get(room, bot_id), ada)
    await here.actions.members.leave(room, ben)
    assert await store.find_by_token(token)
    # Saved by another with its address hidden, the webhook was still Ben's.
    assert (await store.get(room, bot_id)).webhook is None


async def test_a_hidden_address_that_another_saves_stays_its_maker_s(
    here: Services, room: str, ada: User, ben: User
) -> None:
    bot_id, _ = await hook_up(here, room, "robot", ben)
    store = here.bots.store
    bot = await store.get(room, bot_id)
    assert bot.webhook
    assert "a-secret-key" not in bot.webhook.masked
    assert await store.set_webhook(bot, bot.webhook.masked, "mention", "", ada) == ""
    kept = await store.get(room, bot_id)
    assert kept.webhook
    assert (kept.webhook.url, kept.webhook.when) == (URL, "mention")
    # An address of her own gets a secret that he never saw.
    assert await store.set_webhook(kept, URL, "mention", "", ada) != ""
    await here.actions.members.leave(room, ben)
    assert (await store.get(room, bot_id)).webhook


async def test_bots_of_an_earlier_version_are_their_maker_s(
    here: Services, room: str, ada: User, ben: User
) -> None:
    bot_id, token = await hook_up(here, room, "robot", ben)
    old = {"token_by": "", "webhook.by": "", "ended_with": ""}
    await here.platform.database[BOTS].update({"_id": bot_id}, {"$unset": old})
    await here.actions.members.leave(room, ben)
    assert await here.bots.store.find_by_token(token) is None
    assert (await here.bots.store.get(room, bot_id)).webhook is None


async def test_an_administrator_s_links_and_bots_end_with_the_role(
    here: Services, room: str, ada: User, ben: User
) -> None:
    cleo = await here.accounts.users.register("Cleo", PASSWORD)
    for name in ("Ben", "Cleo"):
        await here.actions.administration.promote(ada, name)
    link = await here.rooms.members.invite(room, ben)
    await here.rooms.members.accept(link.token, cleo)
    act = here.actions.administration
    _, password = await act.password_link(cleo, "Ada")
    _, other = await act.password_link(ada, "Ben")
    invitation = await act.invite(cleo, 1, 1)
    kept = await act.invite(ada, 1, 1)
    await act.set_mode(ada, "invitation")
    _, as_admin = await hook_up(here, room, "robot", cleo)
    _, as_manager = await hook_up(here, room, "drone", ben)
    await act.demote(ada, "Cleo")
    await act.demote(ada, "Ben")
    with pytest.raises(Missing):
        await act.find_owner(password)
    assert await act.find_owner(other) == ben
    with pytest.raises(Refused):
        await act.register("Sock", PASSWORD, invitation)
    await act.register("Dan", PASSWORD, kept)
    assert await here.bots.store.find_by_token(as_admin) is None
    assert await here.bots.store.find_by_token(as_manager)


@pytest.mark.parametrize("way", ["remove", "ban"])
async def test_who_is_removed_comes_back_by_no_link_that_was_open(
    here: Services, room: str, ada: User, ben: User, way: str
) -> None:
    links = [await here.rooms.members.invite(room, by) for by in (ada, ben)]
    if way == "remove":
        await here.actions.members.remove(room, "Ada", ben)
    else:
        await here.actions.administration.ban(room, "Ada", ben)
    dan = await here.accounts.users.register("Dan", PASSWORD)
    for link in links:
        for who in (ada, dan):
            with pytest.raises(Missing):
                await here.actions.members.accept(link.token, who)
    fresh = await here.rooms.members.invite(room, ben)
    await here.actions.members.accept(fresh.token, dan)


async def test_who_leaves_takes_their_own_links_along(
    here: Services, room: str, ada: User, ben: User
) -> None:
    hers, his = [await here.rooms.members.invite(room, by) for by in (ada, ben)]
    await here.actions.members.leave(room, ben)
    with pytest.raises(Missing):
        await here.actions.members.accept(his.token, ben)
    await here.actions.members.accept(hers.token, ben)


async def test_who_leaves_first_is_banned_all_the_same(
    here: Services, room: str, ada: User, ben: User
) -> None:
    await here.actions.members.leave(room, ben)
    await here.actions.administration.ban(room, "ben", ada)
    assert [ban.user_name for ban in await here.rooms.bans.list_bans(room)] == ["Ben"]
    link = await here.rooms.members.invite(room, ada)
    with pytest.raises(Refused):
        await here.actions.members.accept(link.token, ben)
    with pytest.raises(Missing):
        await here.actions.administration.ban(room, "Nobody", ada)


async def test_what_a_crash_or_an_earlier_version_left_is_swept(
    here: Services, room: str, ada: User, ben: User
) -> None:
    cleo = await here.accounts.users.register("Cleo", PASSWORD)
    _, token = await hook_up(here, room, "robot", ben)
    _, by_admin = await hook_up(here, room, "drone", ada)
    links = [await here.rooms.members.invite(room, by) for by in (ada, ben)]
    _, password = await here.actions.administration.password_link(cleo, "Ben")
    await here.actions.credentials.sweep()
    assert await here.bots.store.find_by_token(token)
    with pytest.raises(Missing):
        await here.actions.administration.find_owner(password)
    # As if the process had died before it ended them.
    await here.rooms.members.leave(room, ben)
    await here.actions.credentials.sweep()
    assert await here.bots.store.find_by_token(token) is None
    assert await here.bots.store.find_by_token(by_admin)
    assert [one.id for one in await here.rooms.invitations.list_of(room)] == [links[0].id]
