"""Who administers: the first, never nobody, on however many processes at once."""

import asyncio

import pytest

from littlechat.accounts.facade import Accounts
from littlechat.accounts.roles import Roles
from littlechat.accounts.schema import SETTINGS, USERS
from littlechat.core.errors import Refused
from littlechat.core.people import User
from littlechat.platform.database import Database
from tests.factories import PASSWORD


async def admins(db: Database) -> list[str]:
    found = await db[USERS].find({})
    return sorted(str(one["name"]) for one in found if one.get("standing") == "admin")


async def account(db: Database, name: str) -> User:
    """Make an account in a process of its own."""
    return await Accounts(db).users.make(name)


async def test_the_first_to_register_is_administrator_and_no_other(db: Database) -> None:
    accounts = Accounts(db)
    ada = await accounts.users.register("Ada", PASSWORD)
    ben = await accounts.users.register("Ben", PASSWORD)
    assert (ada.is_admin, ben.is_admin) == (True, False)
    assert await accounts.users.find("Ada") == ada
    assert await accounts.users.find("Ben") == ben


async def test_of_several_who_register_first_at_once_on_two_processes_one_is(db: Database) -> None:
    for _ in range(5):
        names = [f"P{number}" for number in range(6)]
        made = await asyncio.gather(*(account(db, name) for name in names))
        assert sum(one.is_admin for one in made) == 1
        assert await admins(db) == [one.name for one in made if one.is_admin]
        await db[USERS].delete({})
        await db[SETTINGS].delete({})


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
    await db[SETTINGS].delete({})
    await db[USERS].update_many({}, {"$unset": {"standing": ""}})
    await asyncio.gather(Roles(db).open(), Roles(db).open())
    assert await admins(db) == ["Ada"]


async def test_an_act_that_was_broken_off_is_mended_at_the_next_start(db: Database) -> None:
    ada, ben = await account(db, "Ada"), await account(db, "Ben")
    await db[USERS].update({"_id": ada.id}, {"$unset": {"standing": ""}})
    await db[USERS].update({"_id": ben.id}, {"$set": {"standing": "admin"}})
    await Roles(db).open()
    assert await admins(db) == ["Ada"]


async def test_opening_an_empty_installation_leaves_the_claim_to_the_first(db: Database) -> None:
    await Roles(db).open()
    assert (await account(db, "Ada")).is_admin


async def test_nobody_is_both_disabled_and_administrator_whatever_was_read_before(
    db: Database,
) -> None:
    accounts = Accounts(db)
    await account(db, "Ada")
    ben = await account(db, "Ben")
    await accounts.sessions.disable(ben)
    with pytest.raises(Refused, match="disabled"):
        await Roles(db).promote(ben)
    await accounts.users.enable(ben)
    await Roles(db).promote(ben)
    with pytest.raises(Refused, match="administrator"):
        await accounts.sessions.disable(ben)
    for _ in range(10):
        await Roles(db).demote(ben)
        acts = [Roles(db).promote(ben), accounts.sessions.disable(ben), Roles(db).promote(ben)]
        got = await asyncio.gather(*acts, return_exceptions=True)
        assert any(isinstance(one, Refused) for one in got)
        now = await accounts.users.find("Ben")
        assert now
        assert now.disabled != now.is_admin
        listed = await db[SETTINGS].find_one({"_id": "admins"})
        assert listed
        assert (ben.id in listed["ids"]) == now.is_admin
        await accounts.users.enable(ben)


async def test_making_and_ending_at_once_leave_the_account_as_the_list_has_it(
    db: Database,
) -> None:
    await account(db, "Ada")
    ben = await account(db, "Ben")
    for _ in range(10):
        acts = [getattr(Roles(db), act)(ben) for act in ("promote", "demote") * 3]
        await asyncio.gather(*acts)
        listed = await db[SETTINGS].find_one({"_id": "admins"})
        assert listed
        assert await admins(db) == (["Ada", "Ben"] if ben.id in listed["ids"] else ["Ada"])


async def test_a_disabled_account_that_is_on_the_list_comes_off_at_the_next_start(
    db: Database,
) -> None:
    await account(db, "Ada")
    ben = await account(db, "Ben")
    await Accounts(db).sessions.disable(ben)
    await db[SETTINGS].update({"_id": "admins"}, {"$addToSet": {"ids": ben.id}})
    await Roles(db).open()
    assert await admins(db) == ["Ada"]
    listed = await db[SETTINGS].find_one({"_id": "admins"})
    assert listed
    assert ben.id not in listed["ids"]
