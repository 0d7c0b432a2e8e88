"""The database over its wire: indexes that are used, writes that last, errors of our own."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import AsyncMongoClient, monitoring
from pymongo.monitoring import CommandStartedEvent

from littlechat.accounts.schema import USERS
from littlechat.app import COLLECTIONS
from littlechat.core.messages import Cursor, Draft
from littlechat.messages.mutations import edited, emptied
from littlechat.messages.schema import MESSAGES
from littlechat.messages.store import Messages
from littlechat.platform import database as db_module
from littlechat.platform import database_health
from littlechat.platform.data_directory import DataDirectory
from littlechat.platform.database import (
    Database,
    Document,
    Duplicate,
    Unavailable,
    host_of,
    now,
    provision,
)
from littlechat.platform.embedded_database import EmbeddedServer
from tests.factories import WAIT_SECONDS, WRITES
from tests.lines import Proxy, through
from tests.programs import Gate
from tests.tabs import somebody

ROOM = "garden"
ADA = somebody("Ada")

Client = AsyncMongoClient[Document]


class CommandRecorder(monitoring.CommandListener):
    """Records the commands that the driver sends."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, Document]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append((event.command_name, dict(event.command)))

    def succeeded(self, event: object) -> None:
        """Not recorded."""

    def failed(self, event: object) -> None:
        """Not recorded."""


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> CommandRecorder:
    """Record the commands of the clients that this test opens, and of no others."""
    nobody = monitoring._Listeners([WRITES], [], [], [], [])
    monkeypatch.setattr(monitoring, "_LISTENERS", nobody)
    recorder = CommandRecorder()
    monitoring.register(recorder)
    return recorder


def post(seq: int, **more: object) -> Document:
    return {"room": ROOM, "seq": seq, "author": "a", "client_id": f"c{seq}", **more}


# Errors


async def test_a_duplicate_raises_duplicate(db: Database) -> None:
    await db[MESSAGES].insert(post(1))
    with pytest.raises(Duplicate):
        await db[MESSAGES].insert(post(1, client_id="other"))
    with pytest.raises(Duplicate):
        await db[MESSAGES].insert(post(2, client_id="c1"))


@pytest.mark.parametrize("position", [0, 1, 3])
async def test_a_batch_stops_at_its_first_duplicate_and_gives_its_position(
    db: Database, position: int
) -> None:
    await db[MESSAGES].insert(post(100, client_id=f"c{position}"))
    with pytest.raises(Duplicate) as clash:
        await db[MESSAGES].insert_many([post(seq) for seq in range(5)])
    assert clash.value.position == position
    stored = await db[MESSAGES].find({"room": ROOM, "seq": {"$gte": 0, "$lt": 100}}, [("seq", 1)])
    assert [document["seq"] for document in stored] == list(range(position))


async def test_a_dead_address_is_unavailable_within_the_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(db_module, "CONNECT_TIMEOUT_MS", 200)
    database = Database("mongodb://ada:secret@127.0.0.1:1/littlechat")
    started = time.monotonic()
    for attempt in (
        database.open(COLLECTIONS),
        database.ping(),
        database[USERS].insert({"_id": "x"}),
    ):
        with pytest.raises(Unavailable) as error:
            await attempt
        assert "secret" not in str(error.value)
    assert time.monotonic() - started < WAIT_SECONDS / 2
    database.close()


@pytest.mark.parametrize("uri", ["mongodb://", "mongodb://a:b:c@host/", "mongodb://host:port/"])
def test_a_malformed_address_is_unavailable(uri: str) -> None:
    with pytest.raises(Unavailable, match="MONGODB_URI"):
        Database(uri)


async def test_a_wrong_password_is_named_as_the_reason(
    database_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db_module, "CONNECT_TIMEOUT_MS", 500)
    if "@" not in database_uri:
        pytest.skip("this database asks for no password")
    scheme, _, rest = database_uri.partition("://")
    database = Database(f"{scheme}://littlechat:wrong@{rest.rpartition('@')[2]}")
    with pytest.raises(Unavailable, match="refused the user or password"):
        await database.open(COLLECTIONS)
    with pytest.raises(Unavailable):
        await database.ping()
    database.close()


async def test_a_closed_database_is_unavailable(database_uri: str) -> None:
    database = Database(database_uri)
    await database.ping()
    database.close()
    with pytest.raises(Unavailable):
        await database.ping()


async def test_a_batch_refused_for_another_reason_is_unavailable(db: Database) -> None:
    with pytest.raises(Unavailable):
        await db[USERS].update({"_id": "x"}, {"$nonsense": 1})


async def test_every_operation_is_observed_even_one_that_fails(database_uri: str) -> None:
    seen: list[float] = []
    database = Database(database_uri, seen.append)
    await database.ping()
    database.close()
    with pytest.raises(Unavailable):
        await database.ping()
    assert len(seen) == 2
    assert all(seconds >= 0 for seconds in seen)


