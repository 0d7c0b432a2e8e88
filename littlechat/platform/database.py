"""The database: connecting, creating indexes, and a narrow typed `Collection`.

Only this module imports the driver. Motor is past its end of life, so only the part of its API is
used that PyMongo's own asyncio client has too: to move there, change the imports. Driver errors do
not leave this module; callers see `Duplicate`, `Missing` and `Unavailable`. Documents stay within
the packages' stores, which turn them into values.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bson import ObjectId, decode, encode
from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import IndexModel, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    InvalidURI,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from littlechat.platform.database_health import READY_SECONDS, DatabaseHealth
from littlechat.platform.server_addresses import REMEDY, has_readable_credentials, hosts_of

Document = dict[str, Any]
Filter = Mapping[str, Any]
Sort = Sequence[tuple[str, int]]

CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)

READ_TIMEOUT_MS = 5_000
"""The database aborts a read after this time (`maxTimeMS`)."""

CONNECT_TIMEOUT_MS = 5_000
SOCKET_TIMEOUT_MS = 12_000
DUPLICATE_KEY = 11_000
TIMEOUT_ERRORS = (NetworkTimeout, ServerSelectionTimeoutError)


class Missing(Exception):
    """What was asked for does not exist, or the caller may not know that it does."""


class Unavailable(Exception):
    """The operation failed; it is unknown whether a write was stored."""


class Interrupted(Unavailable):
    """The connection broke, perhaps after the operation took effect: a retry must expect that."""


class Duplicate(Exception):
    """A unique index refused a document.

    `position` is its index in `insert_many`, which has stored the documents before it.
    """

    def __init__(self, position: int = 0) -> None:
        super().__init__(f"duplicate key at {position}")
        self.position = position


class Index:
    """An ascending index over `fields`; `options` are MongoDB's, such as `unique`."""

    def __init__(self, *fields: str, **options: Any) -> None:
        self.fields, self.options = fields, options


class CollectionSpec:
    """The declaration of a collection and its indexes, in the `schema.py` of its package."""

    def __init__(self, name: str, *indexes: Index) -> None:
        self.name, self.indexes = name, indexes


class Collection:
    """One collection with the few operations that the stores need.

    Every operation raises `Unavailable` if the database fails.
    """

    def __init__(
        self,
        inner: "AsyncIOMotorCollection[Document]",
        observe: "Observe",
        health: DatabaseHealth,
        inserts_again: bool,
    ) -> None:
        self._inner = inner
        self._health = health
        self._observe = observe
        self._inserts_again = inserts_again

    async def find_one(self, where: Filter) -> Document | None:
        """Return a document that matches, or None."""
        found: Document | None = await self._do(
            self._inner.find_one(where, max_time_ms=READ_TIMEOUT_MS)
        )
        return found

    async def find(self, where: Filter, sort: Sort | None = None, limit: int = 0) -> list[Document]:
        """Return the documents that match, at most `limit` of them; 0 means all."""
        cursor = self._inner.find(where, max_time_ms=READ_TIMEOUT_MS)
        if sort:
            cursor = cursor.sort(list(sort))
        return list(await self._do(cursor.limit(limit).to_list(None)))

    async def count(self, where: Filter) -> int:
        """Return the number of documents that match."""
        return int(await self._do(self._inner.count_documents(where, maxTimeMS=READ_TIMEOUT_MS)))

    async def sum(self, field: str) -> int:
        """Return the sum of a field over all documents."""
        total = [{"$group": {"_id": None, "total": {"$sum": f"${field}"}}}]
        cursor = self._inner.aggregate(total, maxTimeMS=READ_TIMEOUT_MS)
        found: list[Document] = await self._do(cursor.to_list(None))
        return int(found[0]["total"]) if found else 0

    async def insert(self, document: Document) -> None:
        """Store one document durably; raise `Duplicate`.

        If the connection breaks, it is retried once, here unless the driver does (`retryWrites`).
        """
        try:
            await self._do(self._inner.insert_one(document))
        except Interrupted:
            if not self._inserts_again:
                raise
            await self._insert_again(document)

    async def _insert_again(self, document: Document) -> None:
        try:
            await self._do(self._inner.insert_one(document))
        except Duplicate:
            # If the stored document equals ours in every field, the first try had stored it.
            stored = await self.find_one({"_id": document["_id"]})
            if stored != decode(encode(document), codec_options=CODEC):
                raise

    async def insert_many(self, documents: list[Document]) -> None:
        """Store documents durably, in order; raise `Duplicate` at the first that is refused.

        After a broken connection it is retried, so the duplicate may be the caller's own document,
        stored by the first try.
        """
        try:
            await self._do(self._inner.insert_many(documents, ordered=True))
        except Interrupted:
            if not self._inserts_again:
                raise
            await self._do(self._inner.insert_many(documents, ordered=True))

    async def update(self, where: Filter, change: Document, *, upsert: bool = False) -> bool:
        """Update one document; return whether one matched or was inserted by `upsert`."""
        result = await self._do(self._inner.update_one(where, change, upsert=upsert))
        return bool(result.matched_count or result.upserted_id is not None)

    async def update_many(self, where: Filter, change: Document) -> int:
        """Update all documents that match; return their number."""
        return int((await self._do(self._inner.update_many(where, change))).matched_count)

    async def delete(self, where: Filter) -> int:
        """Delete all documents that match; return their number."""
        return int((await self._do(self._inner.delete_many(where))).deleted_count)

    async def _do(self, operation: Awaitable[Any]) -> Any:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._health.deadline):
                result = await operation
        except TimeoutError:
            self._health.note_silence()
            raise Unavailable("no answer in time") from None
        # `from None`, because the driver's texts contain whole documents, which must not be logged.
        except DuplicateKeyError:
            raise Duplicate from None
        except BulkWriteError as error:
            failure = error.details["writeErrors"][0] if error.details["writeErrors"] else {}
            if failure.get("code") == DUPLICATE_KEY:
                raise Duplicate(int(failure["index"])) from None
            raise Unavailable("the database refused a batch") from None
        except PyMongoError as error:
            broke = isinstance(error, AutoReconnect) and not isinstance(error, TIMEOUT_ERRORS)
            if isinstance(error, AutoReconnect):
                self._health.note_silence()
            kind = Interrupted if broke else Unavailable
            raise kind(f"{type(error).__name__}: {_short(error)}") from error
        else:
            self._health.note_answer()
            return result
        finally:
            self._observe(time.perf_counter() - started)


