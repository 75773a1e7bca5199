"""Market data for a decision: closed candles, the top of the book and the rules, fresh or an error."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from binance_trade_agent.domain.errors import (
    ConfigurationError,
    ExchangeError,
    Refused,
    StaleData,
    Throttled,
    Unavailable,
)
from binance_trade_agent.domain.market import (
    BookTop,
    Candle,
    CandleInterval,
    MarketDataFailure,
    MarketSnapshot,
)
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.ports import Exchange

#: The most candles that are asked for at once beyond the history (one page of rest-api.md, klines).
_PAGE = 1000
#: How long a symbol that the exchange does not know is not asked for.
_UNKNOWN_FOR = timedelta(minutes=10)

MarketView = MarketSnapshot | MarketDataFailure

_Known = tuple[SymbolRules | None, BookTop | None]


class MarketDataAgent:
    """Keeps each symbol's last `history` candles and asks only for what has closed since."""

    def __init__(self, exchange: Exchange, *, interval: CandleInterval, history: int) -> None:
        self._exchange = exchange
        self._interval = interval
        self._history = history
        self._windows: dict[str, tuple[Candle, ...]] = {}
        #: Symbols the exchange does not know, and when to ask again: to find one costs several requests.
        self._unknown: dict[str, tuple[datetime, MarketDataFailure]] = {}

    async def snapshots(
        self, symbols: Sequence[str], last_seen: Mapping[str, datetime]
    ) -> dict[str, MarketView]:
        """One view a symbol, fetched concurrently. `last_seen` is the open time of the last candle decided on."""
        shared, candles = await asyncio.gather(
            self._shared(symbols),
            asyncio.gather(*(self._candles(symbol, last_seen.get(symbol)) for symbol in symbols)),
        )
        views: dict[str, MarketView] = {}
        for symbol, window in zip(symbols, candles, strict=True):
            known = shared[symbol]
            if isinstance(known, MarketDataFailure):
                views[symbol] = known
            elif isinstance(window, MarketDataFailure):
                views[symbol] = window
            else:
                views[symbol] = self._view(symbol, window, last_seen.get(symbol), known)
        return views

    async def quotes(self, symbols: Sequence[str]) -> dict[str, tuple[SymbolRules, BookTop]]:
        """Rules and top of the book of symbols nothing is decided on; one that cannot be had is absent."""
        known = await self._shared(symbols) if symbols else {}
        return {
            symbol: (entry[0], entry[1])
            for symbol, entry in known.items()
            if not isinstance(entry, MarketDataFailure) and entry[0] is not None and entry[1] is not None
        }

    def _view(
        self, symbol: str, window: tuple[Candle, ...], seen: datetime | None, known: _Known
    ) -> MarketView:
        rules, top = known
        if rules is None or top is None:
            return MarketDataFailure(
                symbol, "incomplete", f"the exchange sent no rules or no book for {symbol}"
            )
        new = 1 if seen is None else sum(1 for candle in window if candle.open_time > seen)
        return MarketSnapshot(
            symbol=symbol,
            interval=self._interval,
            candles=window,
            new_candles=new,
            book=top,
            rules=rules,
            observed_at=self._exchange.now(),
        )

    async def _shared(self, symbols: Sequence[str]) -> dict[str, _Known | MarketDataFailure]:
        """Rules and top of the book of each symbol; one found unknown is not asked for again for a while."""
        now = self._exchange.now()
        self._unknown = {symbol: entry for symbol, entry in self._unknown.items() if entry[0] > now}
        unknown = {symbol: self._unknown[symbol][1] for symbol in symbols if symbol in self._unknown}
        rest = [symbol for symbol in symbols if symbol not in unknown]
        found = await self._ask(rest) if rest else {}
        for symbol, entry in found.items():
            if isinstance(entry, MarketDataFailure) and entry.code == "unknown_symbol":
                self._unknown[symbol] = now + _UNKNOWN_FOR, entry
        return {**unknown, **found}

    async def _ask(self, symbols: Sequence[str]) -> dict[str, _Known | MarketDataFailure]:
        """The same, in one request each where no symbol spoils it."""
        try:
            rules, tops = await asyncio.gather(
                self._exchange.rules(symbols), self._exchange.book_tops(symbols)
            )
        except (Refused, ConfigurationError) as error:
            if len(symbols) > 1:
                # one symbol that the exchange dropped must not stop the others; in halves, a few requests find it
                middle = len(symbols) // 2
                halves = await asyncio.gather(self._ask(symbols[:middle]), self._ask(symbols[middle:]))
                return halves[0] | halves[1]
            return {symbol: _failure(symbol, error) for symbol in symbols}
        except ExchangeError as error:
            return {symbol: _failure(symbol, error) for symbol in symbols}
        return {symbol: (rules.get(symbol), tops.get(symbol)) for symbol in symbols}

    async def _candles(self, symbol: str, seen: datetime | None) -> tuple[Candle, ...] | MarketDataFailure:
        window = self._windows.get(symbol, ())
        try:
            if not window:
                window = await self._first_window(symbol, seen)
            else:
                window = await self._extended(symbol, window)
            if not window:
                raise StaleData(f"the exchange has no closed {self._interval} candle of {symbol}")
        except (ExchangeError, StaleData) as error:
            return _failure(symbol, error)
        unseen = sum(1 for candle in window if seen is None or candle.open_time > seen)
        window = window[-max(self._history, min(unseen, _PAGE)) :]
        self._windows[symbol] = window
        return window

    async def _first_window(self, symbol: str, seen: datetime | None) -> tuple[Candle, ...]:
        window = await self._exchange.candles(symbol, self._interval, limit=self._history)
        if window and seen is not None and seen < window[0].open_time and self._history < _PAGE:
            # after a pause longer than the window: the page limit decides how far back a decision looks
            window = await self._exchange.candles(symbol, self._interval, limit=_PAGE)
        return window

    async def _extended(self, symbol: str, window: tuple[Candle, ...]) -> tuple[Candle, ...]:
        since = window[-1].close_time
        if self._exchange.now() < since + self._interval.duration:
            return window
        return window + await self._since(symbol, since)

    async def _since(self, symbol: str, since: datetime) -> tuple[Candle, ...]:
        """Every closed candle that opened at or after `since`."""
        found: tuple[Candle, ...] = ()
        while True:
            page = await self._exchange.candles(symbol, self._interval, limit=_PAGE, since=since)
            found += tuple(candle for candle in page if candle.open_time >= since)
            if len(page) < _PAGE:
                return found
            since = found[-1].close_time


def _failure(symbol: str, error: Exception) -> MarketDataFailure:
    codes = {Throttled: "throttled", Unavailable: "unavailable", ConfigurationError: "unknown_symbol"}
    return MarketDataFailure(symbol, codes.get(type(error), "refused"), str(error))
