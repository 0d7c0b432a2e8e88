"""Profiles in the store: names that are nobody else's, pictures, the directory, last visits."""

import asyncio
from datetime import timedelta

import pytest

from littlechat.accounts import profiles as people_module
from littlechat.accounts.facade import Accounts
from littlechat.accounts.profile_values import Status
from littlechat.accounts.profiles import PAGE_PEOPLE, Profiles, current
from littlechat.accounts.schema import AVATARS, USERS
from littlechat.core.errors import Invalid
from littlechat.core.limits import LAST_SEEN_INTERVAL
from littlechat.core.people import User
from littlechat.platform.database import (
    Database,
    Duplicate,
    Missing,
    now,
)


@pytest.fixture
async def ada(db: Database) -> User:
    """Ada, with an account."""
    return await Accounts(db).users.make("Ada")


@pytest.fixture
async def ben(db: Database) -> User:
    """Ben, with an account."""
    return await Accounts(db).users.make("Ben")


async def test_what_somebody_tells_is_found_under_their_name(db: Database, ada: User) -> None:
    people = Profiles(db)
    await people.describe(ada, "Ada L.", "I count.", "Europe/London")
    found = await people.get("ADA")
    assert (found.display, found.bio, found.zone) == ("Ada L.", "I count.", "Europe/London")
    assert found.is_admin
    with pytest.raises(Missing):
        await people.get("Dan")


async def test_a_display_name_is_no_other_s_name_and_stays_free_for_its_owner(
    db: Database, ada: User, ben: User
) -> None:
    people = Profiles(db)
    await people.describe(ada, "Countess", "", "")
    for taken in ("countess", "ADA", "Ａda", "cOuntess"):
        with pytest.raises(Invalid) as refused:
            await people.describe(ben, taken, "", "")
        assert set(refused.value.errors) == {"display"}
    await people.describe(ben, "ben", "", "")
    await people.describe(ada, "COUNTESS", "", "")
    await people.describe(ada, "", "", "")
    await people.describe(ben, "Countess", "", "")


async def test_a_username_is_no_other_s_display_name(db: Database, ada: User) -> None:
    await Profiles(db).describe(ada, "Countess", "", "")
    with pytest.raises(Duplicate):
        await Accounts(db).users.make("countess")


async def test_of_two_who_take_a_display_name_at_once_not_both_have_it(
    db: Database, ada: User, ben: User
) -> None:
    for number in range(5):
        name = f"Countess {number}"
        takes = [Profiles(db).describe(who, name, "", "") for who in (ada, ben)]
        await asyncio.gather(*takes, return_exceptions=True)
        shown = [(await Profiles(db).get(who.name)).display for who in (ada, ben)]
        assert shown.count(name) <= 1


async def test_faces_are_those_with_a_picture_or_a_display_name(
    db: Database, ada: User, ben: User
) -> None:
    people = Profiles(db)
    await people.describe(ben, "", "Only a bio", "UTC")
    assert await people.list_customized() == []
    await people.set_avatar(ada, b"one", "image/webp")
    await people.describe(ben, "Benjamin", "", "")
    assert [one.name for one in await people.list_customized()] == ["Ada", "Ben"]
    await people.remove_avatar(ada)
    await people.describe(ben, "", "", "")
    assert await people.list_customized() == []
    assert await db[AVATARS].count({}) == 0


async def test_a_new_picture_takes_the_old_one_s_place(db: Database, ada: User) -> None:
    people = Profiles(db)
    for data in (b"one", b"two"):
        await people.set_avatar(ada, data, "image/webp")
    digest = (await people.get("Ada")).avatar
    assert (await people.avatars.get(digest))[0] == b"two"
    assert await db[AVATARS].count({}) == 1


async def test_the_directory_has_pages_and_finds_names_of_both_kinds(
    db: Database, ada: User
) -> None:
    for number in range(PAGE_PEOPLE + 3):
        await db[USERS].insert(
            {"_id": f"u{number}", "name": f"P{number:03}", "key": f"p{number:03}", "created": now()}
        )
    people = Profiles(db)
    first, more = await people.list_page("", 1)
    second, end = await people.list_page("", 2)
    assert [one.name for one in first + second] == ["Ada"] + [
        f"P{n:03}" for n in range(PAGE_PEOPLE + 3)
    ]
    assert (more, end) == (True, False)
    await people.describe(ada, "Countess [x] (.*)", "", "")
    for search in ("count", "ADA", "[x]", "(.*)"):
        assert [one.name for one in (await people.list_page(search, 1))[0]] == ["Ada"], search
    for search in (".*x", "nobody", "\0z"):
        assert (await people.list_page(search, 1))[0] == []


async def test_who_is_disabled_is_not_in_the_directory(db: Database, ada: User, ben: User) -> None:
    await Accounts(db).sessions.disable(ben)
    assert [one.name for one in (await Profiles(db).list_page("", 1))[0]] == ["Ada"]
    assert (await Profiles(db).get("Ben")).disabled


async def test_a_status_shows_until_it_ends(db: Database, ada: User) -> None:
    people = Profiles(db)
    await people.set_status(ada, Status("lunch", now() + timedelta(hours=1)))
    found = await people.get("Ada")
    assert current(found, now()).status.text == "lunch"
    assert current(found, now() + timedelta(hours=2)).status == Status()


async def test_visits_are_written_now_and_then(
    db: Database, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = Profiles(db)
    began = now()
    for late, seen in (
        (timedelta(), began),
        (timedelta(minutes=4), began),
        (LAST_SEEN_INTERVAL, None),
    ):
        monkeypatch.setattr(people_module, "now", lambda late=late: began + late)
        await people.note_seen(ada.id)
        assert (await people.get("Ada")).seen == (seen or began + late)
