"""From Binance's filters to a symbol's rules."""

from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.exchange.binance.mapping import MALFORMED
from binance_trade_agent.exchange.binance.rules import rules_of

PRICE = {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"}
LOT = {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"}
MARKET_LOT = {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "107.5", "stepSize": "0"}
NOTIONAL = {
    "filterType": "NOTIONAL",
    "minNotional": "5",
    "applyMinToMarket": True,
    "maxNotional": "9000000",
    "applyMaxToMarket": False,
    "avgPriceMins": 5,
}
MIN_NOTIONAL = {"filterType": "MIN_NOTIONAL", "minNotional": "10", "applyToMarket": True, "avgPriceMins": 5}


def row(*filters: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "isSpotTradingAllowed": True,
        "filters": list(filters),
        **changes,
    }


def test_all_filters() -> None:
    rules = rules_of(row(PRICE, LOT, MARKET_LOT, NOTIONAL))

    assert (rules.symbol, rules.base, rules.quote, rules.trading) == ("BTCUSDT", "BTC", "USDT", True)
    assert (rules.tick_size, rules.step_size) == (Decimal("0.01"), Decimal("0.00001"))
    assert (rules.min_quantity, rules.max_quantity) == (Decimal("0.00001"), Decimal(9000))
    assert (rules.market_step_size, rules.market_max_quantity) == (Decimal(0), Decimal("107.5"))
    assert (rules.min_notional, rules.max_notional) == (Decimal(5), Decimal(9_000_000))
    assert rules.min_notional_for_market
    assert not rules.max_notional_for_market


def test_the_older_notional_filter() -> None:
    rules = rules_of(row(PRICE, LOT, MIN_NOTIONAL))

    assert (rules.min_notional, rules.max_notional) == (Decimal(10), Decimal(0))
    assert rules.min_notional_for_market
    assert rules.market_max_quantity == 0


def test_without_a_notional_filter_there_is_no_limit() -> None:
    rules = rules_of(row(PRICE, LOT))

    assert rules.min_notional == 0
    assert not rules.min_notional_for_market


@pytest.mark.parametrize(
    "changes", [{"status": "HALT"}, {"status": "CANCEL_ONLY"}, {"isSpotTradingAllowed": False}]
)
def test_a_symbol_that_is_not_open(changes: dict[str, Any]) -> None:
    assert not rules_of(row(PRICE, LOT, **changes)).trading


@pytest.mark.parametrize(
    "broken",
    [
        row(PRICE),
        row(LOT),
        row(PRICE, {**LOT, "stepSize": 0.1}),
        {"symbol": "BTCUSDT"},
        row(PRICE, LOT, status=None) | {"filters": None},
    ],
)
def test_rules_that_cannot_be_read_are_not_guessed(broken: dict[str, Any]) -> None:
    with pytest.raises(MALFORMED):
        rules_of(broken)
