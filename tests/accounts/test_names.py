"""Names that nobody else may take, since they are or look like somebody's, and reserved ones."""

import asyncio

import pytest

from littlechat.accounts.facade import Accounts
from littlechat.accounts.names import Names, validate_new_username
from littlechat.accounts.schema import USERS
from littlechat.core.errors import Invalid
from littlechat.core.people import User
from littlechat.platform.database import Database, Duplicate


@pytest.mark.parametrize(
    ("name", "twin"), [("Ada", "Аdа"), ("Alice", "aIice"), ("Burns", "Bums"), ("Анна", "Aнна")]
)
async def test_twins_of_a_username_are_taken_for_everybody(
    accounts: Accounts, name: str, twin: str
) -> None:
    await accounts.users.make(name)
    zoe = await accounts.users.make("Zoe")
    with pytest.raises(Duplicate):
        await accounts.users.make(twin)
    with pytest.raises(Duplicate):
        await accounts.users.find_former_bot(twin, "garden")
    with pytest.raises(Invalid):
        await accounts.profiles.describe(zoe, twin, "", "")
    assert await accounts.users.find(twin) is None


async def test_twins_of_a_display_name_are_taken_for_others_alone(accounts: Accounts) -> None:
    ada, ben = [await accounts.users.make(name) for name in ("Ada", "Ben")]
    await accounts.profiles.describe(ada, "Countess", "", "")
    with pytest.raises(Duplicate):
        await accounts.users.make("Соuntess")
    with pytest.raises(Invalid):
        await accounts.profiles.describe(ben, "Соunt\u200dess", "", "")
    await accounts.profiles.describe(ada, "Соuntess", "", "")
    await accounts.profiles.describe(ada, "", "", "")
    await accounts.profiles.describe(ben, "Countess", "", "")


async def test_of_twins_made_at_once_one_is_refused(accounts: Accounts) -> None:
    made = [accounts.users.make(name) for name in ("Ada", "Аda", "Adа", "Аdа")]
    results = await asyncio.gather(*made, return_exceptions=True)
    assert sum(isinstance(one, User) for one in results) == 1


async def test_names_of_every_script_are_free_while_nobody_has_a_twin(accounts: Accounts) -> None:
    for name in ("Анна", "Аня", "Ηλίας", "محمد", "王伟", "김철수", "สมชาย", "अमित", "Ann", "Anne"):
        assert (await accounts.users.make(name)).name == name


async def test_twins_of_an_earlier_version_both_stay(
    db: Database, accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("Ada", "Zoe", "Ben"):
        await accounts.users.make(name)
        await db[USERS].update({"name": name}, {"$unset": {"looks": ""}})
    twin = {"name": "Аda", "key": "аda"}
    await db[USERS].update({"name": "Zoe"}, {"$set": twin})
    for _ in range(2):
        await Names(db).open()
    assert [await accounts.users.find(name) is None for name in ("Ada", "Аda")] == [False, False]
    assert "a username looks like another" in caplog.text
    for taken in ("Adа", "Веn"):
        with pytest.raises(Duplicate):
            await accounts.users.make(taken)


@pytest.mark.parametrize("name", ["admin", "Support", "sуstem", "r00t", "аll"])
async def test_reserved_names_are_nobody_s(accounts: Accounts, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_new_username(name)
    assert "reserved" in str(refused.value) or "whole room" in str(refused.value)
    ada, ben = [await accounts.users.make(one) for one in ("Ada", "Ben")]
    with pytest.raises(Invalid):
        await accounts.profiles.describe(ben, name, "", "")
    # An administrator does speak for the installation.
    await accounts.profiles.describe(ada, name, "", "")


async def test_an_account_that_has_a_reserved_name_already_keeps_working(
    db: Database, accounts: Accounts
) -> None:
    await accounts.users.register("Ada", "correct horse battery")
    await db[USERS].update({"name": "Ada"}, {"$set": {"name": "admin", "key": "admin"}})
    assert (await accounts.users.check_password("Admin", "correct horse battery")).is_admin
