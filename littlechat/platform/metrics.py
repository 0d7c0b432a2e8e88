"""What an installation's keeper can watch: numbers for Prometheus, in the app's own registry."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
SIZES = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class _Read:
    """A number that somebody keeps anyway, read when it is asked for."""

    family: type[CounterMetricFamily] | type[GaugeMetricFamily]
    name: str
    help: str
    value: Callable[[], float]


class Metrics(Collector):
    """Histograms that are told, and counters and gauges that are read."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._reads: list[_Read] = []
        self.database_seconds = self._histogram(
            "littlechat_database_seconds", "Time of each database operation.", SECONDS
        )
        self.bus_seconds = self._histogram(
            "littlechat_bus_seconds", "Time of events between processes.", SECONDS
        )
        self.batch_size = self._histogram(
            "littlechat_batch_size", "Messages stored in one write.", SIZES
        )
        self._registry.register(self)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, buckets=buckets, registry=self._registry)

    def counter(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a number that only grows."""
        self._reads.append(_Read(CounterMetricFamily, f"littlechat_{name}", text, value))

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a number that goes up and down."""
        self._reads.append(_Read(GaugeMetricFamily, f"littlechat_{name}", text, value))

    def collect(self) -> Iterator[Metric]:
        """Read the numbers, as the registry asks."""
        for read in self._reads:
            yield read.family(read.name, read.help, value=read.value())

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)
