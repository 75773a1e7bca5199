"""The status is what the database says, told by the settings of the session that runs."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.control.watching import Watch
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.telemetry.health import STOPPED, TraderCondition
from tests.fakes import START, FakeDesk, fake_desk


def with_session(desk: FakeDesk, **changes: object) -> Watch:
    session = desk.reads.stored.session
    assert session is not None
    desk.reads.stored = replace(desk.reads.stored, session=replace(session, **changes))  # type: ignore[arg-type]
    return desk.watch


def test_a_running_trader() -> None:
    status = fake_desk().watch.status()
    assert status.health.condition is TraderCondition.CYCLING
    assert (status.cycles, status.decisions) == (240, 480)
    assert status.interval_s == 5
    assert status.next_cycle_due == START + timedelta(seconds=3)
    assert status.exposure == Decimal("1004.68")


def test_an_empty_database() -> None:
    status = fake_desk(empty=True).watch.status()
    assert status.health.condition is TraderCondition.NEVER_STARTED
    assert (status.session, status.last_cycle, status.next_cycle_due) == (None, None, None)
    assert (status.equity, status.profit, status.exposure) == (None, None, Decimal(0))
    assert status.symbols == ("BTCUSDT", "ETHUSDT")


def test_the_interval_is_the_running_sessions_own() -> None:
    status = with_session(fake_desk(), settings={"TRADING_INTERVAL_SECONDS": "0.5"}).status()
    assert status.interval_s == 0.5
    assert with_session(fake_desk(interval_s=90), settings={}).status().interval_s == 90


def test_a_trader_that_follows_hourly_candles_is_healthy_half_an_hour_after_its_cycle() -> None:
    desk = fake_desk()
    settings = {
        "TRADING_INTERVAL_SECONDS": "5",
        "TRADING_ALIGN": "candle_close",
        "CANDLE_INTERVAL": "1h",
    }
    watch = with_session(desk, settings=settings)
    desk.clock.advance(1800)
    alive = replace(desk.reads.stored.heartbeats[0], at=desk.clock.now())
    desk.reads.stored = replace(desk.reads.stored, heartbeats=(alive,))
    status = watch.status()
    assert status.interval_s == 3600
    assert status.health.condition is TraderCondition.CYCLING
    assert status.next_cycle_due == START + timedelta(seconds=3598)


def test_a_session_that_runs_is_shown_with_its_own_symbols_and_one_that_ended_is_not() -> None:
    desk = fake_desk()
    watch = with_session(desk, symbols=("SOLUSDT",), strategy="rsi_momentum")
    assert (watch.status().symbols, watch.status().strategy) == (("SOLUSDT",), "rsi_momentum")
    watch = with_session(desk, ended_at=START, end_reason=STOPPED)
    status = watch.status()
    assert (status.symbols, status.strategy) == (("BTCUSDT", "ETHUSDT"), "combined_default")
    assert status.next_cycle_due is None


def test_a_failed_read_raises_and_is_never_an_empty_list() -> None:
    desk = fake_desk()
    desk.reads.broken = "database is locked"
    watch = desk.watch
    for read in (watch.status, watch.positions, watch.balances, watch.orders, watch.decisions, watch.equity):
        with pytest.raises(StorageError, match="is locked"):
            read()
