"""Prometheus metrics of the trader: projections of each cycle's report."""

from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    start_http_server,
)

from binance_trade_agent.domain.decisions import CycleReport

_OWN_TIME_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_CYCLE_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class TraderMetrics:
    """The trader's own registry, so that several can live in one test process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        r = self.registry
        self._cycles = Counter("bta_cycles", "Cycles by outcome", ["outcome"], registry=r)
        self._skipped = Counter("bta_skipped_ticks", "Ticks an overrun skipped", registry=r)
        self._decisions = Counter(
            "bta_decisions", "Decisions by symbol and outcome", ["symbol", "outcome"], registry=r
        )
        self._blocked = Counter(
            "bta_blocked_by_gate", "Refusals by first blocking gate", ["gate"], registry=r
        )
        self._duration = Histogram(
            "bta_cycle_duration_seconds", "Tick to end", buckets=_CYCLE_BUCKETS_S, registry=r
        )
        self._own = Histogram(
            "bta_cycle_own_seconds",
            "Cycle without waiting for the exchange",
            buckets=_OWN_TIME_BUCKETS_S,
            registry=r,
        )
        self._equity = Gauge("bta_equity", "Cash and positions in quote currency", registry=r)
        self._unresolved = Gauge("bta_unresolved_orders", "Orders whose fate is not known", registry=r)
        self._last = Gauge("bta_last_cycle_timestamp_seconds", "When the last cycle ended", registry=r)
        self._weight = Gauge("bta_used_weight", "Request weight used in this minute", registry=r)

    def observe(self, report: CycleReport, used_weight: int) -> None:
        """Count one finished cycle."""
        self._cycles.labels(report.outcome.value).inc()
        self._skipped.inc(report.start.skipped_ticks)
        for decision in report.decisions:
            self._decisions.labels(decision.symbol, decision.outcome.value).inc()
            if decision.blocking_gate:
                self._blocked.labels(decision.blocking_gate).inc()
        self._duration.observe(report.duration_s)
        self._own.observe(report.own_ms / 1000)
        if report.equity is not None:
            self._equity.set(float(report.equity.total))
        self._unresolved.set(report.unresolved)
        self._last.set(report.finished_at.timestamp())
        self._weight.set(used_weight)

    def serve(self, host: str, port: int) -> WSGIServer:
        """Answer `/metrics` from a thread of its own; raises `OSError` when the port is taken."""
        server, _ = start_http_server(port, addr=host, registry=self.registry)
        return server
