"""Who may come in, and links that work once, for a while, for whom they are."""

import asyncio
from datetime import timedelta

import pytest

from littlechat.accounts import registration as admission_module
from littlechat.accounts.registration import Registration, validate_mode
from littlechat.accounts.schema import ONE_TIME_LINKS
from littlechat.core.errors import Invalid, Refused
from littlechat.platform.database import Database, Missing, now
from tests.tabs import ADA, BEN


@pytest.fixture
def registration(db: Database) -> Registration:
    """The store."""
    return Registration(db)


async def test_registration_is_open_until_it_is_not_on_every_process(
    db: Database, registration: Registration
) -> None:
    await registration.require_allowed("")
    for mode in ("invitation", "closed", "open"):
        await registration.set_mode(validate_mode(mode))
        assert await Registration(db).mode() == mode


async def test_by_invitation_only_a_link_lets_in_and_closed_not_even_that(
    registration: Registration,
) -> None:
    token = await registration.invite(ADA, uses=2, days=1)
    await registration.set_mode("invitation")
    for wrong in ("", "x", token[:-1], token + "x"):
        with pytest.raises(Refused):
            await registration.use_invitation(wrong)
    assert await registration.use_invitation(token)
    await registration.set_mode("closed")
    with pytest.raises(Refused):
        await registration.use_invitation(token)
    await registration.set_mode("open")
    assert not await registration.use_invitation("anything")
    assert [one.uses for one in await registration.list_invitations()] == [1]


async def test_of_many_who_use_the_last_use_at_once_one_gets_in(
    db: Database, registration: Registration
) -> None:
    await registration.set_mode("invitation")
    token = await registration.invite(ADA, uses=3, days=1)
    tries = [Registration(db).use_invitation(token) for _ in range(12)]
    got = await asyncio.gather(*tries, return_exceptions=True)
    assert got.count(True) == 3
    assert await registration.list_invitations() == []
    await registration.return_invitation(token)
    assert await registration.use_invitation(token)


async def test_an_invitation_ends_by_time_and_by_hand(
    registration: Registration, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registration.set_mode("invitation")
    first, second = [await registration.invite(ADA, uses=1, days=7) for _ in range(2)]
    await registration.revoke((await registration.list_invitations())[0].id)
    with pytest.raises(Missing):
        await registration.revoke("nonsense")
    left = (await registration.list_invitations())[0]
    assert left.by_name == "Ada"
    monkeypatch.setattr(admission_module, "now", lambda: now() + timedelta(days=7, seconds=1))
    for token in (first, second):
        with pytest.raises(Refused):
            await registration.use_invitation(token)
    assert await registration.list_invitations() == []


async def test_a_password_link_works_once_for_its_owner_and_for_a_day(
    registration: Registration, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await registration.make_password_link(BEN, ADA)
    assert await registration.find_password_owner(token) == BEN.id
    got = await asyncio.gather(
        *(registration.use_password_link(token) for _ in range(5)), return_exceptions=True
    )
    assert got.count(None) == 1
    with pytest.raises(Missing):
        await registration.find_password_owner(token)
    late = await registration.make_password_link(BEN, None)
    monkeypatch.setattr(admission_module, "now", lambda: now() + timedelta(hours=24, seconds=1))
    with pytest.raises(Missing):
        await registration.find_password_owner(late)


async def test_a_new_password_link_ends_the_one_before(registration: Registration) -> None:
    old = await registration.make_password_link(BEN, ADA)
    other = await registration.make_password_link(ADA, ADA)
    new = await registration.make_password_link(BEN, ADA)
    with pytest.raises(Missing):
        await registration.find_password_owner(old)
    assert await registration.find_password_owner(new) == BEN.id
    assert await registration.find_password_owner(other) == ADA.id


async def test_no_kind_of_link_does_the_others_work(registration: Registration) -> None:
    await registration.set_mode("invitation")
    password = await registration.make_password_link(BEN, ADA)
    invitation = await registration.invite(ADA, 1, 1)
    with pytest.raises(Refused):
        await registration.use_invitation(password)
    for act in (registration.find_password_owner, registration.use_password_link):
        with pytest.raises(Missing):
            await act(invitation)


async def test_the_database_holds_no_token(db: Database, registration: Registration) -> None:
    tokens = [await registration.make_password_link(BEN, ADA), await registration.invite(ADA, 1, 1)]
    stored = repr(await db[ONE_TIME_LINKS].find({}))
    assert not [token for token in tokens if token in stored]


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid):
        validate_mode("ajar")
