"""Market streams as sources of events: a feed is polled and says what is new (web-socket-streams.md)."""

import re
from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Protocol

from binance_trade_agent.exchange.simulator.market.base import (
    Kline,
    Level,
    Market,
    MarketTrade,
    MarketUnavailable,
)
from binance_trade_agent.exchange.simulator.quotes import Quotes, is_offered
from binance_trade_agent.exchange.simulator.views import levels_view

_DEPTH_NAME = re.compile(r"depth(5|10|20)?(@100ms|@1000ms)?")
_DIFF_LEVELS = 1000
_TRADES_KEPT = 10_000


class Feed(Protocol):
    """One stream's events."""

    def poll(self, now_ms: int) -> list[dict[str, Any]]:
        """The events since the last poll, oldest first; raises `MarketUnavailable`."""
        ...

    def accept(self, trades: Iterable[MarketTrade]) -> None:
        """Take note of the symbol's new trades."""
        ...


class _Silent:
    """A feed that does not care about trades."""

    def accept(self, trades: Iterable[MarketTrade]) -> None:
        """Ignore them."""


class Pace:
    """Whether it is time again, in exchange time."""

    def __init__(self, every_ms: int) -> None:
        self._every_ms = every_ms
        self._last_ms: int | None = None

    def due(self, now_ms: int) -> bool:
        """True at most once per period."""
        if self._last_ms is not None and 0 <= now_ms - self._last_ms < self._every_ms:
            return False
        self._last_ms = now_ms
        return True


class KlineFeed(_Silent):
    """Candles: the open one every 2 s (1 s for 1s candles), each closed one exactly once with x = true."""

    def __init__(self, market: Market, symbol: str, interval: str) -> None:
        self._market = market
        self._symbol = symbol
        self._interval = interval
        self._pace = Pace(1000 if interval == "1s" else 2000)
        self._open_ms: int | None = None

    def poll(self, now_ms: int) -> list[dict[str, Any]]:
        """Closed candles at once, the open one when it is due."""
        start_ms = self._open_ms
        candles = self._market.klines(
            self._symbol,
            self._interval,
            start_ms=start_ms,
            end_ms=None,
            limit=1 if start_ms is None else 1000,
        )
        if not candles:
            return []
        closed = [candle for candle in candles if candle.close_ms < now_ms]
        current = [candle for candle in candles if candle.close_ms >= now_ms]
        if start_ms is None:
            closed = []
        if closed:
            self._open_ms = closed[-1].close_ms + 1
        if current:
            self._open_ms = current[-1].open_ms
        elif self._open_ms is None:
            self._open_ms = candles[-1].close_ms + 1
        events = [self._event(candle, now_ms, closed=True) for candle in closed]
        if current and self._pace.due(now_ms):
            events.append(self._event(current[-1], now_ms, closed=False))
        return events

    def _event(self, candle: Kline, now_ms: int, *, closed: bool) -> dict[str, Any]:
        return {
            "e": "kline",
            "E": now_ms,
            "s": self._symbol,
            "k": {
                "t": candle.open_ms,
                "T": candle.close_ms,
                "s": self._symbol,
                "i": self._interval,
                "f": -1,
                "L": -1,
                "o": candle.open,
                "c": candle.close,
                "h": candle.high,
                "l": candle.low,
                "v": candle.volume,
                "n": candle.trades,
                "x": closed,
                "q": candle.quote_volume,
                "V": candle.taker_buy_base,
                "Q": candle.taker_buy_quote,
                "B": "0",
            },
        }


class TradeFeed:
    """Every public trade, as `trade` or as an aggregate of one."""

    def __init__(self, symbol: str, *, aggregate: bool) -> None:
        self._symbol = symbol
        self._aggregate = aggregate
        self._waiting: deque[MarketTrade] = deque(maxlen=_TRADES_KEPT)

    def accept(self, trades: Iterable[MarketTrade]) -> None:
        """Queue them for the next poll."""
        self._waiting.extend(trades)

    def poll(self, now_ms: int) -> list[dict[str, Any]]:
        """The trades since the last poll."""
        events = [self._event(trade, now_ms) for trade in self._waiting]
        self._waiting.clear()
        return events

    def _event(self, trade: MarketTrade, now_ms: int) -> dict[str, Any]:
        event: dict[str, Any] = {
            "e": "aggTrade" if self._aggregate else "trade",
            "E": now_ms,
            "s": self._symbol,
            "p": trade.price,
            "q": trade.quantity,
            "T": trade.time_ms,
            "m": trade.buyer_is_maker,
            "M": True,
        }
        if self._aggregate:
            return event | {"a": trade.trade_id, "f": trade.trade_id, "l": trade.trade_id}
        return event | {"t": trade.trade_id}


class BookTickerFeed(_Silent):
    """Best bid and ask whenever they change; it carries neither event type nor time."""

    def __init__(self, market: Market, symbol: str) -> None:
        self._market = market
        self._symbol = symbol
        self._last: tuple[Level, Level] | None = None

    def poll(self, now_ms: int) -> list[dict[str, Any]]:
        """The best prices, when they are others than before."""
        book = self._market.depth(self._symbol, 5)
        if not book.bids or not book.asks or (book.bids[0], book.asks[0]) == self._last:
            return []
        bid, ask = self._last = (book.bids[0], book.asks[0])
        return [
            {
                "u": book.last_update_id,
                "s": self._symbol,
                "b": bid.price,
                "B": bid.quantity,
                "a": ask.price,
                "A": ask.quantity,
            }
        ]


