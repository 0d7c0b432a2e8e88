"""Accounts on a real database: names once, passwords whole, sessions their browser's alone."""

import asyncio

import pytest

from littlechat.accounts.facade import Accounts
from littlechat.accounts.schema import USERS
from littlechat.accounts.users import Disabled, WrongLogin
from littlechat.core.errors import Invalid
from littlechat.core.names import fold
from littlechat.core.people import User
from littlechat.platform.database import (
    Database,
    Duplicate,
    now,
)
from tests.factories import PASSWORD

# Names


async def test_who_registered_is_found_however_the_name_is_cased(accounts: Accounts) -> None:
    user = await accounts.users.register(" Ada ", PASSWORD)
    assert user.name == "Ada"
    for name in ("Ada", "ADA", "ada", "Ａｄａ"):
        assert await accounts.users.find(name) == user
        assert await accounts.users.check_password(name, PASSWORD) == user
    assert await accounts.users.find("Ben") is None


@pytest.mark.parametrize(
    ("first", "second"), [("Ada", "ADA"), ("straße", "STRASSE"), ("ﬁnn", "Finn"), ("Ⅷi", "viiiI")]
)
async def test_a_name_is_taken_however_it_is_cased(
    accounts: Accounts, first: str, second: str
) -> None:
    await accounts.users.register(first, PASSWORD)
    with pytest.raises(Duplicate):
        await accounts.users.register(second, PASSWORD)


async def test_of_many_who_take_a_name_at_once_one_gets_it(
    db: Database, accounts: Accounts
) -> None:
    tries = (accounts.users.register(name, PASSWORD) for name in ("ada", "Ada", "ADA", "aDA"))
    got = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, User) for one in got) == 1
    assert sum(isinstance(one, Duplicate) for one in got) == 3
    assert await db[USERS].count({}) == 1


async def test_every_field_at_fault_has_its_sentence(db: Database, accounts: Accounts) -> None:
    with pytest.raises(Invalid) as both:
        await accounts.users.register("A", "short")
    assert set(both.value.errors) == {"username", "password"}
    for name, password in (("Ada", "password"), ("Ada", "aaaaaaaaaa"), ("LongName1", "longname1")):
        with pytest.raises(Invalid) as one:
            await accounts.users.register(name, password)
        assert set(one.value.errors) == {"password"}
    assert await db[USERS].count({}) == 0


# Disabling


async def test_who_is_disabled_is_told_only_after_the_right_password(accounts: Accounts) -> None:
    await accounts.users.make("Zoe")  # The first administers, and cannot be disabled.
    user = await accounts.users.register("Ada", PASSWORD)
    await accounts.sessions.disable(user)
    with pytest.raises(WrongLogin) as wrong:
        await accounts.users.check_password("Ada", "not the password")
    assert not isinstance(wrong.value, Disabled)
    with pytest.raises(Disabled):
        await accounts.users.check_password("Ada", PASSWORD)
    await accounts.users.enable(user)
    assert await accounts.users.check_password("Ada", PASSWORD) == user


async def test_an_account_made_for_somebody_has_no_password_until_they_set_one(
    accounts: Accounts, verified: list[str]
) -> None:
    user = await accounts.users.make(" Ben ")
    for password in ("", "-", PASSWORD):
        with pytest.raises(WrongLogin):
            await accounts.users.check_password("Ben", password)
    assert len(verified) == 3
    await accounts.users.set_password(user, PASSWORD)
    assert await accounts.users.check_password("Ben", PASSWORD) == user


# Finding people


async def test_people_are_found_by_name_and_listed_by_its_beginning(
    db: Database, accounts: Accounts
) -> None:
    for name in ("Ben", "benno", "Ada", "Олег", "Zed"):
        await db[USERS].insert(
            {"_id": name, "name": name, "key": fold(name), "created": now(), "password": ""}
        )
    await db[USERS].update({"_id": "Zed"}, {"$set": {"disabled": now()}})
    found = await accounts.users.find_several(["BEN", "ада", "ada", "олег", "Zed", "nobody"])
    assert {key: user.name for key, user in found.items()} == {
        "ben": "Ben",
        "ada": "Ada",
        "олег": "Олег",
    }
    for start, names in (
        ("be", ["Ben", "benno"]),
        ("BENN", ["benno"]),
        ("", ["Ada", "Ben", "benno", "Олег"]),
        ("о", ["Олег"]),
        ("z", []),
        (".*", []),
    ):
        assert [user.name for user in await accounts.users.list_by_prefix(start, 10)] == names
    assert len(await accounts.users.list_by_prefix("", 2)) == 2


@pytest.mark.parametrize(
    ("start", "also", "names"),
    [
        ("be", (), "be0 be1 be2 be3 be4 be5"),
        ("be", ("Zoe",), "be0 be1 be2 be3 be4 Zoe"),
        # The first of them have half of the places, and are then listed by name.
        ("be", ("Zoe", "Yva", "Xia", "Wim"), "be0 be1 be2 Xia Yva Zoe"),
        # Whoever is both is there once, whether their name has a place or not.
        ("be", ("be1", "be7"), "be0 be1 be2 be3 be4 be7"),
        ("be", ("be4",), "be0 be1 be2 be3 be5 be4"),
        # Places that names do not need are anybody's.
        ("be7", ("Zoe", "Yva", "Xia", "Wim", "be0", "be1", "be2"), "be7 be0 Wim Xia Yva Zoe"),
        ("be", ("nobody",), "be0 be1 be2 be3 be4 be5"),
    ],
)
async def test_those_called_so_have_places_beside_those_named_so(
    db: Database, accounts: Accounts, start: str, also: tuple[str, ...], names: str
) -> None:
    for name in (*(f"be{n}" for n in range(8)), "Zoe", "Yva", "Xia", "Wim"):
        await db[USERS].insert(
            {"_id": name, "name": name, "key": fold(name), "created": now(), "password": ""}
        )
    listed = await accounts.users.list_by_prefix(start, 6, also)
    assert " ".join(user.name for user in listed) == names


async def test_accounts_from_before_are_found_without_accents_after_a_start(
    db: Database, accounts: Accounts
) -> None:
    await accounts.users.register("André", PASSWORD)
    await db[USERS].update({"key": "andré"}, {"$unset": {"search_key": ""}})
    assert await accounts.users.list_by_prefix("andre", 10) == []
    assert len(await accounts.users.list_by_prefix("ANDRÉ", 10)) == 1
    for _ in range(2):
        await accounts.names.open()
    assert [user.name for user in await accounts.users.list_by_prefix("andre", 10)] == ["André"]


async def test_names_that_exist_are_told_as_they_are_written(accounts: Accounts) -> None:
    await accounts.users.register("Ada", PASSWORD)
    assert await accounts.users.list_names(["ADA", "ada", "nobody"]) == ["Ada"]
    assert await accounts.users.list_names([]) == []