Observe = Callable[[float], None]


class Database:
    """A connection to the database. `observe` is called with the seconds of each operation."""

    def __init__(self, uri: str, observe: Observe = lambda seconds: None) -> None:
        if not has_readable_credentials(uri):
            raise Unavailable(f"MONGODB_URI cannot be read: {REMEDY}")
        try:
            self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
                uri,
                serverSelectionTimeoutMS=CONNECT_TIMEOUT_MS,
                connectTimeoutMS=CONNECT_TIMEOUT_MS,
                socketTimeoutMS=SOCKET_TIMEOUT_MS,
                appname="littlechat",
            )
            database = self._client.get_default_database(
                "littlechat",
                codec_options=CODEC,
                write_concern=WriteConcern("majority", j=True, wtimeout=10_000),
            )
        except (InvalidURI, ConfigurationError, ValueError):
            # Without the driver's own words, which may repeat a part of the password.
            raise Unavailable(f"MONGODB_URI cannot be read: {REMEDY}") from None
        self._database = database
        inserts_again = "retrywrites=false" in uri.lower()
        self.health = DatabaseHealth(hosts_of(uri))
        self._make = partial(
            Collection, observe=observe, health=self.health, inserts_again=inserts_again
        )
        self._collections: dict[str, Collection] = {}

    def __getitem__(self, spec: CollectionSpec) -> Collection:
        """Return the collection that `spec` declares."""
        if spec.name not in self._collections:
            self._collections[spec.name] = self._make(self._database[spec.name])
        return self._collections[spec.name]

    async def open(self, specs: Iterable[CollectionSpec]) -> None:
        """Connect and create missing indexes; raise `Unavailable`."""
        try:
            for spec in specs:
                if spec.indexes:
                    await self._database[spec.name].create_indexes(
                        [
                            IndexModel([(field, 1) for field in index.fields], **index.options)
                            for index in spec.indexes
                        ]
                    )
        except PyMongoError as error:
            raise Unavailable(_reason(error)) from error

    async def ping(self) -> None:
        """Return if the database answers and accepts the credentials; raise `Unavailable`."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                # A read, because MongoDB's `ping` command is answered without authentication.
                await self._make(self._database["nothing"]).find_one({"_id": ""})
        except TimeoutError:
            raise Unavailable("no answer in time") from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def now() -> datetime:
    """Return the current UTC time in whole milliseconds, the precision of the database."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def packed_id(document: Mapping[str, Any]) -> bytes:
    """Return the 12 bytes of a document's `_id`, which must be an ObjectId."""
    packed: bytes = document["_id"].binary
    return packed


def unpacked_id(packed: bytes) -> object:
    """Return the `_id` of the document from which `packed_id` made these bytes."""
    return ObjectId(packed)


async def provision(uri: str, username: str, password: str) -> None:
    """Create or reset the only user of the embedded database, which runs without authentication."""
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
        uri, serverSelectionTimeoutMS=CONNECT_TIMEOUT_MS
    )
    roles = [{"role": "readWrite", "db": "littlechat"}]
    admin = client["admin"]
    try:
        # Another local process may have created a user while there was no authentication.
        await admin.command("dropAllUsersFromDatabase")
        await admin.command("createUser", username, pwd=password, roles=roles)
    except PyMongoError as error:
        raise Unavailable(_reason(error)) from error
    finally:
        client.close()


def host_of(uri: str) -> str:
    """Return the hosts of a database URI, without credentials, for messages."""
    return hosts_of(uri)


def _reason(error: PyMongoError) -> str:
    if isinstance(error, OperationFailure) and error.code in (13, 18):
        return f"it refused the user or password ({_short(error)})"
    return _short(error)


def _short(error: Exception) -> str:
    # The driver's messages end with kilobytes about the topology.
    text = str(error).split(", Timeout:")[0].split(", full error:")[0]
    return text.split(" (configured timeouts")[0][:200]
