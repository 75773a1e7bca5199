from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_trade_agent.domain.money import on_step
from binance_trade_agent.domain.symbol_rules import SymbolRules

RULES = SymbolRules(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    trading=True,
    tick_size=Decimal("0.01"),
    min_price=Decimal("0.01"),
    max_price=Decimal("1000000"),
    step_size=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    max_quantity=Decimal("9000"),
    market_step_size=Decimal(0),
    market_min_quantity=Decimal(0),
    market_max_quantity=Decimal("120.5"),
    min_notional=Decimal("5"),
    max_notional=Decimal("9000000"),
    min_notional_for_market=True,
    max_notional_for_market=False,
)
PRICE = Decimal("50000")
quantities = st.integers(0, 10**13).map(lambda units: Decimal(units).scaleb(-8))
prices = st.integers(1, 10**9).map(lambda units: Decimal(units).scaleb(-2))


@given(quantity=quantities)
def test_a_market_quantity_is_never_more_than_asked_and_keeps_the_lot_rules(quantity):
    allowed = RULES.market_quantity(quantity)
    assert allowed <= quantity
    assert allowed == 0 or allowed >= RULES.min_quantity
    assert on_step(allowed, RULES.step_size)
    assert allowed <= RULES.market_max_quantity
    if allowed:
        assert RULES.market_violation(allowed, Decimal(10**6)) is None


@given(price=prices)
def test_the_smallest_market_quantity_passes_and_a_step_less_does_not(price):
    smallest = RULES.smallest_market_quantity(price)
    violation = RULES.market_violation(smallest, price)
    assert violation is None or smallest > RULES.market_max_quantity
    assert RULES.market_violation(smallest - RULES.step_size, price) is not None


@pytest.mark.parametrize(
    ("quantity", "price", "filter_name"),
    [
        ("0.000015", "1000000", "LOT_SIZE: 0.000015 is not a multiple of 0.00001"),
        ("0", "50000", "LOT_SIZE: 0 is below 0.00001"),
        ("120.6", "50000", "LOT_SIZE: 120.6 is above 120.5"),
        ("0.00009", "50000", "NOTIONAL: 0.00009 × 50000 is below 5 USDT"),
    ],
)
def test_a_violation_names_the_filter_and_the_limit(quantity, price, filter_name):
    assert RULES.market_violation(Decimal(quantity), Decimal(price)) == filter_name


def test_the_first_reason_is_that_the_symbol_is_not_trading():
    closed = replace(RULES, trading=False)
    assert closed.market_violation(Decimal(1), PRICE) == "BTCUSDT is not open for trading"


def test_notional_limits_bind_market_orders_only_where_the_rules_say_so():
    tiny, huge = Decimal("0.00001"), Decimal("120")
    assert replace(RULES, min_notional_for_market=False).market_violation(tiny, PRICE) is None
    assert RULES.market_violation(huge, Decimal(100_000)) is None
    strict = replace(RULES, max_notional_for_market=True)
    assert strict.market_violation(huge, Decimal(100_000)) == "NOTIONAL: 120 × 100000 is above 9000000 USDT"


def test_a_limit_of_zero_is_no_limit():
    free = replace(RULES, max_quantity=Decimal(0), market_max_quantity=Decimal(0))
    assert free.market_quantity(Decimal(10**6)) == 10**6
    assert free.market_violation(Decimal(10**6), PRICE) is None


def test_a_coarser_market_step_binds_too():
    coarse = replace(RULES, market_step_size=Decimal("0.5"), market_min_quantity=Decimal(1))
    assert coarse.market_quantity(Decimal("1.99")) == Decimal("1.5")
    assert coarse.market_quantity(Decimal("0.99")) == 0
    assert coarse.smallest_market_quantity(PRICE) == 1
