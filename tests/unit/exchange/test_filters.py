"""Binance's symbol filters at their edges."""

from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.filters import FilterFailure, OpenCount, SymbolFilters

FULL: list[dict[str, Any]] = [
    {"filterType": "PRICE_FILTER", "minPrice": "1", "maxPrice": "1000", "tickSize": "0.05"},
    {"filterType": "LOT_SIZE", "minQty": "0.03", "maxQty": "100", "stepSize": "0.02"},
    {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "10", "stepSize": "0"},
    {
        "filterType": "PERCENT_PRICE_BY_SIDE",
        "bidMultiplierUp": "1.1",
        "bidMultiplierDown": "0.5",
        "askMultiplierUp": "2",
        "askMultiplierDown": "0.9",
        "avgPriceMins": 5,
    },
    {
        "filterType": "NOTIONAL",
        "minNotional": "5",
        "applyMinToMarket": True,
        "maxNotional": "1000",
        "applyMaxToMarket": False,
        "avgPriceMins": 5,
    },
    {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 2},
    {"filterType": "MAX_POSITION", "maxPosition": "10"},
]
FILTERS = SymbolFilters.of({"filters": FULL})
REFERENCE = Decimal(100)


@pytest.mark.parametrize(
    ("side", "price", "broken"),
    [
        (Side.BUY, "100", None),
        (Side.BUY, "110", None),
        (Side.BUY, "110.05", "PERCENT_PRICE_BY_SIDE"),
        (Side.BUY, "50", None),
        (Side.BUY, "49.95", "PERCENT_PRICE_BY_SIDE"),
        (Side.SELL, "200", None),
        (Side.SELL, "89.95", "PERCENT_PRICE_BY_SIDE"),
        (Side.BUY, "100.01", "PRICE_FILTER"),
        (Side.BUY, "0.95", "PRICE_FILTER"),
        (Side.SELL, "1000.05", "PRICE_FILTER"),
    ],
)
def test_price(side: Side, price: str, broken: str | None) -> None:
    assert _broken(lambda: FILTERS.check_price(side, Decimal(price), REFERENCE)) == broken


@pytest.mark.parametrize(
    ("quantity", "is_market", "broken"),
    [
        ("0.04", False, None),
        ("0.05", False, "LOT_SIZE"),  # steps count from zero, not from the minimum
        ("0.02", False, "LOT_SIZE"),
        ("100", False, None),
        ("100.02", False, "LOT_SIZE"),
        ("10", True, None),
        ("10.02", True, "MARKET_LOT_SIZE"),
    ],
)
def test_quantity(quantity: str, is_market: bool, broken: str | None) -> None:
    assert _broken(lambda: FILTERS.check_quantity(Decimal(quantity), is_market=is_market)) == broken


@pytest.mark.parametrize(
    ("price", "quantity", "is_market", "broken"),
    [
        ("100", "0.05", False, None),
        ("99.95", "0.05", False, "NOTIONAL"),
        ("99.95", "0.05", True, "NOTIONAL"),
        ("100", "10.02", False, "NOTIONAL"),
        ("100", "10.02", True, None),
    ],
)
def test_notional(price: str, quantity: str, is_market: bool, broken: str | None) -> None:
    check = lambda: FILTERS.check_notional(Decimal(price), Decimal(quantity), is_market=is_market)  # noqa: E731
    assert _broken(check) == broken


def test_old_style_filters() -> None:
    filters = SymbolFilters.of(
        {
            "filters": [
                {
                    "filterType": "MIN_NOTIONAL",
                    "minNotional": "10",
                    "applyToMarket": False,
                    "avgPriceMins": 5,
                },
                {
                    "filterType": "PERCENT_PRICE",
                    "multiplierUp": "1.5",
                    "multiplierDown": "0.5",
                    "avgPriceMins": 5,
                },
            ]
        }
    )
    assert _broken(lambda: filters.check_notional(Decimal(1), Decimal(9), is_market=True)) is None
    assert _broken(lambda: filters.check_notional(Decimal(1), Decimal(9), is_market=False)) == "MIN_NOTIONAL"
    assert _broken(lambda: filters.check_price(Side.SELL, Decimal(151), REFERENCE)) == "PERCENT_PRICE"


def test_counts_and_position() -> None:
    one = OpenCount(orders=1)
    assert _broken(lambda: FILTERS.check_counts(OpenCount(2), one)) is None
    assert _broken(lambda: FILTERS.check_counts(OpenCount(3), one)) == "MAX_NUM_ORDERS"
    assert _broken(lambda: FILTERS.check_position(Side.BUY, Decimal(9), Decimal(1))) is None
    assert _broken(lambda: FILTERS.check_position(Side.BUY, Decimal(9), Decimal(2))) == "MAX_POSITION"
    assert _broken(lambda: FILTERS.check_position(Side.SELL, Decimal(9), Decimal(2))) is None


def test_absent_filters_admit_everything() -> None:
    nothing = SymbolFilters.of({"filters": []})
    nothing.check_price(Side.BUY, Decimal("0.123"), REFERENCE)
    nothing.check_quantity(Decimal("0.00000001"), is_market=True)
    nothing.check_counts(OpenCount(10_000), OpenCount(1))


def _broken(check: Any) -> str | None:
    try:
        check()
    except FilterFailure as failure:
        return failure.name
    return None


def test_stop_prices_and_trailing_deltas() -> None:
    trailing = {
        "filterType": "TRAILING_DELTA",
        "minTrailingAboveDelta": 10,
        "maxTrailingAboveDelta": 2000,
        "minTrailingBelowDelta": 20,
        "maxTrailingBelowDelta": 1000,
    }
    filters = SymbolFilters.of({"filters": [*FULL, trailing]})
    assert _broken(lambda: filters.check_stop_price(Decimal("1.05"))) is None
    assert _broken(lambda: filters.check_stop_price(Decimal("1.06"))) == "PRICE_FILTER"
    for delta, above, below in (
        (9, False, False),
        (10, True, False),
        (1000, True, True),
        (1001, True, False),
    ):
        for is_above, admitted in ((True, above), (False, below)):
            broken = _broken(
                lambda delta=delta, is_above=is_above: filters.check_trailing_delta(delta, is_above=is_above)
            )
            assert broken == (None if admitted else "TRAILING_DELTA")
    FILTERS.check_trailing_delta(5000, is_above=True)


def test_each_count_limits_its_own_kind() -> None:
    filters = SymbolFilters.of(
        {
            "filters": [
                {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 1},
                {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 1},
            ]
        }
    )
    filters.check_counts(OpenCount(9, 5, 5), OpenCount(orders=1))
    filters.check_counts(OpenCount(2, 1, 1), OpenCount(2, 1, 1))
    assert _broken(lambda: filters.check_counts(OpenCount(3, 2, 1), OpenCount(1, 1))) == "MAX_NUM_ALGO_ORDERS"
    assert (
        _broken(lambda: filters.check_counts(OpenCount(4, 1, 2), OpenCount(2, 1, 1))) == "MAX_NUM_ORDER_LISTS"
    )
