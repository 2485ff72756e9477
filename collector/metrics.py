"""What Prometheus is told: the same as the operator's page, by whole hours, nobody's (G12).

Nothing of the process itself is in it (memory, time of the processor, sizes): those would move with each single upload.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from collector.ports import LogStore
from collector.retention import Retention, RetentionReport
from collector.tally import Tally, rounded
from schemas.wire import RefusalReason

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Gathers and spells them."""

    def __init__(self, tally: Tally, retention: Retention, log: LogStore, clock: Callable[[], float]) -> None:
        self._tally, self._retention, self._log, self._clock = tally, retention, log, clock

    async def text(self) -> bytes:
        """In Prometheus' text format."""
        head = await self._log.log_head()
        report, totals = await self._retention.report(), self._tally.totals(self._clock())
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Once(report, totals, head.size if head else 0))
        return generate_latest(registry)


class _Once:
    """One answer."""

    def __init__(self, report: RetentionReport, totals: dict[str, int], log_size: int) -> None:
        self._report, self._totals, self._log_size = report, totals, log_size

    def collect(self) -> Iterator[Metric]:
        """What it consists of."""
        totals, report = self._totals, self._report
        yield _gauge("overt_batches_stored_day", "Batches stored in the last 24 whole hours", totals.get("stored", 0))
        yield _gauge("overt_server_errors_day", "Failed in the last 24 whole hours", totals.get("failed", 0))
        refused = GaugeMetricFamily("overt_refused_day", "Refused in the last 24 whole hours", labels=["reason"])
        for reason in RefusalReason:
            refused.add_metric([reason.value], totals.get(reason.value, 0))
        yield refused
        yield _gauge("overt_retention_overdue", "Batches over the notice's time, by fives", rounded(report.overdue))
        overdue_s = report.at_hour - (report.oldest_overdue_hour or report.at_hour)
        yield _gauge("overt_retention_overdue_seconds", "Since when the oldest is over it", overdue_s)
        half_s = report.at_hour - (report.oldest_half_erased_hour or report.at_hour)
        yield _gauge("overt_erasure_pending_seconds", "Since when an erased batch's bytes may be there", half_s)
        yield _gauge("overt_log_entries", "Entries of the transparency log, fillers included", self._log_size)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)