class TickerFeed(_Silent):
    """24 hour statistics once a second, full or mini."""

    def __init__(self, market: Market, symbol: str, *, mini: bool) -> None:
        self._market = market
        self._quotes = Quotes(market)
        self._symbol = symbol
        self._mini = mini
        self._pace = Pace(1000)

    def poll(self, now_ms: int) -> list[dict[str, Any]]:
        """One event, when it is due."""
        if not self._pace.due(now_ms):
            return []
        day = self._quotes.day(self._symbol)
        event: dict[str, Any] = {
            "e": "24hrMiniTicker" if self._mini else "24hrTicker",
            "E": now_ms,
            "s": self._symbol,
            "c": day.last,
            "o": day.open,
            "h": day.high,
            "l": day.low,
            "v": day.volume,
            "q": day.quote_volume,
        }
        return [event] if self._mini else [event | self._full()]

    def _full(self) -> dict[str, Any]:
        day = self._quotes.day(self._symbol)
        bid, ask = self._quotes.best(self._symbol)
        latest = self._market.trades(self._symbol, 1)
        zero = Decimal(0)
        return {
            "p": day.change,
            "P": f"{day.change_percent:.3f}",
            "w": day.average,
            "x": day.open,
            "Q": latest[-1].quantity if latest else zero,
            "b": bid.price if bid else zero,
            "B": bid.quantity if bid else zero,
            "a": ask.price if ask else zero,
            "A": ask.quantity if ask else zero,
            "O": day.open_ms,
            "C": day.close_ms,
            "F": day.first_id,
            "L": day.last_id,
            "n": day.trades,
        }


class PartialDepthFeed(_Silent):
    """The best 5, 10 or 20 levels."""

    def __init__(self, market: Market, symbol: str, levels: int, every_ms: int) -> None:
        self._market = market
        self._symbol = symbol
        self._levels = levels
        self._pace = Pace(every_ms)

    def poll(self, now_ms: int) -> list[dict[str, Any]]:
        """The levels, when they are due."""
        if not self._pace.due(now_ms):
            return []
        book = self._market.depth(self._symbol, self._levels)
        return [
            {
                "lastUpdateId": book.last_update_id,
                "bids": levels_view(book.bids),
                "asks": levels_view(book.asks),
            }
        ]


class DiffDepthFeed(_Silent):
    """What changed in the book; U and u follow each other without a gap."""

    def __init__(self, market: Market, symbol: str, every_ms: int) -> None:
        self._market = market
        self._symbol = symbol
        self._pace = Pace(every_ms)
        self._update_id: int | None = None
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def poll(self, now_ms: int) -> list[dict[str, Any]]:
        """One event, when it is due and something changed."""
        if not self._pace.due(now_ms):
            return []
        book = self._market.depth(self._symbol, _DIFF_LEVELS)
        bids = {level.price: level.quantity for level in book.bids}
        asks = {level.price: level.quantity for level in book.asks}
        first = book.last_update_id if self._update_id is None else self._update_id + 1
        event = {
            "e": "depthUpdate",
            "E": now_ms,
            "s": self._symbol,
            "U": first,
            "u": book.last_update_id,
            "b": _difference(self._bids, bids),
            "a": _difference(self._asks, asks),
        }
        unchanged = self._update_id == book.last_update_id
        self._update_id, self._bids, self._asks = book.last_update_id, bids, asks
        return [] if unchanged else [event]


def open_feed(market: Market, name: str) -> tuple[str, Feed] | None:
    """The symbol and feed of a stream name such as `btcusdt@kline_1m`; None when there is no such stream."""
    lower, _, channel = name.partition("@")
    symbol = lower.upper()
    if lower != lower.lower() or not _is_traded(market, symbol):
        return None
    feed = _simple_feed(market, symbol, channel) or _kline_feed(market, symbol, channel)
    feed = feed or _depth_feed(market, symbol, channel)
    return None if feed is None else (symbol, feed)


def _is_traded(market: Market, symbol: str) -> bool:
    try:
        return symbol in market.symbols
    except MarketUnavailable:
        return False


def _simple_feed(market: Market, symbol: str, channel: str) -> Feed | None:
    match channel:
        case "trade" | "aggTrade":
            return TradeFeed(symbol, aggregate=channel == "aggTrade")
        case "bookTicker":
            return BookTickerFeed(market, symbol)
        case "ticker" | "miniTicker":
            return TickerFeed(market, symbol, mini=channel == "miniTicker")
    return None


def _kline_feed(market: Market, symbol: str, channel: str) -> Feed | None:
    prefix, _, interval = channel.partition("_")
    if prefix != "kline" or not is_offered(interval, market.base_interval):
        return None
    return KlineFeed(market, symbol, interval)


def _depth_feed(market: Market, symbol: str, channel: str) -> Feed | None:
    found = _DEPTH_NAME.fullmatch(channel)
    if found is None:
        return None
    every_ms = 100 if found[2] == "@100ms" else 1000
    if found[1] is None:
        return DiffDepthFeed(market, symbol, every_ms)
    return PartialDepthFeed(market, symbol, int(found[1]), every_ms)


def _difference(
    before: dict[Decimal, Decimal], after: dict[Decimal, Decimal]
) -> list[tuple[Decimal, Decimal]]:
    changed = [(price, quantity) for price, quantity in after.items() if before.get(price) != quantity]
    gone = [(price, Decimal(0)) for price in before if price not in after]
    return changed + gone
