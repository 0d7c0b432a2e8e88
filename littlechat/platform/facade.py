"""The mechanisms of one process, built from its settings."""

import hashlib
from dataclasses import dataclass

from littlechat.platform.background_tasks import BackgroundTasks
from littlechat.platform.bus import Bus, MemoryBus, RedisBus
from littlechat.platform.configuration import ConfigError, Settings
from littlechat.platform.database import Database
from littlechat.platform.metrics import Metrics
from littlechat.platform.rate_limits import RateLimits


@dataclass(frozen=True, slots=True)
class Platform:
    """What knows no chat: storage, the bus, background tasks, limits and numbers."""

    database: Database
    bus: Bus
    metrics: Metrics
    rate_limits: RateLimits
    tasks: BackgroundTasks
    alone: bool
    """Whether no other process writes to the database."""


def build_platform(settings: Settings, bus: Bus | None = None) -> Platform:
    """Return the mechanisms for `settings`; `bus` joins several applications in one process.

    Raises `ConfigError` without a database.
    """
    if settings.mongodb_uri is None:
        raise ConfigError("No database: set MONGODB_URI, or start the littlechat command.")
    metrics = Metrics()
    return Platform(
        database=Database(settings.mongodb_uri, metrics.database_seconds.observe),
        bus=bus or _bus(settings, metrics),
        metrics=metrics,
        rate_limits=RateLimits(enabled=settings.rate_limits),
        tasks=BackgroundTasks(),
        alone=bus is None and settings.redis_url is None,
    )


def _bus(settings: Settings, metrics: Metrics) -> Bus:
    if settings.redis_url is None:
        return MemoryBus()
    # Two installations on one Redis must not hear each other; their secrets differ.
    namespace = hashlib.sha256(settings.secret_key.encode()).hexdigest()[:12]
    return RedisBus(settings.redis_url, namespace, metrics.bus_seconds.observe)
