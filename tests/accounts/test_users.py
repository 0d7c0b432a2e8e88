"""Accounts on a real database: names once, passwords whole, sessions their browser's alone."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from littlechat.accounts import passwords
from littlechat.accounts.facade import Accounts
from littlechat.accounts.schema import SESSIONS, USERS
from littlechat.accounts.sessions import SESSION_LIFE, SESSIONS_MAX
from littlechat.accounts.users import Disabled, WrongLogin
from littlechat.core.errors import Invalid
from littlechat.core.limits import LAST_SEEN_INTERVAL, PASSWORD_MAX
from littlechat.core.names import fold
from littlechat.core.people import User
from littlechat.platform.database import (
    Database,
    Duplicate,
    Missing,
    now,
)
from tests.factories import PASSWORD, WAIT_SECONDS
from tests.tabs import somebody

ADA = somebody("Ada")


@pytest.fixture
def accounts(db: Database) -> Accounts:
    """The store."""
    return Accounts(db)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digests against which the hasher was made to work."""
    seen: list[str] = []
    verify = PasswordHasher.verify

    def spy(self: PasswordHasher, hash: str, password: str) -> bool:
        seen.append(hash)
        return verify(self, hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    return seen


async def opened(accounts: Accounts, user: User = ADA, count: int = 1) -> list[tuple[str, str]]:
    """Open sessions; return each one's token and id."""
    with contextlib.suppress(Duplicate):
        await accounts.users._db[USERS].insert(
            {"_id": user.id, "name": user.name, "key": user.id, "created": user.created}
        )
    made = [await accounts.sessions.open(user, "agent", "::1") for _ in range(count)]
    return [(token, session.id) for token, session in made]


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


# Passwords


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
        if at_work == passwords.HASHES_AT_ONCE:
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
    assert most == passwords.HASHES_AT_ONCE


# Sessions


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
        assert [user.name for user in await accounts.users.list_starting(start, 10)] == names
    assert len(await accounts.users.list_starting("", 2)) == 2


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
    listed = await accounts.users.list_starting(start, 6, also)
    assert " ".join(user.name for user in listed) == names
