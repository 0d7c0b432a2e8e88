"""The infrastructure of one process, built from its settings."""

import hashlib
import os
from dataclasses import dataclass

from littlechat.platform.background_tasks import BackgroundTasks
from littlechat.platform.bus import Bus, MemoryBus
from littlechat.platform.configuration import ConfigError, Settings
from littlechat.platform.database import Database
from littlechat.platform.fair_queue import FairQueue
from littlechat.platform.login_limits import LoginLimits
from littlechat.platform.metrics import Metrics
from littlechat.platform.rate_limits import RateLimits
from littlechat.platform.redis_bus import RedisBus

HASHES_AT_ONCE = min(2, max(1, (os.cpu_count() or 1) - 1))
"""One core is left to those who are in."""
HASHES_WAITING_MAX = 60
"""The last of so many waits for some seconds."""


@dataclass(frozen=True, slots=True)
class Platform:
    """The objects that every other package may use."""

    database: Database
    bus: Bus
    metrics: Metrics
    rate_limits: RateLimits
    login_limits: LoginLimits
    hashing: FairQueue
    """The turns at hashing a password, which is costly."""
    tasks: BackgroundTasks
    alone: bool
    """Whether this is the only process that writes to the database."""


def build_platform(settings: Settings, bus: Bus | None = None) -> Platform:
    """Return the infrastructure for `settings`; raise `ConfigError` without a database.

    `bus` connects several applications in one process, as in tests.
    """
    if settings.mongodb_uri is None:
        raise ConfigError("No database: set MONGODB_URI, or start the littlechat command.")
    metrics = Metrics()
    return Platform(
        database=Database(settings.mongodb_uri, metrics.database_seconds.observe),
        bus=bus or _bus(settings, metrics),
        metrics=metrics,
        rate_limits=RateLimits(enabled=settings.rate_limits),
        login_limits=LoginLimits(
            enabled=settings.rate_limits,
            redis_url=settings.redis_url if bus is None else None,
            prefix=_namespace(settings),
        ),
        hashing=FairQueue(HASHES_AT_ONCE, HASHES_WAITING_MAX if settings.rate_limits else None),
        tasks=BackgroundTasks(),
        alone=bus is None and settings.redis_url is None,
    )


def _bus(settings: Settings, metrics: Metrics) -> Bus:
    if settings.redis_url is None:
        return MemoryBus()
    return RedisBus(settings.redis_url, _namespace(settings), metrics.bus_seconds.observe)


def _namespace(settings: Settings) -> str:
    # Installations that share a Redis are kept apart by a namespace made of their secrets.
    return hashlib.sha256(settings.secret_key.encode()).hexdigest()[:12]