async def test_an_insert_whose_connection_broke_is_stored_once(
    db: Database, database_uri: str
) -> None:
    if "retryWrites=false" not in database_uri:
        pytest.skip("here the driver itself writes again")
    await db[USERS].insert({"_id": "count", "key": "count", "n": 0})
    async with Proxy(urlsplit(database_uri)) as line:
        distant = Database(through(line, database_uri))

        async def lost(operation: Awaitable[Any], where: Document) -> Any:
            """Let the answer of an operation be lost once what it does is there to be found."""
            line.down.hold()
            doing = asyncio.ensure_future(operation)
            async with asyncio.timeout(WAIT_SECONDS):
                while await db[USERS].find_one(where) is None:
                    await asyncio.sleep(0.01)
            line.cut()
            line.down.release()
            return await doing

        await distant.ping()
        own: Document = {"key": "a", "at": now(), "list": ("b", {"c": 1})}
        await lost(distant[USERS].insert(own), {"key": "a"})
        with pytest.raises(Unavailable):
            await lost(distant[USERS].update({"_id": "count"}, {"$inc": {"n": 1}}), {"n": 1})
        with pytest.raises(Duplicate):
            await distant[USERS].insert({"key": "a"})
        await asyncio.to_thread(distant.close)
    assert await db[USERS].count({"key": "a"}) == 1
    assert await db[USERS].find_one({"_id": "count"}) == {"_id": "count", "key": "count", "n": 1}


# Times


async def test_a_time_comes_back_as_it_was_stored(db: Database) -> None:
    moment = now()
    await db[USERS].insert({"_id": "x", "key": "x", "at": moment})
    found = await db[USERS].find_one({"_id": "x"})
    assert found
    assert found["at"] == moment
    assert found["at"].utcoffset() is not None


# Indexes


async def test_opening_again_changes_nothing(db: Database, database_uri: str) -> None:
    client: Client = AsyncMongoClient(database_uri)
    async with client:
        database = client.get_default_database("littlechat")
        before = {spec: await database[spec.name].index_information() for spec in COLLECTIONS}
        await asyncio.gather(db.open(COLLECTIONS), db.open(COLLECTIONS))
        again = Database(database_uri)
        await again.open(COLLECTIONS)
        again.close()
        assert {
            spec: await database[spec.name].index_information() for spec in COLLECTIONS
        } == before
    for spec, made in before.items():
        fields = [[field for field, _ in one["key"]] for key, one in made.items() if key != "_id_"]
        assert sorted(fields) == sorted(list(index.fields) for index in spec.indexes)


async def examined(uri: str, collection: str, filter_: Document, **more: Any) -> int:
    """Return how many documents the database reads to answer."""
    client: Client = AsyncMongoClient(uri)
    async with client:
        find = {"find": collection, "filter": filter_, **more}
        explained = await client.get_default_database("littlechat").command(
            {"explain": find, "verbosity": "executionStats"}
        )
    return int(explained["executionStats"]["totalDocsExamined"])


@pytest.fixture
async def long_room(db: Database) -> Database:
    """A database with 2,000 messages in one room, one of them with a change not yet numbered."""
    posts = [post(seq, version=0) for seq in range(1, 2_001)]
    posts[700]["unnumbered"] = True
    for start in range(0, 2_000, 500):
        await db[MESSAGES].insert_many(posts[start : start + 500])
    return db


async def test_the_queries_of_every_request_read_no_more_than_they_return(
    long_room: Database, database_uri: str
) -> None:
    for filter_, count in (
        ({"room": ROOM, "unnumbered": True}, 1),
        ({"room": "other", "unnumbered": True}, 0),
        ({"room": ROOM, "seq": 1_000}, 1),
        ({"room": ROOM, "seq": {"$gte": 1_000, "$lt": 1_050}}, 50),
        ({"room": ROOM, "seq": {"$gt": 1_000, "$lte": 1_501}}, 501),
        ({"room": ROOM, "seq": {"$in": [3, 900, 1_999]}}, 3),
        ({"author": "a", "client_id": "c900"}, 1),
    ):
        found = await long_room[MESSAGES].find(filter_)
        assert len(found) == count
        assert await examined(database_uri, "messages", filter_) <= count, filter_


async def test_an_update_finds_its_message_by_id_without_a_scan(
    db: Database, database_uri: str, recorder: CommandRecorder
) -> None:
    # The embedded database scans the collection for every findAndModify, and for an update whose
    # filter asks for more than one index holds: 0.2 to 1.6 s an edit at 20,000 messages (measured).
    database = Database(database_uri)
    store = Messages(database)
    await store.add(ROOM, ADA, Draft("one", "c1"))
    await store.change(ROOM, 1, edited("two", ADA))
    await store.change(ROOM, 1, emptied(ADA))
    database.close()
    names = [name for name, _ in recorder.commands]
    updates = [
        command["updates"][0]["q"] for name, command in recorder.commands if name == "update"
    ]
    assert "findAndModify" not in names
    assert len(updates) == 4
    assert all("_id" in filter_ for filter_ in updates)


