"""Bots are made, speak for a room, lose their tokens, and are never a way to sign in."""

import re

import pytest

from littlechat.accounts.facade import Accounts
from littlechat.accounts.profiles import Profiles
from littlechat.accounts.schema import USERS
from littlechat.accounts.users import WrongLogin
from littlechat.bots.schema import BOTS
from littlechat.bots.store import (
    OFF_AFTER,
    ROOM_BOTS_MAX,
    BotStore,
    validate_url,
    validate_when,
)
from littlechat.bots.values import Bot
from littlechat.core.errors import Invalid, Refused
from littlechat.core.rooms import Room
from littlechat.platform.database import (
    Database,
    Duplicate,
    Missing,
    now,
)
from littlechat.rooms.memberships import Memberships
from littlechat.rooms.schema import MEMBERSHIPS
from tests.factories import SECRET_KEY, make_rooms
from tests.tabs import somebody

ADA, BEN = somebody("Ada"), somebody("Ben")


@pytest.fixture
def bots(db: Database) -> BotStore:
    return BotStore(db, Accounts(db).users, Memberships(db), SECRET_KEY)


@pytest.fixture
async def room(db: Database) -> Room:
    return await make_rooms(db).store.create(ADA, "Garden", "", "public")


@pytest.fixture
async def robot(bots: BotStore, room: Room) -> Bot:
    return (await bots.create(room.id, "Robot", ADA))[0]


async def hooked(bots: BotStore, robot: Bot, url: str = "https://a.example/") -> Bot:
    await bots.set_webhook(robot, url, "mention", "https://chat.example")
    return await bots.get(robot.room_id, robot.id)


async def test_a_bot_is_a_member_with_a_name_and_a_token(
    db: Database, bots: BotStore, room: Room
) -> None:
    robot, token = await bots.create(room.id, " Robot ", ADA)
    assert (robot.name, robot.by_name, robot.has_token) == ("Robot", "Ada", True)
    assert robot.user.bot
    assert re.fullmatch(r"lc_[\w-]{43}", token)
    assert await bots.find_by_token(token) == robot
    assert await bots.list_bots(room.id) == [robot]
    members = await make_rooms(db).memberships.list_of(room.id)
    assert [(one.user_name, one.bot, one.may_manage) for one in members] == [
        ("Ada", False, True),
        ("Robot", True, False),
    ]
    stored = str([await db[BOTS].find({}), await db[USERS].find({})])
    assert token not in stored
    assert token.removeprefix("lc_") not in stored


async def test_since_when_a_webhook_gets_messages_is_stored_once(
    db: Database, bots: BotStore, robot: Bot
) -> None:
    robot = await hooked(bots, robot)
    await db[BOTS].update({"_id": robot.id}, {"$unset": {"webhook.since": ""}})
    robot = await bots.get(robot.room_id, robot.id)
    assert robot.webhook
    assert robot.webhook.since is None
    at = now()
    await bots.note_since(robot, at)
    robot = await bots.get(robot.room_id, robot.id)
    assert robot.webhook
    assert robot.webhook.since == at


@pytest.mark.parametrize("token", ["", "lc_", "x" * 46, "lc_" + "x" * 43, "lc_" + "ä" * 43])
async def test_another_token_is_nobodys(bots: BotStore, robot: Bot, token: str) -> None:
    assert await bots.find_by_token(token) is None


async def test_a_name_is_a_username_and_belongs_to_one(
    db: Database, bots: BotStore, room: Room, robot: Bot
) -> None:
    await Accounts(db).users.register("Ben", "correct horse battery")
    other = await make_rooms(db).store.create(ADA, "Other", "", "public")
    for name in ("robot", "ROBOT", "ben"):
        with pytest.raises(Duplicate):
            await bots.create(other.id, name, ADA)
        assert await bots.list_bots(other.id) == []
    with pytest.raises(Duplicate):
        await bots.create(room.id, "Robot", ADA)
    with pytest.raises(Duplicate):
        await Accounts(db).users.register("Robot", "correct horse battery")
    for name in ("", "x", "a b", "x" * 40, "e" + "\u0301" * 100_000):
        with pytest.raises(Invalid) as refused:
            await bots.create(room.id, name, ADA)
        assert "bot’s name" in refused.value.errors["name"]


