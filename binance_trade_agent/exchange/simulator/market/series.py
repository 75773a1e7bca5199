"""A market over series of candles and trades that are functions of time.

`SeriesMarket` does what generated and replayed markets share: Binance's candle window
rules, the book, the latest trades, and telling listeners what was traded. What differs
is a `Series` per symbol: given any moment it can say which candles and trades there
were up to then. So nothing depends on how often the market is asked.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from binance_trade_agent.exchange.simulator.market.base import Depth, Kline, Listener, MarketTrade
from binance_trade_agent.exchange.simulator.market.book import synthetic_depth
from binance_trade_agent.exchange.simulator.market.candles import (
    Column,
    Scale,
    Table,
    aggregate,
    between,
    empty_table,
    interval_ms,
    joined,
    klines_from,
)
from binance_trade_agent.exchange.simulator.market.clock import Clock
from binance_trade_agent.exchange.simulator.market.rules import Grid, exchange_info

# A book changes at most this often, as Binance's own stream of differences does.
BOOK_UPDATE_MS = 100

# After a step, virtual time stands this far behind the close of the candle just presented.
STEP_OFFSET_MS = 5

# An hour of ten symbols takes about half a second to tell, a night would stop the server.
LONGEST_SLEEP_MS = 3_600_000

# Trades are handed over in slices, so that many of them cost no memory.
_SLICE_MS = 60_000


class Series(Protocol):
    """One symbol's market as a function of time. Times are milliseconds since the epoch."""

    @property
    def grid(self) -> Grid:
        """Tick and step."""
        ...

    @property
    def scale(self) -> Scale:
        """The decimals of its tables."""
        ...

    def first_ms(self, length_ms: int) -> int:
        """Open time of the oldest candle from which candles of `length_ms` can be made."""
        ...

    @property
    def reference_price(self) -> Decimal:
        """A price of the right magnitude, the same at all times, for the trading rules."""
        ...

    def rows(self, start_ms: int, end_ms: int, now_ms: int, length_ms: int) -> Table:
        """Candles that open in [start_ms, end_ms), as known at `now_ms`, the open one last.

        Of any length that divides `length_ms`; the caller aggregates. Start and end are
        multiples of `length_ms`.
        """
        ...

    def trades(self, after_ms: int, until_ms: int) -> list[MarketTrade]:
        """The trades in (after_ms, until_ms], rising."""
        ...

    def latest_trades(self, until_ms: int, limit: int) -> list[MarketTrade]:
        """The last `limit` trades up to `until_ms`, rising."""
        ...

    def last_ticks(self, now_ms: int) -> int:
        """The price at `now_ms`, in ticks."""
        ...


