"""Infrastructure without chat rules: database, bus, tasks, rate limits, metrics, logs, settings.

Owns no collections; other packages declare theirs (`CollectionSpec`). Only this package imports the
database driver, Redis, and the HTTP client for addresses that users enter.
"""

from littlechat.platform import logs
from littlechat.platform.background_tasks import BackgroundTasks
from littlechat.platform.bus import RESUMED, Bus, Event
from littlechat.platform.configuration import ConfigError, Settings
from littlechat.platform.data_directory import DataDirectory, DataDirectoryError
from littlechat.platform.database import (
    Collection,
    CollectionSpec,
    Database,
    Document,
    Duplicate,
    Index,
    Missing,
    Unavailable,
    host_of,
    now,
    packed_id,
    provision,
    unpacked_id,
)
from littlechat.platform.database_process import EmbeddedError
from littlechat.platform.database_watch import end_when_silent
from littlechat.platform.embedded_database import EmbeddedServer, database_password
from littlechat.platform.facade import Platform, build_platform
from littlechat.platform.fair_queue import Busy
from littlechat.platform.http_client import (
    RESOLVER_THREADS,
    HttpClient,
    HttpResponse,
    Unreachable,
    resolve_name,
)
from littlechat.platform.metrics import CONTENT_TYPE
from littlechat.platform.network_guard import is_public, is_public_host
from littlechat.platform.own_address import (
    EVERY_ADDRESS,
    is_container,
    is_loopback,
    lan_address,
)
from littlechat.platform.rate_limits import (
    ADMINISTER,
    BOT,
    BOT_GUESS,
    CHECK_NAMES,
    CONNECT,
    CREATE_BOT,
    CREATE_ROOM,
    INVITE,
    JOIN,
    LOGIN_RATE,
    OPEN_DIRECT,
    PASSWORD,
    PROFILE,
    REACT,
    READ,
    REGISTER,
    SEARCH,
    SEND,
    SUBSCRIBE,
    UPLOAD,
    TooMany,
)
from littlechat.platform.turns import Turns
from littlechat.platform.unique_values import claim_unclaimed

__all__ = [
    "ADMINISTER",
    "BOT",
    "BOT_GUESS",
    "CHECK_NAMES",
    "CONNECT",
    "CONTENT_TYPE",
    "CREATE_BOT",
    "CREATE_ROOM",
    "EVERY_ADDRESS",
    "INVITE",
    "JOIN",
    "LOGIN_RATE",
    "OPEN_DIRECT",
    "PASSWORD",
    "PROFILE",
    "REACT",
    "READ",
    "REGISTER",
    "RESOLVER_THREADS",
    "RESUMED",
    "SEARCH",
    "SEND",
    "SUBSCRIBE",
    "UPLOAD",
    "BackgroundTasks",
    "Bus",
    "Busy",
    "Collection",
    "CollectionSpec",
    "ConfigError",
    "DataDirectory",
    "DataDirectoryError",
    "Database",
    "Document",
    "Duplicate",
    "EmbeddedError",
    "EmbeddedServer",
    "Event",
    "HttpClient",
    "HttpResponse",
    "Index",
    "Missing",
    "Platform",
    "Settings",
    "TooMany",
    "Turns",
    "Unavailable",
    "Unreachable",
    "build_platform",
    "claim_unclaimed",
    "database_password",
    "end_when_silent",
    "host_of",
    "is_container",
    "is_loopback",
    "is_public",
    "is_public_host",
    "lan_address",
    "logs",
    "now",
    "packed_id",
    "provision",
    "resolve_name",
    "unpacked_id",
]
