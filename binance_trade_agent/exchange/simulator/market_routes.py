"""Public market data: exchangeInfo, book, trades, candles, tickers."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.exchange.simulator import errors, views
from binance_trade_agent.exchange.simulator.candle_rows import CandleRows
from binance_trade_agent.exchange.simulator.errors import SYMBOL_PATTERN, ApiError
from binance_trade_agent.exchange.simulator.limits import RATE_LIMITS
from binance_trade_agent.exchange.simulator.market.base import Market, MarketTrade
from binance_trade_agent.exchange.simulator.offer import offered
from binance_trade_agent.exchange.simulator.parameters import Arguments
from binance_trade_agent.exchange.simulator.quotes import AVERAGE_MINUTES, is_offered
from binance_trade_agent.exchange.simulator.routes import Call, Route, names
from binance_trade_agent.exchange.simulator.spot import SpotExchange

_SYMBOLS_PATTERN = r'^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$'
_SYMBOLS = re.compile(_SYMBOLS_PATTERN)
_BOOK_TICKER = ("symbol", "bidPrice", "bidQty", "askPrice", "askQty")
_MINI_DAY = (
    "symbol",
    "lastPrice",
    "openPrice",
    "highPrice",
    "lowPrice",
    "volume",
    "quoteVolume",
    "openTime",
    "closeTime",
    "firstId",
    "lastId",
    "count",
)


class TickerType(StrEnum):
    """How much a 24 hour ticker tells."""

    FULL = "FULL"
    MINI = "MINI"


class MarketRoutes:
    """The handlers of public market data.

    `candles` is the market by whose clock candles close; the exchange's own may be shifted.
    """

    def __init__(self, exchange: SpotExchange, candles: Market) -> None:
        self._exchange = exchange
        self._market = exchange.market
        self._rows = CandleRows(candles)

    def routes(self) -> list[Route]:
        """Every route of this module."""
        symbols = names("symbol symbols symbolStatus")
        trades = names("symbol fromId limit")
        candles = names("symbol interval startTime endTime timeZone limit")
        return [
            Route("GET", "ping", lambda _: {}, 1),
            Route("GET", "time", lambda call: {"serverTime": call.now_ms}, 1),
            Route(
                "GET",
                "exchangeInfo",
                self.exchange_info,
                20,
                symbols | names("permissions showPermissionSets"),
            ),
            Route("GET", "depth", self.depth, _depth_weight, names("symbol limit symbolStatus")),
            Route("GET", "trades", self.trades, 25, names("symbol limit")),
            Route("GET", "historicalTrades", self.trades, 25, trades),
            Route("GET", "aggTrades", self.aggregates, 4, trades | names("startTime endTime")),
            Route("GET", "klines", self.klines, 2, candles),
            Route("GET", "uiKlines", self.klines, 2, candles),
            Route("GET", "avgPrice", self.average_price, 2, names("symbol")),
            Route("GET", "ticker/24hr", self.day, _day_weight, symbols | names("type")),
            Route("GET", "ticker/price", self.price, _ticker_weight, symbols),
            Route("GET", "ticker/bookTicker", self.book_ticker, _ticker_weight, symbols),
            Route("GET", "/sapi/v1/system/status", lambda _: {"status": 0, "msg": "normal"}, 1),
        ]

    def exchange_info(self, call: Call) -> dict[str, Any]:
        """Limits and the rules of the symbols asked for, or of all."""
        call.arguments.flag("showPermissionSets")
        chosen = self._chosen(call.arguments) or self._market.symbols
        status = call.arguments.text("symbolStatus")
        offers = (offered(self._exchange.rules(symbol)) for symbol in chosen)
        return {
            "timezone": "UTC",
            "serverTime": call.now_ms,
            "rateLimits": RATE_LIMITS,
            "exchangeFilters": [],
            "symbols": [offer for offer in offers if status in (None, offer["status"])],
        }

    def depth(self, call: Call) -> dict[str, Any]:
        """The book, 100 levels a side unless asked otherwise."""
        symbol = self._symbol(call)
        book = self._market.depth(symbol, call.arguments.limit(100, 5000))
        return {
            "lastUpdateId": book.last_update_id,
            "bids": views.levels_view(book.bids),
            "asks": views.levels_view(book.asks),
        }

    def trades(self, call: Call) -> list[dict[str, Any]]:
        """The latest public trades, or those from `fromId` on as far as the market remembers them."""
        symbol, limit = self._symbol(call), call.arguments.limit(500, 1000)
        from_id = call.arguments.integer("fromId")
        return [views.trade_view(trade) for trade in self._trades(symbol, limit, from_id)]

    def aggregates(self, call: Call) -> list[dict[str, Any]]:
        """Aggregate trades; here each aggregates one trade."""
        arguments = call.arguments
        symbol, limit = self._symbol(call), arguments.limit(500, 1000)
        start_ms, end_ms = arguments.integer("startTime"), arguments.integer("endTime")
        found = self._trades(symbol, 1000 if start_ms or end_ms else limit, arguments.integer("fromId"))
        chosen = [
            trade
            for trade in found
            if (start_ms is None or trade.time_ms >= start_ms) and (end_ms is None or trade.time_ms <= end_ms)
        ]
        return [
            views.aggregate_view(trade) for trade in (chosen[-limit:] if start_ms is None else chosen[:limit])
        ]

    def _trades(self, symbol: str, limit: int, from_id: int | None) -> list[MarketTrade]:
        if from_id is None:
            return self._market.trades(symbol, limit)
        return [trade for trade in self._market.trades(symbol, 1000) if trade.trade_id >= from_id][:limit]

    def klines(self, call: Call) -> Any:
        """Candles as rows of 12 columns, the open one last."""
        arguments = call.arguments
        symbol = self._symbol(call)
        interval = arguments.need_text("interval")
        if not is_offered(interval, self._market.base_interval):
            raise errors.bad_interval()
        start_ms, end_ms = arguments.integer("startTime"), arguments.integer("endTime")
        limit = arguments.limit(500, 1000)
        if start_ms is None and end_ms is None:
            return self._rows.latest(symbol, interval, limit)
        found = self._market.klines(symbol, interval, start_ms=start_ms, end_ms=end_ms, limit=limit)
        return [views.kline_row(candle) for candle in found]

    def average_price(self, call: Call) -> dict[str, Any]:
        """The reference price of the filters."""
        symbol = self._symbol(call)
        price = self._exchange.quotes.average_price(symbol)
        return {"mins": AVERAGE_MINUTES, "price": price, "closeTime": call.now_ms}

    def day(self, call: Call) -> Any:
        """24 hour statistics."""
        refusal = ApiError(-1130, "Data sent for parameter 'type' is not valid.")
        kind = call.arguments.choice("type", TickerType, refusal) or TickerType.FULL
        names = _MINI_DAY if kind is TickerType.MINI else None
        view = self._full_day if names is None else self._mini_day
        return self._per_symbol(call, lambda symbol: self._listed_day(symbol, names) or view(symbol))

    def _listed_day(self, symbol: str, names: Sequence[str] | None) -> Mapping[str, Any] | None:
        """The ticker as another exchange sent it, or those parts of it, if there is such a one."""
        row = self._market.day(symbol)
        return row if row is None or names is None else {name: row[name] for name in names}

    def _mini_day(self, symbol: str) -> dict[str, Any]:
        return views.mini_day_view(self._exchange.quotes.day(symbol))

    def _full_day(self, symbol: str) -> dict[str, Any]:
        latest = self._market.trades(symbol, 1)
        quantity: Decimal = latest[-1].quantity if latest else ZERO
        return views.day_view(
            self._exchange.quotes.day(symbol), *self._exchange.quotes.best(symbol), quantity
        )

    def price(self, call: Call) -> Any:
        """Last prices."""

        def view(symbol: str) -> dict[str, Any]:
            row = self._row_of_all(call, symbol)
            return {"symbol": symbol, "price": row["lastPrice"] if row else self._market.last_price(symbol)}

        return self._per_symbol(call, view)

    def book_ticker(self, call: Call) -> Any:
        """Best bids and asks."""

        def view(symbol: str) -> dict[str, Any]:
            row = self._row_of_all(call, symbol)
            if row is not None:
                return {name: row[name] for name in _BOOK_TICKER}
            return views.book_ticker_view(symbol, *self._exchange.quotes.best(symbol))

        return self._per_symbol(call, view)

    def _row_of_all(self, call: Call, symbol: str) -> Mapping[str, Any] | None:
        """The ticker as another exchange sent it, for who asks for all symbols: they are not all to be polled."""
        is_chosen = "symbol" in call.arguments or "symbols" in call.arguments
        return None if is_chosen else self._market.day(symbol)

    def _per_symbol(self, call: Call, view: Callable[[str], Mapping[str, Any]]) -> Any:
        chosen = self._chosen(call.arguments)
        if "symbol" in call.arguments and chosen:
            return view(chosen[0])
        return [view(symbol) for symbol in chosen or self._market.symbols]

    def _symbol(self, call: Call) -> str:
        return self._exchange.known(call.arguments.need_symbol())

    def _chosen(self, arguments: Arguments) -> Sequence[str] | None:
        symbol, many = arguments.text("symbol", SYMBOL_PATTERN), arguments.text("symbols")
        if symbol is not None and many is not None:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        if symbol is not None:
            return [self._exchange.known(symbol)]
        if many is None:
            return None
        if _SYMBOLS.fullmatch(many) is None:
            raise errors.illegal_characters("symbols", _SYMBOLS_PATTERN)
        return [self._exchange.known(name) for name in many[2:-2].split('","')]


def _depth_weight(values: Mapping[str, str]) -> int:
    limit = values.get("limit", "100")
    levels = int(limit) if limit.isascii() and limit.isdigit() else 100
    return next((weight for most, weight in ((100, 5), (500, 25), (1000, 50)) if levels <= most), 250)


def _day_weight(values: Mapping[str, str]) -> int:
    if "symbol" in values:
        return 2
    if "symbols" not in values:
        return 80
    count = values["symbols"].count(",") + 1
    return next((weight for most, weight in ((20, 2), (100, 40)) if count <= most), 80)


def _ticker_weight(values: Mapping[str, str]) -> int:
    return 2 if "symbol" in values else 4