async def test_a_name_that_somebody_is_displayed_as_is_taken(
    db: Database, bots: BotStore, room: Room
) -> None:
    user = await Accounts(db).users.register("Ben", "correct horse battery")
    await Profiles(db).describe(user, "Robot", "", "")
    with pytest.raises(Duplicate):
        await bots.create(room.id, "robot", ADA)


async def test_nobody_signs_in_as_a_bot(db: Database, robot: Bot) -> None:
    accounts = Accounts(db)
    for password in ("", "-", "correct horse battery"):
        with pytest.raises(WrongLogin):
            await accounts.users.check_password("Robot", password)


async def test_a_bot_is_not_found_among_the_people(db: Database, robot: Bot) -> None:
    accounts = Accounts(db)
    with pytest.raises(Missing):
        await accounts.users.get("Robot")
    assert await accounts.users.list_matching() == []
    assert await accounts.users.find_several(["Robot"]) == {}
    assert await accounts.users.list_by_prefix("Rob", 10) == []


async def test_a_new_token_ends_the_old_one_and_a_revoked_one_is_no_more(
    bots: BotStore, room: Room
) -> None:
    robot, old = await bots.create(room.id, "Robot", ADA)
    new = await bots.replace_token(robot)
    assert await bots.find_by_token(old) is None
    assert await bots.find_by_token(new) == robot
    await bots.revoke_token(robot)
    assert await bots.find_by_token(new) is None
    assert not (await bots.get(room.id, robot.id)).has_token
    again = await bots.replace_token(robot)
    assert await bots.find_by_token(again) == robot


async def test_a_bot_half_made_is_mended_by_a_new_token(
    db: Database, bots: BotStore, room: Room
) -> None:
    robot, _ = await bots.create(room.id, "Robot", ADA)
    await db[USERS].delete({"_id": robot.id})
    await db[MEMBERSHIPS].delete({"user": robot.id})
    await bots.replace_token(robot)
    assert await make_rooms(db).memberships.find(room.id, robot.user)
    assert await db[USERS].find_one({"_id": robot.id})


async def test_a_removed_bot_is_gone_and_keeps_its_name_for_its_room(
    db: Database, bots: BotStore, room: Room
) -> None:
    robot, token = await bots.create(room.id, "Robot", ADA)
    await bots.remove(robot)
    assert await bots.find_by_token(token) is None
    assert await bots.list_bots(room.id) == []
    assert await make_rooms(db).memberships.find(room.id, robot.user) is None
    for act in (bots.replace_token, bots.revoke_token):
        with pytest.raises(Missing):
            await act(robot)
    other = await make_rooms(db).store.create(ADA, "Other", "", "public")
    with pytest.raises(Duplicate):
        await bots.create(other.id, "Robot", ADA)
    again, _ = await bots.create(room.id, "robot", BEN)
    assert (again.id, again.name, again.by_name) == (robot.id, "Robot", "Ben")


async def test_a_bot_is_found_in_its_room_alone(db: Database, bots: BotStore, robot: Bot) -> None:
    other = await make_rooms(db).store.create(ADA, "Other", "", "public")
    with pytest.raises(Missing):
        await bots.get(other.id, robot.id)
    with pytest.raises(Missing):
        await bots.get(robot.room_id, "x" * 5_000)


async def test_a_room_has_so_many_bots(bots: BotStore, room: Room) -> None:
    for number in range(ROOM_BOTS_MAX):
        await bots.create(room.id, f"Robot{number}", ADA)
    with pytest.raises(Refused, match="20 bots"):
        await bots.create(room.id, "One-more", ADA)


async def test_bots_keep_no_room_and_are_not_counted(db: Database, bots: BotStore) -> None:
    rooms = make_rooms(db)
    room = await rooms.store.create(ADA, "Attic", "", "public")
    await bots.create(room.id, "Robot", ADA)
    with pytest.raises(Refused):
        await rooms.members.remove(room.id, "Robot")
    await rooms.members.leave(room.id, ADA)
    assert (await rooms.store.get(room.id)).members == 0
    # Who enters next minds the room, as any abandoned one.
    await rooms.members.join(room.id, BEN)
    entered = await rooms.memberships.find(room.id, BEN)
    assert entered
    assert entered.may_manage
    assert (await rooms.store.get(room.id)).members == 1
    private = await rooms.store.create(ADA, "Den", "", "private")
    await bots.create(private.id, "Other", ADA)
    with pytest.raises(Refused):
        await rooms.members.leave(private.id, ADA)
    await bots.clear_room(private.id)
    assert await bots.list_bots(private.id) == []


