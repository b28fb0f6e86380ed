"""Counters as Prometheus reads them."""

from prometheus_client import CollectorRegistry

from directca.api.metrics import OWN_KEYS, Metrics, UpkeepMetrics


def test_a_list_is_told_by_its_name() -> None:
    registry = CollectorRegistry()
    metrics = UpkeepMetrics(registry)
    for name, entries in (("issuing", 7), ("issuing/16-3", 2)):
        metrics.crl(name, 1_800_000_000.0, entries)
        assert registry.get_sample_value("directca_crl_next_update_seconds", {"list": name}) == 1_800_000_000.0
        assert registry.get_sample_value("directca_crl_entries", {"list": name}) == entries


def test_reports_of_our_own_keys_are_counted_from_zero_on() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for whose in OWN_KEYS:
        assert registry.get_sample_value("directca_own_keys_reported_total", {"whose": whose}) == 0
        metrics.own_key_reported(whose)
        assert registry.get_sample_value("directca_own_keys_reported_total", {"whose": whose}) == 1
