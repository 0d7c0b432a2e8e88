"""The store of browsers and choices, and the installation's key."""

import asyncio
from datetime import time

import pytest

from littlechat.core.people import Session
from littlechat.notifications.rules import Preferences
from littlechat.notifications.schema import INSTALLATION
from littlechat.notifications.subscriptions import SUBSCRIPTIONS_MAX, Subscriptions
from littlechat.notifications.web_push import new_key
from littlechat.platform.database import Database, Missing, now
from tests.tabs import BEN, CLEO

HIS = Session("his", BEN, now(), now(), "Firefox", "")
HERS = Session("hers", CLEO, now(), now(), "Chrome", "")


async def add(store: Subscriptions, session: Session, number: int) -> str:
    endpoint = f"https://push.example.com/{number}"
    return (await store.add(session, endpoint, "p", "a", "https://chat.example")).id


async def test_of_processes_that_start_at_once_one_makes_the_key(db: Database) -> None:
    await db[INSTALLATION].delete({})
    stores = [Subscriptions(db) for _ in range(6)]
    keys = await asyncio.gather(*(store.settle_key(new_key()) for store in stores))
    assert len(set(keys)) == 1
    assert await Subscriptions(db).settle_key(new_key()) == keys[0]


async def test_a_browser_is_kept_once_and_belongs_to_who_had_it_last(db: Database) -> None:
    store = Subscriptions(db)
    await add(store, HIS, 1)
    again = await add(store, HIS, 1)
    assert [one.id for one in (await store.list_of([BEN.id]))[BEN.id]] == [again]
    await add(store, HERS, 1)
    found = await store.list_of([BEN.id, CLEO.id])
    assert found[BEN.id] == []
    (hers,) = found[CLEO.id]
    assert (hers.session_id, hers.agent, hers.user_id) == ("hers", "Chrome", CLEO.id)


async def test_one_more_browser_than_is_allowed_ends_the_oldest(db: Database) -> None:
    store = Subscriptions(db)
    ids = [await add(store, HIS, number) for number in range(SUBSCRIPTIONS_MAX + 2)]
    kept = [one.id for one in (await store.list_of([BEN.id]))[BEN.id]]
    assert len(kept) == SUBSCRIPTIONS_MAX
    assert ids[-1] in kept


async def test_only_ones_own_browser_can_be_removed(db: Database) -> None:
    store = Subscriptions(db)
    mine = await add(store, HIS, 1)
    for who, what in ((CLEO, mine), (BEN, "nothing"), (BEN, "x" * 10_000), (BEN, "")):
        with pytest.raises(Missing):
            await store.remove(who.id, what)
    await store.remove(BEN.id, mine)
    assert (await store.list_of([BEN.id]))[BEN.id] == []


async def test_what_is_dropped_is_gone_and_the_rest_stays(db: Database) -> None:
    store = Subscriptions(db)
    one, other = await add(store, HIS, 1), await add(store, HIS, 2)
    await store.drop([])
    await store.drop([one])
    assert [kept.id for kept in (await store.list_of([BEN.id]))[BEN.id]] == [other]


async def test_choices_come_back_as_they_were_made(db: Database) -> None:
    store = Subscriptions(db)
    chosen = Preferences("everything", time(22), time(7, 30), "Europe/Berlin")
    await store.set_preferences(BEN.id, chosen)
    found = await store.list_preferences([BEN.id, CLEO.id])
    assert found == {BEN.id: chosen, CLEO.id: Preferences()}
    await store.set_preferences(BEN.id, Preferences())
    assert (await store.list_preferences([BEN.id]))[BEN.id] == Preferences()
