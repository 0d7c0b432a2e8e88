"""Who administers: the first, never nobody, on however many processes at once."""

import asyncio

import pytest

from littlechat.accounts import Accounts
from littlechat.db import Database
from littlechat.models import Refused, User
from littlechat.roles import Roles
from tests.factories import PASSWORD


async def admins(db: Database) -> list[str]:
    found = await db.users.find({})
    return sorted(str(one["name"]) for one in found if one.get("standing") == "admin")


async def account(db: Database, name: str) -> User:
    """Make an account in a process of its own."""
    return await Accounts(db).make(name)


async def test_the_first_to_register_is_administrator_and_no_other(db: Database) -> None:
    accounts = Accounts(db)
    ada = await accounts.register("Ada", PASSWORD)
    ben = await accounts.register("Ben", PASSWORD)
    assert (ada.is_admin, ben.is_admin) == (True, False)
    assert await accounts.find_user("Ada") == ada
    assert await accounts.find_user("Ben") == ben


async def test_of_several_who_register_first_at_once_on_two_processes_one_is(db: Database) -> None:
    for _ in range(5):
        names = [f"P{number}" for number in range(6)]
        made = await asyncio.gather(*(account(db, name) for name in names))
        assert sum(one.is_admin for one in made) == 1
        assert await admins(db) == [one.name for one in made if one.is_admin]
        await db.users.delete({})
        await db.settings.delete({})


async def test_the_last_administrator_stays_even_if_two_end_each_other(db: Database) -> None:
    ada, ben = await account(db, "Ada"), await account(db, "Ben")
    with pytest.raises(Refused):
        await Roles(db).demote(ada)
    for _ in range(10):
        await Roles(db).promote(ada)
        await Roles(db).promote(ben)
        ends = [Roles(db).demote(one) for one in (ada, ben, ada, ben)]
        got = await asyncio.gather(*ends, return_exceptions=True)
        assert any(isinstance(one, Refused) for one in got)
        assert len(await admins(db)) == 1


async def test_ending_who_is_none_changes_nothing(db: Database) -> None:
    await account(db, "Ada")
    await Roles(db).demote(await account(db, "Ben"))
    assert await admins(db) == ["Ada"]


async def test_an_installation_from_before_gets_its_oldest_account(db: Database) -> None:
    for name in ("Ada", "Ben"):
        await account(db, name)
    await db.settings.delete({})
    await db.users.update_many({}, {"$unset": {"standing": ""}})
    await asyncio.gather(Roles(db).open(), Roles(db).open())
    assert await admins(db) == ["Ada"]


async def test_an_act_that_was_broken_off_is_mended_at_the_next_start(db: Database) -> None:
    ada, ben = await account(db, "Ada"), await account(db, "Ben")
    await db.users.update({"_id": ada.id}, {"$unset": {"standing": ""}})
    await db.users.update({"_id": ben.id}, {"$set": {"standing": "admin"}})
    await Roles(db).open()
    assert await admins(db) == ["Ada"]


async def test_opening_an_empty_installation_leaves_the_claim_to_the_first(db: Database) -> None:
    await Roles(db).open()
    assert (await account(db, "Ada")).is_admin
