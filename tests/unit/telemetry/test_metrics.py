"""What Prometheus sees of a cycle."""

import urllib.request
from dataclasses import replace
from decimal import Decimal

import pytest

from binance_trade_agent.domain.decisions import GateResult, Outcome
from binance_trade_agent.domain.portfolio import Equity
from binance_trade_agent.telemetry.metrics import TraderMetrics
from tests.fakes import START
from tests.unit.control.fakes import decision, report

EQUITY = Equity(START, "USDT", Decimal("9000.5"), Decimal(1000), Decimal(0), Decimal(0))
REFUSED = replace(
    decision("ETHUSDT", Outcome.REFUSED), gates=(GateResult("cooldown", False, "3", "1", "too early"),)
)


def value(metrics: TraderMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_cycle_is_counted() -> None:
    metrics = TraderMetrics()
    cycle = replace(
        report(decision("BTCUSDT", Outcome.HELD), REFUSED, equity=EQUITY, skipped=2), unresolved=1
    )
    metrics.observe(cycle, 40)
    metrics.observe(replace(cycle, equity=None, unresolved=0), 44)
    assert value(metrics, "bta_cycles_total", outcome="completed") == 2
    assert value(metrics, "bta_skipped_ticks_total") == 4
    assert value(metrics, "bta_decisions_total", symbol="BTCUSDT", outcome="held") == 2
    assert value(metrics, "bta_blocked_by_gate_total", gate="cooldown") == 2
    assert value(metrics, "bta_cycle_duration_seconds_sum") == pytest.approx(0.5)
    assert value(metrics, "bta_cycle_own_seconds_bucket", le="0.01") == 0
    assert value(metrics, "bta_cycle_own_seconds_bucket", le="0.025") == 2
    assert value(metrics, "bta_equity") == 10000.5
    assert value(metrics, "bta_unresolved_orders") == 0
    assert value(metrics, "bta_used_weight") == 44
    assert value(metrics, "bta_last_cycle_timestamp_seconds") == START.timestamp()


def test_they_are_served_and_a_taken_port_is_an_error() -> None:
    metrics = TraderMetrics()
    metrics.observe(report(decision("BTCUSDT", Outcome.HELD)), 1)
    server = metrics.serve("127.0.0.1", 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=60) as answer:
            assert 'bta_decisions_total{outcome="held",symbol="BTCUSDT"} 1.0' in answer.read().decode()
        with pytest.raises(OSError, match="in use"):
            metrics.serve("127.0.0.1", server.server_port)
    finally:
        server.shutdown()
        server.server_close()
