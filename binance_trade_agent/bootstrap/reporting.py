"""Where a finished cycle is told: incidents and messages, metrics, the log line, the time of the last useful data."""

import math
from datetime import datetime
from decimal import Decimal

import structlog

from binance_trade_agent.control.projections import Projector, summary_line
from binance_trade_agent.domain.decisions import CycleReport, Outcome
from binance_trade_agent.ports import Clock, Exchange, ReadModels
from binance_trade_agent.telemetry.metrics import TraderMetrics

#: How old what was put in may be.
_ASK_EVERY_S = 10.0

_log = structlog.get_logger("autonomous_trader")


class CycleReporter:
    """Tells of cycles. `useful_at` is when a cycle last had data it could decide on."""

    def __init__(
        self,
        projector: Projector,
        metrics: TraderMetrics,
        reads: ReadModels,
        exchange: Exchange,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._put_in: Decimal | None = None
        self._asked_at = -math.inf
        self._projector = projector
        self._metrics = metrics
        self._reads = reads
        self._exchange = exchange
        self.useful_at: datetime | None = None

    def tell(self, report: CycleReport) -> None:
        """Tell of one cycle."""
        if any(decision.outcome is not Outcome.NO_DATA for decision in report.decisions):
            self.useful_at = report.finished_at
        self._projector.project(report)
        self._metrics.observe(report, self._exchange.used_weight)
        _log.info(
            "cycle",
            summary=summary_line(report, self._contributed()),
            cycle=report.start.number,
            outcome=report.outcome.value,
            decisions={d.symbol: d.outcome.value for d in report.decisions},
            own_ms=round(report.own_ms, 1),
            duration_ms=round(report.duration_s * 1000),
        )

    def _contributed(self) -> Decimal | None:
        """What was put in; it rarely changes, and a cycle should not pay for asking each time."""
        now = self._clock.monotonic()
        if self._put_in is None or now - self._asked_at >= _ASK_EVERY_S:
            self._put_in, self._asked_at = self._reads.contributed(), now
        return self._put_in
