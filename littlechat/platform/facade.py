"""The infrastructure of one process, built from its settings."""

import hashlib
from dataclasses import dataclass

from littlechat.platform.background_tasks import BackgroundTasks
from littlechat.platform.bus import Bus, MemoryBus
from littlechat.platform.configuration import ConfigError, Settings
from littlechat.platform.database import Database
from littlechat.platform.metrics import Metrics
from littlechat.platform.rate_limits import RateLimits
from littlechat.platform.redis_bus import RedisBus


@dataclass(frozen=True, slots=True)
class Platform:
    """The objects that every other package may use."""

    database: Database
    bus: Bus
    metrics: Metrics
    rate_limits: RateLimits
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
        tasks=BackgroundTasks(),
        alone=bus is None and settings.redis_url is None,
    )


def _bus(settings: Settings, metrics: Metrics) -> Bus:
    if settings.redis_url is None:
        return MemoryBus()
    # Installations that share a Redis are kept apart by a namespace made of their secrets.
    namespace = hashlib.sha256(settings.secret_key.encode()).hexdigest()[:12]
    return RedisBus(settings.redis_url, namespace, metrics.bus_seconds.observe)
