"""exchangeInfo entries look like Binance's."""

from decimal import Decimal

import pytest

from binance_trade_agent.exchange.simulator.market.generated import start_price
from binance_trade_agent.exchange.simulator.market.rules import exchange_info, grid_of, split_symbol

FIELDS = [
    "symbol",
    "status",
    "baseAsset",
    "baseAssetPrecision",
    "quoteAsset",
    "quotePrecision",
    "quoteAssetPrecision",
    "baseCommissionPrecision",
    "quoteCommissionPrecision",
    "orderTypes",
    "icebergAllowed",
    "ocoAllowed",
    "otoAllowed",
    "opoAllowed",
    "quoteOrderQtyMarketAllowed",
    "allowTrailingStop",
    "cancelReplaceAllowed",
    "amendAllowed",
    "pegInstructionsAllowed",
    "isSpotTradingAllowed",
    "isMarginTradingAllowed",
    "filters",
    "permissions",
    "permissionSets",
    "defaultSelfTradePreventionMode",
    "allowedSelfTradePreventionModes",
]


@pytest.mark.parametrize(
    ("symbol", "tick", "step"),
    [
        ("BTCUSDT", "0.01", "0.00001"),
        ("ETHUSDT", "0.01", "0.0001"),
        ("BNBUSDT", "0.01", "0.001"),
        ("SOLUSDT", "0.01", "0.001"),
        ("XRPUSDT", "0.0001", "0.1"),
        ("ADAUSDT", "0.0001", "0.1"),
        ("DOGEUSDT", "0.00001", "1"),
        ("SHIBUSDT", "0.00000001", "1"),
        ("ETHBTC", "0.00001", "0.0001"),
    ],
)
def test_grid_is_the_live_one(symbol, tick, step):
    grid = grid_of(symbol, start_price(symbol))
    assert (grid.tick, grid.step) == (Decimal(tick), Decimal(step))


def test_entry_carries_every_field_and_filter():
    entry = exchange_info("BTCUSDT", Decimal(87000))
    assert sorted(entry) == sorted(FIELDS)
    filters = {item["filterType"]: item for item in entry["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"] == {
        "filterType": "LOT_SIZE",
        "minQty": "0.00001000",
        "maxQty": "9000.00000000",
        "stepSize": "0.00001000",
    }
    assert filters["MARKET_LOT_SIZE"]["stepSize"] == "0.00000000"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
    assert {"PERCENT_PRICE_BY_SIDE", "MAX_NUM_ORDERS", "MAX_NUM_ALGO_ORDERS", "TRAILING_DELTA"} <= set(
        filters
    )


@pytest.mark.parametrize(
    ("symbol", "parts"),
    [
        ("BTCUSDT", ("BTC", "USDT")),
        ("ETHBTC", ("ETH", "BTC")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("1000SATSTRY", ("1000SATS", "TRY")),
    ],
)
def test_symbol_splits_at_its_quote_asset(symbol, parts):
    assert split_symbol(symbol) == parts


@pytest.mark.parametrize("symbol", ["BTCXYZ", "USDT", "btcusdt", "BTC-USDT", ""])
def test_unknown_quote_asset_is_refused_with_the_known_ones(symbol):
    with pytest.raises(ValueError, match="known quote assets FDUSD, USDT"):
        split_symbol(symbol)


@pytest.mark.parametrize("price", ["0.00000123", "0.0456", "1", "99.9", "123456"])
def test_any_price_gives_a_usable_grid(price):
    grid = grid_of("FOOUSDT", Decimal(price))
    assert Decimal("1e-8") <= grid.tick <= Decimal("0.01")
    assert Decimal("1e-8") <= grid.step <= 1
    assert grid.tick <= Decimal(price)
    assert grid.step * Decimal(price) < 5