class SeriesMarket:
    """A `Market` over one `Series` a symbol; `base_interval` is the shortest candle it gives out.

    A call of `advance` that comes late (the machine slept) tells the trades of the last
    `longest_sleep_ms` and leaves out older ones; with None, as for virtual time, it tells all.
    """

    def __init__(
        self,
        series: Mapping[str, Series],
        base_interval: str,
        clock: Clock,
        longest_sleep_ms: int | None = LONGEST_SLEEP_MS,
    ) -> None:
        self._series = dict(series)
        self._base_ms = interval_ms(base_interval)
        self._base_interval = base_interval
        self._clock = clock
        self._listeners: list[Listener] = []
        self._longest_sleep_ms = longest_sleep_ms
        self._told_ms = clock.now_ms()

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, in the order they were given."""
        return tuple(self._series)

    @property
    def base_interval(self) -> str:
        """The shortest candle it has."""
        return self._base_interval

    def now_ms(self) -> int:
        """Exchange time in milliseconds since the epoch."""
        return self._clock.now_ms()

    def rules(self, symbol: str) -> dict[str, Any]:
        """The symbol's exchangeInfo entry; raises `ValueError` for an unknown symbol."""
        series = self._of(symbol)
        return exchange_info(symbol, series.reference_price, series.grid)

    def day(self, symbol: str) -> None:
        """None: it is made of the candles."""

    def klines(
        self,
        symbol: str,
        interval: str,
        *,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
    ) -> list[Kline]:
        """Candles rising in time, the open one last.

        A candle belongs to the window if its open time is in [start_ms, end_ms]. With a
        start the first `limit` candles from there on, without one the latest `limit`.
        Raises `ValueError` for an unknown symbol or an interval that cannot be made of
        base candles.
        """
        series = self._of(symbol)
        length_ms = self._length_of(interval)
        now_ms = self.now_ms()
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        newest = min(now_ms, now_ms if end_ms is None else end_ms) // length_ms * length_ms
        oldest = series.first_ms(length_ms) // length_ms * length_ms
        if start_ms is None:
            table = _latest(series, oldest, newest, now_ms, length_ms, limit)
        else:
            first = max(oldest, -(-start_ms // length_ms) * length_ms)
            table = _earliest(series, first, newest, now_ms, length_ms, limit)
        return klines_from(table, length_ms, series.scale)

    def depth(self, symbol: str, limit: int) -> Depth:
        """The synthetic book round the last price; raises `ValueError` for an unknown symbol."""
        series = self._of(symbol)
        now_ms = self.now_ms()
        price = series.scale.price(series.last_ticks(now_ms))
        return synthetic_depth(symbol, price, series.grid, now_ms // BOOK_UPDATE_MS, limit)

    def trades(self, symbol: str, limit: int) -> list[MarketTrade]:
        """The latest trades, oldest first; raises `ValueError` for an unknown symbol."""
        return self._of(symbol).latest_trades(self.now_ms(), limit)

    def last_price(self, symbol: str) -> Decimal:
        """Price of the last trade; raises `ValueError` for an unknown symbol."""
        series = self._of(symbol)
        return series.scale.price(series.last_ticks(self.now_ms()))

    def advance(self) -> None:
        """Tell the listeners what was traded since the last call, in slices of a minute."""
        now_ms = self.now_ms()
        if self._longest_sleep_ms is not None:
            self._told_ms = max(self._told_ms, now_ms - self._longest_sleep_ms)
        while self._told_ms < now_ms:
            until_ms = min(now_ms, self._told_ms + max(_SLICE_MS, self._base_ms))
            for symbol, series in self._series.items():
                trades = tuple(series.trades(self._told_ms, until_ms))
                if trades:
                    for listener in self._listeners:
                        listener(symbol, trades)
            self._told_ms = until_ms

    def subscribe(self, listener: Listener) -> None:
        """Call `listener(symbol, trades)` from `advance`."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Nothing to start: time moves it."""

    async def close(self) -> None:
        """Nothing to close."""

    def _of(self, symbol: str) -> Series:
        if symbol not in self._series:
            raise ValueError(f"unknown symbol {symbol!r}; this market has {', '.join(self._series)}")
        return self._series[symbol]

    def _length_of(self, interval: str) -> int:
        length_ms = interval_ms(interval)
        if length_ms % self._base_ms:
            raise ValueError(f"no {interval} candles in a market of {self._base_interval} candles")
        return length_ms


def _earliest(
    series: Series, start_ms: int, newest_ms: int, now_ms: int, length_ms: int, limit: int
) -> Table:
    """The first `limit` candles from `start_ms` on; more than one reading only across gaps."""
    found: list[Table] = []
    missing = limit
    while missing > 0 and start_ms <= newest_ms:
        end_ms = min(newest_ms + length_ms, start_ms + missing * length_ms)
        found.append(aggregate(series.rows(start_ms, end_ms, now_ms, length_ms), length_ms))
        missing -= len(found[-1])
        start_ms = end_ms
    return joined(found)


def _latest(series: Series, oldest_ms: int, newest_ms: int, now_ms: int, length_ms: int, limit: int) -> Table:
    """The last `limit` candles up to `newest_ms`; more than one reading only across gaps."""
    found: list[Table] = []
    missing = limit
    end_ms = newest_ms + length_ms
    while missing > 0 and end_ms > oldest_ms:
        start_ms = max(oldest_ms, end_ms - missing * length_ms)
        found.insert(0, aggregate(series.rows(start_ms, end_ms, now_ms, length_ms), length_ms))
        missing -= len(found[0])
        end_ms = start_ms
    return joined(found)


def known_at(table: Table, start_ms: int, end_ms: int, now_ms: int, length_ms: int) -> Table:
    """Rows opening in [start_ms, end_ms) that are closed at `now_ms`, given rows of `length_ms`."""
    if start_ms >= end_ms:
        return empty_table()
    return between(table, start_ms, min(end_ms, now_ms - length_ms + 1))


def open_row(open_ms: int, prices: list[int], quantities: list[int], taker_buys: list[bool]) -> Table:
    """A candle made of the trades it has had so far; quote amounts are price times quantity."""
    row = empty_table(1)
    quotes = [price * quantity for price, quantity in zip(prices, quantities, strict=True)]
    row[0, Column.OPEN_MS] = open_ms
    row[0, Column.OPEN : Column.VOLUME] = prices[0], max(prices), min(prices), prices[-1]
    row[0, Column.VOLUME :] = (
        sum(quantities),
        sum(quotes),
        len(prices),
        sum(quantity for quantity, bought in zip(quantities, taker_buys, strict=True) if bought),
        sum(quote for quote, bought in zip(quotes, taker_buys, strict=True) if bought),
    )
    return row
