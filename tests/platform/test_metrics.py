"""The metrics in Prometheus's text format."""

from littlechat.platform.metrics import Metrics


def test_counters_and_gauges_are_read_when_collected() -> None:
    metrics, count = Metrics(), 3
    metrics.gauge("connections", "Open sockets.", lambda: count)
    metrics.counter("gaps", "Gaps.", lambda: 2 * count)
    assert b"littlechat_connections 3.0" in metrics.text()
    count = 4
    assert b"littlechat_connections 4.0" in metrics.text()
    assert b"littlechat_gaps_total 8.0" in metrics.text()


def test_histograms_count_what_is_observed() -> None:
    metrics = Metrics()
    metrics.batch_size.observe(3)
    metrics.batch_size.observe(80)
    text = metrics.text()
    assert b'littlechat_batch_size_bucket{le="5.0"} 1.0' in text
    assert b"littlechat_batch_size_count 2.0" in text


def test_two_apps_do_not_count_together() -> None:
    one, other = Metrics(), Metrics()
    one.database_seconds.observe(0.1)
    assert b"littlechat_database_seconds_count 0.0" in other.text()
