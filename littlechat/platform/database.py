"""The only importer of the database driver: opening, indexes, and a narrow typed collection.

Motor is past its end of life, so only the part of its API is used that PyMongo's own asyncio client
has too: to move, change the imports here. Documents and driver errors never leave level 3 and this
module; callers see `Duplicate`, `Missing` and `Unavailable`.
"""

import logging
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

from littlechat.platform.server_addresses import REMEDY, has_readable_credentials, hosts_of

Document = dict[str, Any]
Filter = Mapping[str, Any]
Sort = Sequence[tuple[str, int]]

CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)

READ_MS = 5_000
"""No read may hold a request longer than this (`maxTimeMS`)."""

CONNECT_MS = 5_000
SOCKET_MS = 15_000
DUPLICATE_KEY = 11_000
TIMEOUTS = (NetworkTimeout, ServerSelectionTimeoutError)

log = logging.getLogger(__name__)


class Missing(Exception):
    """What was asked for does not exist, or not for the one who asks."""


class Unavailable(Exception):
    """The database did not do what it was asked; it may or may not have stored it."""


class Interrupted(Unavailable):
    """The connection broke on the way. Who tries again must bear that it was done already."""


class Duplicate(Exception):
    """A unique index refused a document. For `insert_many`, those before `position` are stored."""

    def __init__(self, position: int = 0) -> None:
        super().__init__(f"duplicate key at {position}")
        self.position = position


class Index:
    """An index that a collection needs: its fields, ascending, and MongoDB's own options."""

    def __init__(self, *fields: str, **options: Any) -> None:
        self.fields, self.options = fields, options


class CollectionSpec:
    """A collection as the package that owns it declares it, in its `schema.py`."""

    def __init__(self, name: str, *indexes: Index) -> None:
        self.name, self.indexes = name, indexes


