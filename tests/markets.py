"""A market whose price and time a test sets by hand."""

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from binance_trade_agent.exchange.simulator.market.base import (
    Depth,
    Kline,
    Level,
    Listener,
    MarketTrade,
    MarketUnavailable,
)

_MINUTE_MS = 60_000
_HISTORY = 500
_INTERVAL_MS = {"1m": _MINUTE_MS, "5m": 5 * _MINUTE_MS, "15m": 15 * _MINUTE_MS, "1h": 60 * _MINUTE_MS}


class ScriptedMarket:
    """Satisfies `Market`: a flat history at `price`, then whatever the test says.

    `set_price` makes one trade of `trade_quantity` at the new price; time moves only by `set_now`
    and `advance_time`. The book has `levels` levels of `level_quantity` on each side of the price.
    """

    def __init__(
        self,
        symbols: Sequence[str] = ("BTCUSDT",),
        start_ms: int = 1_767_225_600_000,
        price: Decimal | str = Decimal(50_000),
        *,
        levels: int = 20,
        level_quantity: Decimal = Decimal(2),
        trade_quantity: Decimal = Decimal(10),
    ) -> None:
        self.symbols = tuple(symbols)
        self.base_interval = "1m"
        self.levels = levels
        self.level_quantity = level_quantity
        self.trade_quantity = trade_quantity
        self.filters: dict[str, dict[str, Any]] = {}
        self.status = "TRADING"
        self.available = True
        self.closed = False
        self._now_ms = start_ms
        self._start_ms = start_ms
        self._prices = {symbol: Decimal(price) for symbol in self.symbols}
        self._trades: dict[str, list[MarketTrade]] = {symbol: [] for symbol in self.symbols}
        self._pending: list[MarketTrade] = []
        self._listeners: list[Listener] = []
        self._last_id = 1000
        for symbol in self.symbols:
            first_ms = start_ms // _MINUTE_MS * _MINUTE_MS - _HISTORY * _MINUTE_MS
            for index in range(_HISTORY):
                self._record(symbol, Decimal(price), Decimal(1), first_ms + index * _MINUTE_MS)

    # What a test does.

    def set_now(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def advance_time(self, milliseconds: int) -> None:
        self._now_ms += milliseconds

    def set_price(self, symbol: str, price: Decimal | str, quantity: Decimal | str | None = None) -> None:
        self._prices[symbol] = Decimal(price)
        amount = self.trade_quantity if quantity is None else Decimal(quantity)
        self._pending.append(self._record(symbol, Decimal(price), amount, self._now_ms))

    # What a market is.

    def now_ms(self) -> int:
        return self._now_ms

    def day(self, symbol: str) -> None:
        self._check()

    def rules(self, symbol: str) -> dict[str, Any]:
        self._check()
        base, quote = _split(symbol)
        filters: dict[str, dict[str, Any]] = {
            "PRICE_FILTER": {
                "minPrice": "0.01000000",
                "maxPrice": "1000000.00000000",
                "tickSize": "0.01000000",
            },
            "LOT_SIZE": {"minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
            "MARKET_LOT_SIZE": {"minQty": "0.00000000", "maxQty": "100.00000000", "stepSize": "0.00000000"},
            "PERCENT_PRICE_BY_SIDE": {
                "bidMultiplierUp": "5",
                "bidMultiplierDown": "0.2",
                "askMultiplierUp": "5",
                "askMultiplierDown": "0.2",
                "avgPriceMins": 5,
            },
            "NOTIONAL": {
                "minNotional": "5.00000000",
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            "MAX_NUM_ORDERS": {"maxNumOrders": 200},
            **self.filters,
        }
        return {
            "symbol": symbol,
            "status": self.status,
            "baseAsset": base,
            "baseAssetPrecision": 8,
            "quoteAsset": quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": [
                "LIMIT",
                "LIMIT_MAKER",
                "MARKET",
                "STOP_LOSS",
                "STOP_LOSS_LIMIT",
                "TAKE_PROFIT",
                "TAKE_PROFIT_LIMIT",
            ],
            "icebergAllowed": False,
            "ocoAllowed": True,
            "otoAllowed": True,
            "opoAllowed": False,
            "quoteOrderQtyMarketAllowed": True,
            "allowTrailingStop": True,
            "cancelReplaceAllowed": True,
            "amendAllowed": False,
            "pegInstructionsAllowed": False,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": [{"filterType": name, **values} for name, values in filters.items()],
            "permissions": [],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
            "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
        }

    def klines(
        self, symbol: str, interval: str, *, start_ms: int | None, end_ms: int | None, limit: int
    ) -> list[Kline]:
        self._check()
        length_ms = _INTERVAL_MS[interval]
        buckets: dict[int, list[MarketTrade]] = {}
        for trade in self._trades[symbol]:
            buckets.setdefault(trade.time_ms // length_ms * length_ms, []).append(trade)
        first = min(buckets)
        candles: list[Kline] = []
        close = buckets[first][0].price
        for open_ms in range(first, self._now_ms + 1, length_ms):
            trades = buckets.get(open_ms, [])
            candles.append(_candle(open_ms, length_ms, close, trades))
            close = candles[-1].close
        chosen = [
            candle
            for candle in candles
            if (start_ms is None or candle.open_ms >= start_ms)
            and (end_ms is None or candle.open_ms <= end_ms)
        ]
        return chosen[-limit:] if start_ms is None else chosen[:limit]

    def depth(self, symbol: str, limit: int) -> Depth:
        self._check()
        price, tick = self._prices[symbol], Decimal("0.01")
        count = min(limit, self.levels)
        return Depth(
            last_update_id=self._last_id,
            bids=tuple(Level(price - tick * (n + 1), self.level_quantity) for n in range(count)),
            asks=tuple(Level(price + tick * n, self.level_quantity) for n in range(count)),
        )

    def trades(self, symbol: str, limit: int) -> list[MarketTrade]:
        self._check()
        return self._trades[symbol][-limit:]

    def last_price(self, symbol: str) -> Decimal:
        self._check()
        return self._prices[symbol]

    def advance(self) -> None:
        pending, self._pending = self._pending, []
        for symbol in self.symbols:
            trades = tuple(trade for trade in pending if trade.symbol == symbol)
            if trades:
                for listener in self._listeners:
                    listener(symbol, trades)

    def subscribe(self, listener: Listener) -> None:
        self._listeners.append(listener)

    async def start(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True

    def _check(self) -> None:
        if not self.available:
            raise MarketUnavailable("the test switched it off")

    def _record(self, symbol: str, price: Decimal, quantity: Decimal, time_ms: int) -> MarketTrade:
        self._last_id += 1
        trade = MarketTrade(self._last_id, symbol, price, quantity, time_ms, buyer_is_maker=False)
        self._trades[symbol].append(trade)
        return trade


class WallMarket(ScriptedMarket):
    """A scripted market on the machine's clock, for clients that sign with their own."""

    def __init__(self, symbols: Sequence[str] = ("BTCUSDT",)) -> None:
        super().__init__(symbols, time.time_ns() // 1_000_000)

    def now_ms(self) -> int:
        self.set_now(time.time_ns() // 1_000_000)
        return super().now_ms()


class SteppedMarket(ScriptedMarket):
    """A scripted market that can be stepped: each candle raises the price of each symbol by `rise`."""

    rise = Decimal(1)

    def step(self, candles: int = 1) -> int:
        for _ in range(candles):
            self.advance_time(_MINUTE_MS)
            for symbol in self.symbols:
                self.set_price(symbol, self._prices[symbol] + self.rise)
        return self._now_ms


def _split(symbol: str) -> tuple[str, str]:
    quote = next(name for name in ("USDT", "USDC", "BTC", "EUR") if symbol.endswith(name))
    return symbol.removesuffix(quote), quote


def _candle(open_ms: int, length_ms: int, previous: Decimal, trades: list[MarketTrade]) -> Kline:
    prices = [trade.price for trade in trades] or [previous]
    volume = sum((trade.quantity for trade in trades), Decimal(0))
    quote = sum((trade.quantity * trade.price for trade in trades), Decimal(0))
    return Kline(
        open_ms=open_ms,
        close_ms=open_ms + length_ms - 1,
        open=prices[0],
        high=max(prices),
        low=min(prices),
        close=prices[-1],
        volume=volume,
        quote_volume=quote,
        trades=len(trades),
        taker_buy_base=volume,
        taker_buy_quote=quote,
    )
