"""Metrics for Prometheus, in a registry of the application's own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

TIME_BUCKETS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
BATCH_SIZE_BUCKETS = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class _Read:
    """A metric whose value is kept elsewhere and read when the metrics are collected."""

    family: type[CounterMetricFamily] | type[GaugeMetricFamily]
    name: str
    help: str
    value: Callable[[], float]


class Metrics(Collector):
    """Histograms, which are observed, and counters and gauges, which are read on collection."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._reads: list[_Read] = []
        self.database_seconds = self._histogram(
            "littlechat_database_seconds", "Time of each database operation.", TIME_BUCKETS_SECONDS
        )
        self.bus_seconds = self._histogram(
            "littlechat_bus_seconds", "Time of events between processes.", TIME_BUCKETS_SECONDS
        )
        self.batch_size = self._histogram(
            "littlechat_batch_size", "Messages stored in one write.", BATCH_SIZE_BUCKETS
        )
        self._registry.register(self)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, buckets=buckets, registry=self._registry)

    def counter(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a counter, `littlechat_<name>`, whose value only grows."""
        self._reads.append(_Read(CounterMetricFamily, f"littlechat_{name}", text, value))

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge, `littlechat_<name>`."""
        self._reads.append(_Read(GaugeMetricFamily, f"littlechat_{name}", text, value))

    def collect(self) -> Iterator[Metric]:
        """Yield the counters and gauges; called by the registry."""
        for read in self._reads:
            yield read.family(read.name, read.help, value=read.value())

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self._registry)