class Collection:
    """One collection, through the few operations that the stores need."""

    def __init__(
        self, inner: "AsyncIOMotorCollection[Document]", observe: "Observe", inserts_again: bool
    ) -> None:
        self._inner = inner
        self._observe = observe
        self._inserts_again = inserts_again

    async def find_one(self, where: Filter) -> Document | None:
        """Return one document that matches, or None."""
        found: Document | None = await self._do(self._inner.find_one(where, max_time_ms=READ_MS))
        return found

    async def find(self, where: Filter, sort: Sort | None = None, limit: int = 0) -> list[Document]:
        """Return the documents that match, at most `limit` of them unless it is 0."""
        cursor = self._inner.find(where, max_time_ms=READ_MS)
        if sort:
            cursor = cursor.sort(list(sort))
        return list(await self._do(cursor.limit(limit).to_list(None)))

    async def count(self, where: Filter) -> int:
        """Return how many documents match."""
        return int(await self._do(self._inner.count_documents(where, maxTimeMS=READ_MS)))

    async def sum(self, field: str) -> int:
        """Return the sum of a field over every document."""
        total = [{"$group": {"_id": None, "total": {"$sum": f"${field}"}}}]
        cursor = self._inner.aggregate(total, maxTimeMS=READ_MS)
        found: list[Document] = await self._do(cursor.to_list(None))
        return int(found[0]["total"]) if found else 0

    async def insert(self, document: Document) -> None:
        """Store one document, durably; raise `Duplicate`.

        Where the driver does not try again when its connection broke, this does.
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
            # Nobody else's is alike in all of it: the first try stored this one.
            stored = await self.find_one({"_id": document["_id"]})
            if stored != decode(encode(document), codec_options=CODEC):
                raise

    async def insert_many(self, documents: list[Document]) -> None:
        """Store documents in their order, durably, stopping at the first `Duplicate`.

        That may be one's own: stored, when the connection broke before anybody heard of it.
        """
        try:
            await self._do(self._inner.insert_many(documents, ordered=True))
        except Interrupted:
            if not self._inserts_again:
                raise
            await self._do(self._inner.insert_many(documents, ordered=True))

    async def update(self, where: Filter, change: Document, *, upsert: bool = False) -> bool:
        """Change one document; return whether one matched or was made."""
        result = await self._do(self._inner.update_one(where, change, upsert=upsert))
        return bool(result.matched_count or result.upserted_id is not None)

    async def update_many(self, where: Filter, change: Document) -> int:
        """Change every document that matches; return how many did."""
        return int((await self._do(self._inner.update_many(where, change))).matched_count)

    async def delete(self, where: Filter) -> int:
        """Delete every document that matches; return how many there were."""
        return int((await self._do(self._inner.delete_many(where))).deleted_count)

    async def _do(self, operation: Awaitable[Any]) -> Any:
        started = time.perf_counter()
        try:
            return await operation
        # Without their causes, whose texts hold whole documents: what people wrote is not logged.
        except DuplicateKeyError:
            raise Duplicate from None
        except BulkWriteError as error:
            failure = error.details["writeErrors"][0] if error.details["writeErrors"] else {}
            if failure.get("code") == DUPLICATE_KEY:
                raise Duplicate(int(failure["index"])) from None
            raise Unavailable("the database refused a batch") from None
        except PyMongoError as error:
            broke = isinstance(error, AutoReconnect) and not isinstance(error, TIMEOUTS)
            kind = Interrupted if broke else Unavailable
            raise kind(f"{type(error).__name__}: {_short(error)}") from error
        finally:
            self._observe(time.perf_counter() - started)


Observe = Callable[[float], None]


class Database:
    """An open database. `observe` is told how many seconds each operation took."""

    def __init__(self, uri: str, observe: Observe = lambda seconds: None) -> None:
        if not has_readable_credentials(uri):
            raise Unavailable(f"MONGODB_URI cannot be read: {REMEDY}")
        try:
            self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
                uri,
                serverSelectionTimeoutMS=CONNECT_MS,
                connectTimeoutMS=CONNECT_MS,
                socketTimeoutMS=SOCKET_MS,
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

        self._make = partial(Collection, observe=observe, inserts_again=inserts_again)
        self._collections: dict[str, Collection] = {}

    def __getitem__(self, spec: CollectionSpec) -> Collection:
        """Return the collection that `spec` declares."""
        if spec.name not in self._collections:
            self._collections[spec.name] = self._make(self._database[spec.name])
        return self._collections[spec.name]

    async def open(self, specs: Iterable[CollectionSpec]) -> None:
        """Reach the database and make the indexes that are not there; raise `Unavailable`."""
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
        """Return when the database answers to this user; raise `Unavailable`."""
        # A read, since a bare ping is answered before any login.
        await self._make(self._database["nothing"]).find_one({"_id": ""})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def now() -> datetime:
    """Return the time in UTC to the millisecond, which is what the database keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def packed_id(document: Mapping[str, Any]) -> bytes:
    """Return the 12 bytes of a document's own id, for one that the driver gave."""
    packed: bytes = document["_id"].binary
    return packed


def unpacked_id(packed: bytes) -> object:
    """Return the document's id of which `packed_id` made these bytes."""
    return ObjectId(packed)


async def provision(uri: str, username: str, password: str) -> None:
    """Create or reset the embedded database's one user, over a server that asks for none yet."""
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
        uri, serverSelectionTimeoutMS=CONNECT_MS
    )
    roles = [{"role": "readWrite", "db": "littlechat"}]
    admin = client["admin"]
    try:
        # Whoever else slipped in while no password was asked for goes out again.
        await admin.command("dropAllUsersFromDatabase")
        await admin.command("createUser", username, pwd=password, roles=roles)
    except PyMongoError as error:
        raise Unavailable(_reason(error)) from error
    finally:
        client.close()


def where(uri: str) -> str:
    """Return the host part of a database address, without its credentials, for messages."""
    return hosts_of(uri)


def _reason(error: PyMongoError) -> str:
    if isinstance(error, OperationFailure) and error.code in (13, 18):
        return f"it refused the user or password ({_short(error)})"
    return _short(error)


def _short(error: Exception) -> str:
    # Driver messages go on for kilobytes about the topology; the first part says it.
    text = str(error).split(", Timeout:")[0].split(", full error:")[0]
    return text.split(" (configured timeouts")[0][:200]
