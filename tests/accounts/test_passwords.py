"""Passwords: kept whole and as digests only, hashed at a cost and a few at a time."""

import asyncio
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher

from littlechat.accounts import passwords
from littlechat.accounts.facade import Accounts
from littlechat.accounts.schema import USERS
from littlechat.accounts.users import WrongLogin
from littlechat.core.errors import Invalid
from littlechat.core.limits import PASSWORD_MAX
from littlechat.platform.database import (
    Database,
)
from tests.factories import PASSWORD, WAIT_SECONDS


async def test_a_password_counts_to_its_last_character(accounts: Accounts) -> None:
    password = ("correct horse " * 100)[: PASSWORD_MAX - 1] + "!"
    user = await accounts.users.register("Ada", password)
    assert await accounts.users.check_password("Ada", password) == user
    for wrong in (password[:-1], password[:-1] + "?", password + "!", password[:72]):
        with pytest.raises(WrongLogin):
            await accounts.users.check_password("Ada", wrong)


async def test_a_password_of_1025_characters_is_refused(accounts: Accounts) -> None:
    with pytest.raises(Invalid) as refusal:
        await accounts.users.register("Ada", ("correct horse " * 100)[: PASSWORD_MAX + 1])
    assert "1,024" in refusal.value.errors["password"]


@pytest.mark.parametrize(
    "password", ["пароль и лошадь", "🐎🔋📎🐎🔋📎🐎🔋", "nul\0and space ", " спейс  "]
)
async def test_a_password_of_any_characters_is_kept_as_it_is(
    accounts: Accounts, password: str
) -> None:
    user = await accounts.users.register("Ada", password)
    assert await accounts.users.check_password("Ada", password) == user
    with pytest.raises(WrongLogin):
        await accounts.users.check_password("Ada", password + " ")


async def test_a_password_is_stored_only_as_an_argon2id_digest(
    db: Database, accounts: Accounts
) -> None:
    await accounts.users.register("Ada", PASSWORD)
    document = await db[USERS].find_one({"name": "Ada"})
    assert document
    assert document["password"].startswith("$argon2id$")
    assert PASSWORD not in str(document)


@pytest.mark.usefixtures("real_hashes")
async def test_the_digests_made_cost_what_owasp_asks_for(db: Database) -> None:
    digest = await passwords.Passwords().hash(PASSWORD)
    cost = dict(part.split("=") for part in digest.split("$")[3].split(","))
    assert int(cost["m"]) >= 19 * 1024
    assert int(cost["t"]) >= 2


async def test_an_unknown_name_costs_as_much_as_a_wrong_password(
    accounts: Accounts, verified: list[str]
) -> None:
    await accounts.users.register("Ada", PASSWORD)
    for name in ("Ada", "Nobody", "", "\0"):
        verified.clear()
        with pytest.raises(WrongLogin):
            await accounts.users.check_password(name, "wrong password")
        [digest] = verified
        assert digest.split("$")[3] == accounts.users._passwords._decoy.split("$")[3]


async def test_a_password_far_too_long_is_wrong_without_much_work(
    accounts: Accounts, verified: list[str]
) -> None:
    await accounts.users.register("Ada", PASSWORD)
    with pytest.raises(WrongLogin):
        await accounts.users.check_password("Ada", PASSWORD + "x" * 10_000_000)
    assert len(verified) == 1


async def test_a_digest_of_other_cost_is_made_anew_at_the_next_login(
    db: Database, accounts: Accounts
) -> None:
    user = await accounts.users.register("Ada", PASSWORD)
    accounts.users._passwords._hasher = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1)
    before = await db[USERS].find_one({"_id": user.id})
    with pytest.raises(WrongLogin):
        await accounts.users.check_password("Ada", "wrong password")
    assert await db[USERS].find_one({"_id": user.id}) == before
    await accounts.users.check_password("Ada", PASSWORD)
    after = await db[USERS].find_one({"_id": user.id})
    assert after
    assert "m=128,t=2" in after["password"]
    assert await accounts.users.check_password("Ada", PASSWORD) == user


async def test_a_changed_password_replaces_the_old_one(accounts: Accounts) -> None:
    user = await accounts.users.register("Ada", PASSWORD)
    with pytest.raises(WrongLogin):
        await accounts.users.change_password(user, "wrong password", "a new long password")
    with pytest.raises(Invalid):
        await accounts.users.change_password(user, PASSWORD, "short")
    assert await accounts.users.check_password("Ada", PASSWORD) == user
    await accounts.users.change_password(user, PASSWORD, "a new long password")
    assert await accounts.users.check_password("Ada", "a new long password") == user
    with pytest.raises(WrongLogin):
        await accounts.users.check_password("Ada", PASSWORD)


async def test_a_flood_of_logins_hashes_two_at_a_time(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, most = 0, 0
    to_thread = asyncio.to_thread

    full = asyncio.Event()

    async def watched(work: Callable[..., bool], *given: object) -> bool:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        if at_work == passwords.HASHES_AT_ONCE_MAX:
            full.set()
        try:
            # However quick this machine is with one, it waits for the second to come.
            await asyncio.wait_for(full.wait(), WAIT_SECONDS)
            return await to_thread(work, *given)
        finally:
            at_work -= 1

    monkeypatch.setattr(asyncio, "to_thread", watched)
    tries = (accounts.users.check_password("Nobody", "wrong password") for _ in range(10))
    got = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(one, WrongLogin) for one in got)
    assert most == passwords.HASHES_AT_ONCE_MAX
