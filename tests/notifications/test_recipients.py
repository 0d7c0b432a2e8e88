"""Who is notified is cached, until they or their sessions change."""

import asyncio

import pytest

from littlechat.notifications.recipients import Recipient
from littlechat.notifications.schema import SUBSCRIPTIONS
from tests.attacks import user_of
from tests.browsers import FakeBrowser
from tests.factories import Site
from tests.notifications.cast import Cast


async def test_a_rooms_level_takes_effect_at_once_in_every_process(
    cast: Cast, other_site: Site
) -> None:
    await cast.say("a list is kept now", site=other_site)
    await cast.settle(other_site)
    for level, body, count in (
        ("everything", "plain", 1),
        ("nothing", "named", 1),
        ("mentions", "named again", 2),
        ("", "plain again", 2),
    ):
        answer = await cast.ben.post(f"/rooms/{cast.room}/level", level=level)
        assert answer.status_code == 303
        await until_level(cast, other_site, level)
        concerns = [cast.ben_id] if "named" in body else []
        await cast.say(body, *concerns, site=other_site)
        await cast.settle(other_site)
        assert len(cast.browser.pushed) == count, level


async def until_level(cast: Cast, site: Site, level: str) -> None:
    """Wait until a process has received the level that was chosen, by the bus."""
    async with asyncio.timeout(5):
        while True:
            members = await site.services.rooms.access.list_members(cast.room)
            if {one.user_id: one.level for one in members}[cast.ben_id] == (level or None):
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["logout", "elsewhere", "password"])
async def test_a_session_that_ended_takes_its_notifications_along(cast: Cast, how: str) -> None:
    user = await user_of(cast.site, cast.ben)
    if how == "logout":
        await cast.ben.post("/logout")
    else:
        actions, accounts = cast.site.services.actions, cast.site.services.accounts
        _, other = await accounts.sessions.open(user, "", "")
        if how == "elsewhere":
            await actions.sessions.end_others(other)
        else:
            await actions.sessions.change_password(
                other, "correct horse battery", "another good one"
            )
    await cast.to_ben("not for this browser any more")
    await cast.settle()
    assert cast.browser.pushed == []
    assert await cast.site.services.platform.database[SUBSCRIPTIONS].find({}) == []


async def test_who_has_no_browser_costs_no_read_after_the_first(cast: Cast) -> None:
    await cast.site.services.platform.database[SUBSCRIPTIONS].delete({})
    await cast.say("now it is known")
    await cast.settle()
    reads: list[object] = []
    recipients = cast.site.services.notifications.recipients
    read = recipients.read

    async def counted(user_ids: list[str]) -> dict[str, Recipient]:
        reads.append(user_ids)
        return await read(user_ids)

    recipients.read = counted  # type: ignore[method-assign]
    for number in range(5):
        await cast.say(f"again {number}")
        await cast.settle()
    assert reads == []


async def test_a_renewed_address_replaces_nothing_of_others(cast: Cast) -> None:
    fake: FakeBrowser = await cast.service.subscribed(cast.cleo, "Ben")
    await cast.to_ben("his browser is hers now")
    await cast.settle()
    assert fake.pushed == []
