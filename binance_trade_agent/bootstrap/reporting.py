"""Where a finished cycle is told: incidents and messages, metrics, the log line, the time of the last useful data."""

from collections import Counter
from datetime import datetime

import structlog

from binance_trade_agent.control.cycle_line import CycleLine
from binance_trade_agent.control.projections import Projector
from binance_trade_agent.domain.decisions import CycleReport, Outcome
from binance_trade_agent.ports import Exchange
from binance_trade_agent.telemetry.metrics import TraderMetrics

_log = structlog.get_logger("autonomous_trader")


class CycleReporter:
    """Tells of cycles. `useful_at` is when a cycle last had data it could decide on."""

    def __init__(self, projector: Projector, metrics: TraderMetrics, exchange: Exchange) -> None:
        self._projector = projector
        self._metrics = metrics
        self._exchange = exchange
        self._line = CycleLine()
        self.useful_at: datetime | None = None

    def tell(self, report: CycleReport) -> None:
        """Tell of one cycle."""
        if any(decision.outcome is not Outcome.NO_DATA for decision in report.decisions):
            self.useful_at = report.finished_at
        self._projector.project(report)
        self._metrics.observe(report, self._exchange.used_weight)
        _log.info(
            "cycle",
            summary=self._line.of(report),
            cycle=report.start.number,
            outcome=report.outcome.value,
            decisions=dict(Counter(decision.outcome.value for decision in report.decisions)),
            own_ms=round(report.own_ms, 1),
            duration_ms=round(report.duration_s * 1000),
        )
