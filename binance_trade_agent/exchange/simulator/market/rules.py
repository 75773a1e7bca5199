"""Trading rules: the exchangeInfo entry of a symbol, as Binance Spot sends it.

Tick, step and limits follow from the magnitude of the price the way Binance's own do;
where the live rule of a well-known symbol differs, a table says so. Assets are priced
in US dollars by a second table, so a cross such as ETHBTC gets a fitting rule too.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

# The order matters only where one name ends with another.
QUOTE_USD = {
    "FDUSD": Decimal(1),
    "USDT": Decimal(1),
    "USDC": Decimal(1),
    "TUSD": Decimal(1),
    "BTC": Decimal(87000),
    "ETH": Decimal(2900),
    "BNB": Decimal(880),
    "EUR": Decimal("1.17"),
    "GBP": Decimal("1.35"),
    "TRY": Decimal("0.023"),
    "BRL": Decimal("0.19"),
    "JPY": Decimal("0.0064"),
}

MIN_NOTIONAL = {
    "BTC": Decimal("0.0001"),
    "ETH": Decimal("0.001"),
    "BNB": Decimal("0.01"),
    "TRY": Decimal(10),
    "BRL": Decimal(10),
    "JPY": Decimal(100),
}

# Round prices of early 2026, so that a generated market looks familiar.
ASSET_USD = {
    **QUOTE_USD,
    "SOL": Decimal(125),
    "XRP": Decimal("1.9"),
    "ADA": Decimal("0.36"),
    "DOGE": Decimal("0.125"),
    "TRX": Decimal("0.29"),
    "AVAX": Decimal("12.5"),
    "LINK": Decimal("12.4"),
    "DOT": Decimal("1.95"),
    "LTC": Decimal(68),
    "BCH": Decimal(590),
    "SHIB": Decimal("0.0000076"),
    "PEPE": Decimal("0.0000048"),
    "UNI": Decimal("4.8"),
    "ATOM": Decimal("2.3"),
    "NEAR": Decimal("1.55"),
    "ETC": Decimal("11.6"),
    "XLM": Decimal("0.21"),
    "SUI": Decimal("1.45"),
    "FIL": Decimal("1.35"),
    "APT": Decimal("1.6"),
}

# (tick, step) where Binance's own differ from what the price's magnitude gives.
_LIVE_STEPS = {
    "ADAUSDT": (Decimal("0.0001"), Decimal("0.1")),
    "BNBBTC": (Decimal("0.000001"), Decimal("0.001")),
    "ETHBTC": (Decimal("0.00001"), Decimal("0.0001")),
    "DOTUSDT": (Decimal("0.001"), Decimal("0.01")),
    "TRXUSDT": (Decimal("0.0001"), Decimal("0.1")),
    "UNIUSDT": (Decimal("0.001"), Decimal("0.01")),
}

_ORDER_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
_STP_MODES = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT")


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps a symbol's prices and quantities stand on; both are powers of ten."""

    tick: Decimal
    step: Decimal

    @property
    def price_decimals(self) -> int:
        """Decimals of a price on the tick, 0 for whole numbers."""
        return max(0, -self.tick.adjusted())

    @property
    def quantity_decimals(self) -> int:
        """Decimals of a quantity on the step, 0 for whole numbers."""
        return max(0, -self.step.adjusted())


def split_symbol(symbol: str) -> tuple[str, str]:
    """Base and quote asset of a symbol name; raises `ValueError` for an unknown quote asset."""
    for quote in QUOTE_USD:
        base = symbol.removesuffix(quote)
        if base and base != symbol and base.isalnum() and base.isascii() and base == base.upper():
            return base, quote
    raise ValueError(
        f"symbol {symbol!r} is not BASE + QUOTE in capitals with one of the known quote assets"
        f" {', '.join(QUOTE_USD)}"
    )


def grid_of(symbol: str, price: Decimal) -> Grid:
    """Tick and step for a symbol that trades round `price` (in its quote asset).

    Five significant digits of price, at most 0.01 and at least 0.00000001; a step is
    worth between 0.1 and 1 US dollar, at most 1. Raises `ValueError` for an unknown
    quote asset or a price that is not positive.
    """
    _, quote = split_symbol(symbol)
    if price <= 0:
        raise ValueError(f"{symbol}: a price must be positive, not {price}")
    if symbol in _LIVE_STEPS:
        return Grid(*_LIVE_STEPS[symbol])
    tick_exponent = min(-2, max(-8, price.adjusted() - 4))
    step_exponent = min(0, max(-8, -(price * QUOTE_USD[quote]).adjusted() - 1))
    return Grid(Decimal(1).scaleb(tick_exponent), Decimal(1).scaleb(step_exponent))


def exchange_info(symbol: str, price: Decimal, grid: Grid | None = None) -> dict[str, Any]:
    """The symbol's exchangeInfo entry for a market round `price`.

    `grid` overrides tick and step (a recorded market may be finer than today's rule).
    Raises `ValueError` as `grid_of` does.
    """
    base, quote = split_symbol(symbol)
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(_ORDER_TYPES),
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(quote, price, grid or grid_of(symbol, price)),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": list(_STP_MODES),
    }


def _filters(quote: str, price: Decimal, grid: Grid) -> list[dict[str, Any]]:
    usd = QUOTE_USD[quote]
    max_quantity = Decimal(9).scaleb(max(3, 7 - (price * usd).adjusted()))
    max_notional = Decimal(9).scaleb(6 - usd.adjusted())
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": _text(grid.tick),
            "maxPrice": _text(Decimal(1).scaleb(price.adjusted() + 2)),
            "tickSize": _text(grid.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": _text(grid.step),
            "maxQty": _text(max_quantity),
            "stepSize": _text(grid.step),
        },
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": _text(Decimal(0)),
            "maxQty": _text(max_quantity.scaleb(-2)),
            "stepSize": _text(Decimal(0)),
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": 10,
            "maxTrailingAboveDelta": 2000,
            "minTrailingBelowDelta": 10,
            "maxTrailingBelowDelta": 2000,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": _text(MIN_NOTIONAL.get(quote, Decimal(5))),
            "applyMinToMarket": True,
            "maxNotional": _text(max_notional),
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
    ]


def _text(number: Decimal) -> str:
    return f"{number:.8f}"
