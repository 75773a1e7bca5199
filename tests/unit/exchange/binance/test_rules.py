"""From Binance's filters to a symbol's rules."""

from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.domain.orders import OrderType
from binance_trade_agent.exchange.binance.mapping import MALFORMED
from binance_trade_agent.exchange.binance.rules import RulesCache, rules_of
from tests.fakes import FakeClock

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
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "PEGGED"],
        "ocoAllowed": True,
        "cancelReplaceAllowed": True,
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


def test_what_orders_the_symbol_takes() -> None:
    algo_orders = {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5}

    rules = rules_of(row(PRICE, LOT, algo_orders, cancelReplaceAllowed=False))

    assert rules.order_types == {
        OrderType.LIMIT,
        OrderType.LIMIT_MAKER,
        OrderType.MARKET,
        OrderType.STOP_LOSS,
        OrderType.STOP_LOSS_LIMIT,
    }
    assert rules.oco_allowed
    assert not rules.cancel_replace_allowed
    assert rules.max_algo_orders == 5
    assert rules_of(row(PRICE, LOT)).max_algo_orders == 0


def test_price_bands() -> None:
    by_side = {
        "filterType": "PERCENT_PRICE_BY_SIDE",
        "bidMultiplierUp": "1.3",
        "bidMultiplierDown": "0.2",
        "askMultiplierUp": "5",
        "askMultiplierDown": "0.8",
        "avgPriceMins": 5,
    }
    both = {"filterType": "PERCENT_PRICE", "multiplierUp": "2", "multiplierDown": "0.5", "avgPriceMins": 5}

    rules = rules_of(row(PRICE, LOT, by_side))
    assert rules.sell_price_band == (Decimal("0.8"), Decimal(5))
    assert rules.buy_price_band == (Decimal("0.2"), Decimal("1.3"))
    rules = rules_of(row(PRICE, LOT, both))
    assert rules.sell_price_band == rules.buy_price_band == (Decimal("0.5"), Decimal(2))
    assert rules_of(row(PRICE, LOT)).sell_price_band == (Decimal(0), Decimal(0))


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


@pytest.mark.parametrize(("status", "seconds"), [("TRADING", 3600), ("HALT", 30)])
def test_rules_are_read_again_sooner_while_the_symbol_is_not_open(status: str, seconds: float) -> None:
    clock = FakeClock()
    cache = RulesCache(clock)
    cache.store([rules_of(row(PRICE, LOT, status=status))])
    clock.advance(seconds)
    assert cache.missing(["BTCUSDT"]) == []
    clock.advance(1)
    assert cache.missing(["BTCUSDT"]) == ["BTCUSDT"]
