"""What a worker measures of its sending, for Prometheus."""

import logging
from collections.abc import Callable, Iterator

import prometheus_client
from prometheus_client import core
from prometheus_client.registry import Collector

from gewe_runner import errors
from gewe_runner.exchange import Outcome

_LOG = logging.getLogger("gewe_runner.worker")


class Meter:
    """Counts what the slices and the housekeeping of this worker do; `gauges` are read anew at every look.

    Args:
        gauges: Name → (what it tells, value), of the whole ledger.
    """

    def __init__(self, gauges: Callable[[], dict[str, tuple[str, float]]]) -> None:
        # a series beside each that nobody looks at
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = prometheus_client.CollectorRegistry()
        self._registry.register(_Gauges(gauges))
        self._sends = self._counter("gewe_sends", "Requests that came to an end.", ["group", "outcome"])
        self._fenced = self._counter("gewe_fenced_slices", "Slices whose lane was taken over by somebody else.")
        self._reaps = self._counter("gewe_reaps", "Jobs taken from workers that were dead or silent.")
        self._kicks = self._counter("gewe_kicks", "Lanes that nobody would have come to.")
        self._took = prometheus_client.Histogram(
            "gewe_request_seconds", "How long requests took.", ["group"], registry=self._registry
        )

    def serve(self, port: int, host: str) -> None:
        """Answer `GET /metrics` there from now on.

        Raises:
            errors.UsageError: the port cannot be had.
        """
        try:
            prometheus_client.start_http_server(port, addr=host, registry=self._registry)
        except OSError as error:
            raise errors.UsageError(f"--metrics-port {port} cannot be had: {error.strerror}") from error

    def note(self, outcome: Outcome) -> None:
        group = of(outcome.intent.device)
        self._sends.labels(group, "unsent" if outcome.unsent else str(outcome.state)).inc()
        if not outcome.unsent:
            self._took.labels(group).observe(outcome.took / 1000)

    def fenced(self) -> None:
        self._fenced.inc()

    def healed(self, reaped: int, kicked: int) -> None:
        self._reaps.inc(reaped)
        self._kicks.inc(kicked)

    def _counter(self, name: str, told: str, labels: tuple[str, ...] | list[str] = ()) -> prometheus_client.Counter:
        return prometheus_client.Counter(name, told, labels, registry=self._registry)


def of(device: str) -> str:
    """A device's group: its name up to the last hyphen, so that a thousand devices are not a thousand series."""
    return device.rpartition("-")[0] or device


class _Gauges(Collector):
    def __init__(self, gauges: Callable[[], dict[str, tuple[str, float]]]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[core.GaugeMetricFamily]:
        try:
            found = self._gauges()
        except errors.LedgerError as error:
            _LOG.warning("no figures of the ledger: %s", error.message, extra={"action": "no_ledger"})
            found = {}
        yield core.GaugeMetricFamily("gewe_ledger_up", "Whether the ledger answers.", value=bool(found))
        for name, (told, value) in found.items():
            yield core.GaugeMetricFamily(name, told, value=value)

    def describe(self) -> Iterator[core.GaugeMetricFamily]:
        """Nothing beforehand: registering must not wait for the ledger."""
        yield from ()
