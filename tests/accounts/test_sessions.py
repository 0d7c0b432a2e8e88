"""Sessions: opened by their token alone, ended one by one, together, and by disabling."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from littlechat.accounts.facade import Accounts
from littlechat.accounts.schema import SESSIONS, USERS
from littlechat.accounts.sessions import SESSION_LIFE, SESSIONS_MAX
from littlechat.accounts.users import WrongLogin
from littlechat.core.limits import LAST_SEEN_INTERVAL
from littlechat.core.people import User
from littlechat.platform.database import (
    Database,
    Duplicate,
    Missing,
    now,
)
from tests.factories import PASSWORD
from tests.tabs import somebody

ADA = somebody("Ada")


async def opened(accounts: Accounts, user: User = ADA, count: int = 1) -> list[tuple[str, str]]:
    """Open sessions; return each one's token and id."""
    with contextlib.suppress(Duplicate):
        await accounts.users._db[USERS].insert(
            {"_id": user.id, "name": user.name, "key": user.id, "created": user.created}
        )
    made = [await accounts.sessions.open(user, "agent", "::1") for _ in range(count)]
    return [(token, session.id) for token, session in made]


async def test_disabling_ends_every_session_and_lets_none_begin(accounts: Accounts) -> None:
    await accounts.users.make("Zoe")
    user = await accounts.users.check_password(
        (await accounts.users.register("Ada", PASSWORD)).name, PASSWORD
    )
    made = await opened(accounts, user, 3)
    await accounts.sessions.disable(user)
    assert await accounts.sessions.list_live([id_ for _, id_ in made]) == set()
    with pytest.raises(WrongLogin):
        await accounts.sessions.open(user, "", "")
    for token, _ in made:
        assert await accounts.sessions.find(token) is None
        assert await accounts.sessions.was_disabled(token)
    assert not await accounts.sessions.was_disabled("another")
    await accounts.users.enable(user)
    assert await accounts.sessions.find(made[0][0]) is None


async def test_no_session_survives_a_disabling_that_races_it(accounts: Accounts) -> None:
    await accounts.users.make("Zoe")
    for number in range(5):
        user = await accounts.users.register(f"Ada{number}", PASSWORD)
        opens = [accounts.sessions.open(user, "", "") for _ in range(3)]
        await asyncio.gather(*opens, accounts.sessions.disable(user), return_exceptions=True)
        assert await accounts.sessions.list_of(user) == []


async def test_a_token_opens_its_session_and_no_other_string_does(accounts: Accounts) -> None:
    await opened(accounts)
    token, session = await accounts.sessions.open(ADA, "x" * 999, "y" * 999)
    assert await accounts.sessions.find(token) == session
    assert (len(session.agent), len(session.address)) == (300, 64)
    for wrong in ("", token[:-1], token + "x", token.swapcase(), session.id, "\0"):
        assert await accounts.sessions.find(wrong) is None


async def test_a_token_is_stored_nowhere(db: Database, accounts: Accounts) -> None:
    tokens = [token for token, _ in await opened(accounts, count=3)]
    for token in tokens:
        await accounts.sessions.find(token)
    for collection in (db[USERS], db[SESSIONS]):
        stored = str(await collection.find({}))
        assert not any(token in stored for token in tokens)
    assert len(set(tokens)) == 3
    assert all(len(token) >= 43 for token in tokens)


async def test_an_expired_session_is_no_session(db: Database, accounts: Accounts) -> None:
    [(token, id_)] = await opened(accounts)
    assert await accounts.sessions.list_live([id_, "unknown"]) == {id_}
    await db[SESSIONS].update({"_id": id_}, {"$set": {"expires": now()}})
    assert await accounts.sessions.find(token) is None
    assert await accounts.sessions.list_live([id_]) == set()
    assert await accounts.sessions.list_of(ADA) == []


@pytest.mark.parametrize(
    ("ago", "is_noted"),
    [(LAST_SEEN_INTERVAL - timedelta(seconds=5), False), (LAST_SEEN_INTERVAL, True)],
)
async def test_a_visit_is_noted_every_five_minutes_and_prolongs_the_session(
    db: Database, accounts: Accounts, ago: timedelta, is_noted: bool
) -> None:
    [(token, id_)] = await opened(accounts)
    then = now() - ago
    await db[SESSIONS].update(
        {"_id": id_}, {"$set": {"seen": then, "expires": then + SESSION_LIFE}}
    )
    found = await accounts.sessions.find(token)
    document = await db[SESSIONS].find_one({"_id": id_})
    assert found
    assert document
    assert found.seen == document["seen"]
    assert (found.seen > then, document["expires"] > then + SESSION_LIFE) == (is_noted, is_noted)


async def test_ending_one_session_leaves_the_others(accounts: Accounts) -> None:
    (token, id_), (other, _) = await opened(accounts, count=2)
    await accounts.sessions.end(ADA, id_)
    assert await accounts.sessions.find(token) is None
    assert await accounts.sessions.find(other)
    with pytest.raises(Missing):
        await accounts.sessions.end(ADA, id_)


async def test_another_s_session_cannot_be_ended(accounts: Accounts) -> None:
    [(token, id_)] = await opened(accounts)
    with pytest.raises(Missing):
        await accounts.sessions.end(somebody("Ben"), id_)
    assert await accounts.sessions.find(token)


async def test_ending_the_other_sessions_keeps_one_and_touches_nobody_else(
    accounts: Accounts,
) -> None:
    ben = somebody("Ben")
    mine = await opened(accounts, count=3)
    [(his, _)] = await opened(accounts, ben)
    assert set(await accounts.sessions.end_others(ADA, mine[1][1])) == {mine[0][1], mine[2][1]}
    assert [bool(await accounts.sessions.find(token)) for token, _ in mine] == [False, True, False]
    assert await accounts.sessions.find(his)


async def test_sessions_are_listed_by_their_last_visit(db: Database, accounts: Accounts) -> None:
    ids = [id_ for _, id_ in await opened(accounts, count=3)]
    for minutes, id_ in zip((5, 1, 9), ids, strict=True):
        seen = now() - timedelta(minutes=minutes)
        await db[SESSIONS].update({"_id": id_}, {"$set": {"seen": seen}})
    listed = [session.id for session in await accounts.sessions.list_of(ADA)]
    assert listed == [ids[1], ids[0], ids[2]]


async def test_one_session_too_many_ends_the_one_unused_for_the_longest(
    db: Database, accounts: Accounts
) -> None:
    made = await opened(accounts, count=SESSIONS_MAX)
    await db[SESSIONS].update({"_id": made[7][1]}, {"$set": {"seen": now() - timedelta(days=1)}})
    [(newest, _)] = await opened(accounts)
    assert await accounts.sessions.find(made[7][0]) is None
    assert await accounts.sessions.find(newest)
    assert len(await accounts.sessions.list_of(ADA)) == SESSIONS_MAX


async def test_many_who_sign_in_at_once_beyond_the_limit_all_get_in(accounts: Accounts) -> None:
    await opened(accounts, count=SESSIONS_MAX)
    got = await asyncio.gather(*(accounts.sessions.open(ADA, "", "") for _ in range(6)))
    assert len({token for token, _ in got}) == 6
    assert len(await accounts.sessions.list_of(ADA)) == SESSIONS_MAX
