"""Entries at a limit price that a person asks for: every gate takes that price for what they cost."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.agents.risk import RiskLimits
from binance_trade_agent.domain.decisions import Approved
from binance_trade_agent.domain.orders import OrderType, Side
from tests.trading_views import RULES, account_of, control_of, snapshot_of
from tests.unit.agents.risk_cases import HELD, approved, blocked, gate_of

D = Decimal
LIMITS = RiskLimits(entry_time_limit=timedelta(minutes=3))


def by_hand(price: str, quantity: str | None = "1", **named: Any) -> dict[str, Any]:
    """A person's BUY at `price`."""
    asked = {"limit_price": D(price), "side": Side.BUY, "limits": LIMITS}
    return asked | {"quantity": D(quantity) if quantity else None} | named


def test_the_order_is_a_limit_order_at_the_price_asked_for() -> None:
    order = approved(**by_hand("95"))
    assert (order.order_type, order.price, order.quantity) == (OrderType.LIMIT, D(95), D(1))
    assert order.gates[-1].text.endswith("asked for, at 95")


def test_the_price_is_rounded_down_to_the_tick_and_that_is_told() -> None:
    order = approved(**by_hand("95.019"))
    assert order.price == D("95.01")
    assert "at 95.01 (95.019 rounded down to the tick)" in order.gates[-1].text


@pytest.mark.parametrize(
    ("asked", "rests"), [(None, timedelta(minutes=3)), (timedelta(hours=2), timedelta(hours=2))]
)
def test_it_rests_as_long_as_asked_else_as_the_setting_says(
    asked: timedelta | None, rests: timedelta
) -> None:
    # entries of the strategy are MARKET orders here
    assert LIMITS.entry_type is OrderType.MARKET
    assert approved(**by_hand("95", time_limit=asked)).time_limit == rests


def test_no_price_leaves_entries_by_hand_at_the_market() -> None:
    order = approved(side=Side.BUY, quantity=D(1), time_limit=timedelta(hours=1))
    assert (order.order_type, order.price, order.time_limit) == (OrderType.MARKET, None, None)


def test_a_sale_has_no_limit_price() -> None:
    order = approved("SELL", **HELD, side=Side.SELL, limit_price=D(95), time_limit=timedelta(hours=1))
    assert (order.order_type, order.price, order.time_limit) == (OrderType.MARKET, None, None)


@pytest.mark.parametrize(("price", "fits"), [("100", "2.497"), ("50", "4.995"), ("125", "1.998")])
def test_exposure_is_held_against_what_would_be_paid(price: str, fits: str) -> None:
    # a quarter of 1000 USDT, fee included
    assert approved(**by_hand(price, fits)).quantity == D(fits)
    blocked("symbol_exposure", **by_hand(price, str(D(fits) + D("0.001"))))


def test_free_cash_is_held_against_what_would_be_paid() -> None:
    poor = account_of(USDT=100)
    assert approved(**by_hand("90", account=poor)).price == D(90)
    blocked("free_balance", **by_hand("99.5", account=poor))
    # at once, at the ask: but it could cost as much as was allowed
    blocked("free_balance", **by_hand("101", "0.99", account=poor))


def test_a_size_that_is_left_to_risk_is_reckoned_at_the_price_too() -> None:
    # a tenth of 1000 USDT
    assert approved(**by_hand("50", None)).quantity == D("1.998")
    assert approved(**by_hand("200", None)).quantity == D("0.499")


@pytest.mark.parametrize(
    ("rules", "price", "word"),
    [
        ({"buy_price_band": (D("0.9"), D("1.1"))}, "110.9", "PERCENT_PRICE"),
        ({"buy_price_band": (D("0.9"), D("1.1"))}, "90.1", "PERCENT_PRICE"),
        ({"min_price": D(96)}, "95", "PRICE_FILTER"),
        ({"max_price": D(94)}, "95", "PRICE_FILTER"),
        ({"min_price": D(0)}, "0.001", "NOTIONAL"),
        ({"max_notional": D(90)}, "95", "NOTIONAL"),
    ],
)
def test_filters_are_held_against_the_price(rules: dict[str, Any], price: str, word: str) -> None:
    market = snapshot_of([100] * 5, rules=replace(RULES, **rules))
    gate = gate_of("lot_size", **by_hand(price, snapshot=market))
    assert not gate.passed
    assert word in gate.text


def test_a_size_that_is_left_to_risk_keeps_under_the_largest_worth_of_an_order() -> None:
    market = snapshot_of([100] * 5, rules=replace(RULES, max_notional=D(51)))
    order = approved(**by_hand("50", None, snapshot=market))
    assert order.quantity == D(1)


def test_what_is_bought_low_must_still_be_sellable_low() -> None:
    # 0.053 BTC are worth 5.30 at 100, and 2.65 at 50
    assert isinstance(approved(**by_hand("99.9", "0.053")), Approved)
    assert "is less than 0.104 BTC" in blocked("lot_size", **by_hand("50", "0.053"))


def test_a_symbol_that_may_only_be_sold_is_told_with_who_says_so() -> None:
    control = replace(control_of(), reduce_only={"BTCUSDT": "delisting (ann)"})
    assert blocked("reduce_only", control=control) == "BTCUSDT is reduce-only: delisting (ann)"
    blocked("reduce_only", **by_hand("95", control=control))
    elsewhere = replace(control_of(), reduce_only={"ETHUSDT": "delisting (ann)"})
    assert gate_of("reduce_only", control=elsewhere).text == "BTCUSDT may be bought"
    assert approved("SELL", **HELD, control=control).side is Side.SELL