# Webhooks


async def test_a_webhook_has_a_secret_that_is_stored_nowhere(
    db: Database, bots: BotStore, robot: Bot
) -> None:
    secret = await bots.set_webhook(robot, " https://a.example/x ", "", "https://chat.example")
    assert re.fullmatch(r"lcs_[\w-]{43}", secret)
    hook = (await bots.get(robot.room_id, robot.id)).webhook
    assert hook
    assert (hook.url, hook.when, hook.origin) == (
        "https://a.example/x",
        "mention",
        "https://chat.example",
    )
    assert bots.secret(hook.key) == secret
    assert (
        BotStore(db, Accounts(db).users, Memberships(db), "another installation").secret(hook.key)
        != secret
    )
    assert secret not in str(await db[BOTS].find({}))


async def test_a_secret_stays_with_its_receiver(bots: BotStore, robot: Bot) -> None:
    await bots.set_webhook(robot, "https://a.example/x", "", "")
    robot = await bots.get(robot.room_id, robot.id)
    assert await bots.set_webhook(robot, "https://a.example/y", "message", "") == ""
    robot = await bots.get(robot.room_id, robot.id)
    assert robot.webhook
    assert robot.webhook.when == "message"
    assert await bots.set_webhook(robot, "https://b.example/y", "", "") != ""
    robot = await bots.get(robot.room_id, robot.id)
    assert await bots.set_webhook(robot, "", "", "") == ""
    assert (await bots.get(robot.room_id, robot.id)).webhook is None


async def test_failures_in_a_row_switch_a_webhook_off(bots: BotStore, robot: Bot) -> None:
    robot = await hooked(bots, robot)
    for _ in range(OFF_AFTER - 1):
        assert not await bots.note_failure(robot, "No.")
    robot = await bots.get(robot.room_id, robot.id)
    await bots.note_success(robot)
    robot = await bots.get(robot.room_id, robot.id)
    assert robot.webhook
    assert (robot.webhook.failures, robot.webhook.problem) == (0, "")
    await bots.note_skipped(robot)
    outcomes = [await bots.note_failure(robot, f"No {number}.") for number in range(OFF_AFTER)]
    assert outcomes == [False] * (OFF_AFTER - 1) + [True]
    robot = await bots.get(robot.room_id, robot.id)
    assert robot.webhook
    assert robot.webhook.off
    assert robot.webhook.problem == f"No {OFF_AFTER - 1}."
    assert robot.webhook.skipped == 1
    robot = await hooked(bots, robot)
    assert robot.webhook
    assert (robot.webhook.off, robot.webhook.failures, robot.webhook.skipped) == (False, 0, 0)


async def test_what_is_noted_of_a_webhook_that_ended_is_forgotten(
    bots: BotStore, robot: Bot
) -> None:
    robot = await hooked(bots, robot)
    await bots.set_webhook(robot, "", "", "")
    assert not await bots.note_failure(robot, "No.")
    assert (await bots.get(robot.room_id, robot.id)).webhook is None
    await bots.remove(robot)
    assert not await bots.note_failure(robot, "No.")


@pytest.mark.parametrize(
    "url",
    [
        "a.example",
        "//a.example",
        "ftp://a.example",
        "javascript:alert(1)",
        "https://",
        "https://:80",
        "https://user:secret@a.example/",
        "https://@a.example/",
        "https://a.example:99999/",
        "https://a.example:x/",
        "https://a.example/#part",
        "https://a.example/a b",
        "https://a.example\\@b.example/",
        "https://a.example/\r\nX: y",
        "https://a.example/\u202e",
        "https://[::1",
        "https://a.example/" + "x" * 500,
    ],
)
def test_a_malformed_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_url(url)
    assert set(refused.value.errors) == {"url"}


@pytest.mark.parametrize(
    "url", ["https://a.example", "http://[2001:db8::1]:8080/x?y=z", "HTTPS://Ä.example/", ""]
)
def test_an_address_is_taken_as_it_is(url: str) -> None:
    assert validate_url(f" {url}\n") == url


def test_a_webhook_gets_mentions_or_every_message() -> None:
    assert validate_when("") == validate_when("mention") == "mention"
    assert validate_when("message") == "message"
    with pytest.raises(Invalid):
        validate_when("always")
