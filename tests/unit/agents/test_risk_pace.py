"""How soon and how often symbols may be entered."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from binance_trade_agent.agents.risk import RiskLimits
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.round_trips import RoundTrip, TripBook
from tests.trading_views import OPENED, SYMBOL
from tests.unit.agents.risk_cases import HELD, NEWEST, D, approved, blocked, gate_of

MINUTE = timedelta(minutes=1)


def closed_trip(closed_at: datetime, realised: object, symbol: str = SYMBOL) -> RoundTrip:
    return RoundTrip(
        symbol, OPENED, D(100), D(100), OPENED, 1, realised=Decimal(str(realised)), closed_at=closed_at
    )


def lost(candles_ago: float, realised: object = "-3.5", symbol: str = SYMBOL) -> dict[str, Any]:
    trip = closed_trip(NEWEST.close_time - candles_ago * MINUTE, realised, symbol)
    return {"context": {"trips": TripBook({}, {symbol: trip}, 0)}}


def streak(count: int, candles_ago: float) -> dict[str, Any]:
    return {"context": {"trips": TripBook({}, {}, count, NEWEST.close_time - candles_ago * MINUTE)}}


def test_a_loss_asks_for_candles_of_rest() -> None:
    approved(**lost(10))
    text = blocked("loss_cooldown", **lost(9.9))
    assert text == "9 candles closed since BTCUSDT was sold at a loss of 3.5 USDT; 10 are asked for"
    gate = gate_of("loss_cooldown", **lost(1))
    assert (gate.limit, gate.observed) == ("10 candles", "1 candle")


def test_a_gain_and_another_symbols_loss_ask_for_none() -> None:
    approved(**lost(1, "0"))
    approved(**lost(1, symbol="ETHUSDT"))
    approved(**lost(0), limits=RiskLimits(loss_cooldown_candles=0))
    approved("SELL", **lost(0), **HELD)


def test_a_loss_after_the_newest_candle_counts_from_zero() -> None:
    assert gate_of("loss_cooldown", **lost(-0.5)).observed == "0 candles"


def test_a_losing_streak_makes_all_symbols_rest_for_a_while() -> None:
    approved(**streak(4, 0))
    text = blocked("losing_streak", **streak(5, 59.9))
    assert text == (
        "5 positions in a row were closed at a loss; 59 candles closed since the last of them,"
        " entries rest for 60"
    )
    approved(**streak(5, 60))
    gate = gate_of("losing_streak", **streak(5, 1))
    assert (gate.limit, gate.observed) == ("under 5 losses", "5 losses")


def test_no_limit_on_a_losing_streak() -> None:
    gate = gate_of("losing_streak", **streak(90, 0), limits=RiskLimits(max_losing_streak=0))
    assert (gate.passed, gate.limit) == (True, "no limit")


def test_entries_a_minute() -> None:
    limits = RiskLimits(max_orders_per_minute=2)
    approved(context={"orders_last_minute": 1}, limits=limits)
    text = blocked("order_rate_minute", context={"orders_last_minute": 2}, limits=limits)
    assert text == "2 entries were begun in the last 60 s; 2 are allowed"
    approved("SELL", context={"orders_last_minute": 2}, limits=limits, **HELD)


def test_entries_a_day() -> None:
    limits = RiskLimits(max_orders_per_day=3)
    approved(context={"orders_today": 2}, limits=limits)
    text = blocked("order_rate_day", context={"orders_today": 3}, limits=limits)
    assert text == "3 entries were begun since 00:00 UTC; 3 are allowed a day"


def test_the_rates_hold_for_a_person_too_and_the_rests_do_not() -> None:
    blocked("order_rate_day", "HOLD", side=Side.BUY, context={"orders_today": 500})
    approved("HOLD", side=Side.BUY, **lost(0))
    approved("HOLD", side=Side.BUY, **streak(50, 0))