async def test_finding_the_end_of_a_long_series_reads_little_of_it(
    long_room: Database, database_uri: str, recorder: CommandRecorder
) -> None:
    database = Database(database_uri)
    head = await Messages(database).head(ROOM, certain=True)
    database.close()
    assert head == Cursor(2_000, 1)
    finds = [command["filter"] for name, command in recorder.commands if name == "find"]
    ranges = [one["seq"] for one in finds if isinstance(one.get("seq"), dict)]
    assert ranges
    # A range is short, or it begins near the end.
    for one in ranges:
        assert one.get("$lte", 2_000) - one["$gte"] <= 200


# Writes


async def test_every_write_waits_for_the_journal(
    database_uri: str, db: Database, recorder: CommandRecorder
) -> None:
    database = Database(database_uri)
    await database[USERS].insert({"_id": "x", "key": "x"})
    await database[MESSAGES].insert_many([post(1), post(2)])
    await database[USERS].update({"_id": "x"}, {"$set": {"name": "X"}})
    await database[USERS].delete({"_id": "x"})
    database.close()
    writes = [
        command for name, command in recorder.commands if name in ("insert", "update", "delete")
    ]
    assert len(writes) == 4
    for command in writes:
        concern = command["writeConcern"]
        assert (concern["w"], concern["j"]) == ("majority", True)
        assert concern["wtimeout"] > 0


async def test_every_read_has_a_time_limit(
    database_uri: str, db: Database, recorder: CommandRecorder
) -> None:
    database = Database(database_uri)
    await database[USERS].find_one({"_id": "x"})
    await database[USERS].find({"_id": "x"})
    await database[USERS].count({"_id": "x"})
    database.close()
    reads = [
        command for name, command in recorder.commands if name in ("find", "aggregate", "count")
    ]
    assert len(reads) == 3
    assert all(command["maxTimeMS"] == db_module.READ_TIMEOUT_MS for command in reads)


# Users and addresses


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("mongodb://host:27017/littlechat", "host:27017"),
        ("mongodb://ada:secret@host:27017/littlechat?x=y", "host:27017"),
        ("mongodb://ada:s%40cret@one:1,two:2/", "one:1,two:2"),
        ("mongodb://ada:s@cret@host/", "host"),
        ("mongodb+srv://ada:secret@cluster.example.net", "cluster.example.net"),
    ],
)
def test_host_of_an_address_leaves_out_its_credentials(uri: str, shown: str) -> None:
    assert host_of(uri) == shown


async def test_provision_leaves_one_user_with_the_given_password(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    from_scratch = tmp_path_factory.mktemp("provision")
    directory = DataDirectory(from_scratch)
    first = EmbeddedServer(directory.path, "first password", provision)
    await first.start()
    await first.stop()
    second = EmbeddedServer(directory.path, "second password", provision)
    await second.start()
    database = Database(second.uri)
    await database.open(COLLECTIONS)
    database.close()
    old = Database(second.uri.replace("second%20password", "first%20password"))
    with pytest.raises(Unavailable, match="refused"):
        await old.open(COLLECTIONS)
    old.close()
    await second.stop()
    directory.close()


async def test_provisioning_a_dead_address_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db_module, "CONNECT_TIMEOUT_MS", 200)
    with pytest.raises(Unavailable):
        await provision("mongodb://127.0.0.1:1/", "littlechat", "secret")


async def test_a_database_that_stands_still_is_unavailable_soon_and_told_once(
    database_uri: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "littlechat.platform.database_health")
    where = urlsplit(database_uri)
    gate = Gate(where.port or 27017)
    await gate.open()
    login = where.netloc.rpartition("@")[0]
    way = where._replace(netloc=f"{login}@{gate.address}" if login else gate.address).geturl()
    database = Database(way)
    assert await database[USERS].find({"_id": "x"}) == []
    for name in ("DEADLINE_SECONDS", "SILENT_DEADLINE_SECONDS"):
        monkeypatch.setattr(database_health, name, 0.2)
    gate.stall()
    for attempt in (
        database[USERS].find_one({"_id": "x"}),
        database[USERS].delete({"_id": "x"}),
        database[USERS].count({"_id": "x"}),
        database.ping(),
    ):
        with pytest.raises(Unavailable, match="no answer in time"):
            await attempt
    assert not database.health.answers
    monkeypatch.undo()
    gate.flow()
    await database.ping()
    assert database.health.answers
    told = [(one.levelname, one.getMessage(), vars(one)["database"]) for one in caplog.records]
    assert told == [
        ("ERROR", "the database does not answer", gate.address),
        ("WARNING", "the database answers again", gate.address),
    ]
    database.close()
    await gate.close()
