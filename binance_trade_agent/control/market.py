"""What the market shows: as the trader last saw it, from the database alone, or as the exchange says now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from binance_trade_agent.domain.errors import ConfigurationError, NoMarketData
from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, DayFigures, SeenIndicators
from binance_trade_agent.domain.symbol_names import is_symbol
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.ports import MarketReads

_DAY = timedelta(days=1)
#: Candles shorter than a minute are too many to add up a day of.
_MOST_CANDLES_OF_A_DAY = 1440
_MOST_CANDLES = 10_000


class Source(StrEnum):
    """Who saw it."""

    TRADER = "trader"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class MarketNow:
    """A symbol's market at `seen_at`. Prices are in quote currency, quantities and `volume_24h` in base currency.

    `price` is the middle of the book, which decisions reckon with. `change_24h` is a share (0.01: 1 %). The four
    figures of 24 hours are None where the stored candles do not cover them without a gap.
    """

    symbol: str
    seen_at: datetime
    price: Decimal
    bid: Decimal
    bid_quantity: Decimal
    ask: Decimal
    ask_quantity: Decimal
    spread_bps: Decimal
    change_24h: Decimal | None
    high_24h: Decimal | None
    low_24h: Decimal | None
    volume_24h: Decimal | None
    rules: SymbolRules | None
    source: Source

    @property
    def change_24h_percent(self) -> Decimal | None:
        """`change_24h` in percent, to two digits."""
        return None if self.change_24h is None else round(self.change_24h * 100, 2)


@dataclass(frozen=True, slots=True)
class CandleSeries:
    """Closed candles of a symbol, rising in time."""

    symbol: str
    interval: CandleInterval
    candles: tuple[Candle, ...]


class MarketReader:
    """The market of single symbols. `ask` looks at the exchange now, and may take seconds."""

    def __init__(self, reads: MarketReads, ask: Callable[[str], MarketNow]) -> None:
        self._reads = reads
        self._ask = ask

    def now(self, symbol: str) -> MarketNow:
        """What the newest decision that had data saw, however old; `seen_at` tells when.

        Raises:
            NoMarketData: no decision has ever seen it.
            StorageError: the database cannot be read.
            ConfigurationError: `symbol` has not the form of one.
        """
        symbol = checked_symbol(symbol)
        seen = self._reads.last_seen(symbol)
        if seen is None:
            raise NoMarketData(f"{symbol} has never been seen on this book")
        return market_now(
            seen.book, seen.seen_at, self._stored_day(symbol, seen.seen_at), seen.rules, Source.TRADER
        )

    def fresh(self, symbol: str) -> MarketNow:
        """What the exchange says now.

        Raises:
            ExchangeError: it cannot be asked, or does not answer in time.
            ConfigurationError: it does not know the symbol.
            StorageError: the database, which knows what may be asked, cannot be used.
        """
        return self._ask(checked_symbol(symbol))

    def candles(self, symbol: str, limit: int = 100) -> CandleSeries:
        """The newest stored closed candles, oldest first, of the interval the newest session decides on.

        Raises:
            NoMarketData: none are stored.
            StorageError: the database cannot be read.
            ConfigurationError: `symbol` has not the form of one.
        """
        symbol = checked_symbol(symbol)
        interval = self._reads.candle_interval()
        found = (
            self._reads.candles(symbol, interval, limit=max(1, min(limit, _MOST_CANDLES))) if interval else ()
        )
        if not (interval and found):
            raise NoMarketData(f"no candles of {symbol} are stored on this book")
        return CandleSeries(symbol, interval, found)

    def indicators(self, symbol: str, limit: int = 100) -> tuple[SeenIndicators, ...]:
        """What the strategy saw at the newest candles it decided on, rising in time.

        Raises:
            StorageError: the database cannot be read.
            ConfigurationError: `symbol` has not the form of one.
        """
        return self._reads.indicators(checked_symbol(symbol), limit=max(1, min(limit, _MOST_CANDLES)))

    def _stored_day(self, symbol: str, seen_at: datetime) -> DayFigures | None:
        interval = self._reads.candle_interval()
        if interval is None or (needed := _DAY // interval.duration) > _MOST_CANDLES_OF_A_DAY:
            return None
        candles = self._reads.candles(symbol, interval, limit=needed)
        return day_of(candles, interval, seen_at)


def checked_symbol(name: str) -> str:
    """The name in upper case; raises `ConfigurationError` when it has not the form of a symbol."""
    symbol = name.upper()
    if not is_symbol(symbol):
        raise ConfigurationError(f"{name[:40]!r} is no symbol; for example BTCUSDT")
    return symbol


def market_now(
    book: BookTop, seen_at: datetime, day: DayFigures | None, rules: SymbolRules | None, source: Source
) -> MarketNow:
    """The parts put together."""
    return MarketNow(
        symbol=book.symbol,
        seen_at=seen_at,
        price=book.mid,
        bid=book.bid,
        bid_quantity=book.bid_quantity,
        ask=book.ask,
        ask_quantity=book.ask_quantity,
        spread_bps=round(book.spread_bps, 2),
        change_24h=day.change if day else None,
        high_24h=day.high if day else None,
        low_24h=day.low if day else None,
        volume_24h=day.volume if day else None,
        rules=rules,
        source=source,
    )


def day_of(candles: Sequence[Candle], interval: CandleInterval, seen_at: datetime) -> DayFigures | None:
    """The 24 hours that the newest candle ends, or None: a gap among them, or `seen_at` is later than the candle after it.

    change = (last close - first open) / first open
    """
    if len(candles) != _DAY // interval.duration:
        return None
    first, last = candles[0], candles[-1]
    if last.open_time - first.open_time != _DAY - interval.duration:
        return None
    if seen_at - last.close_time >= 2 * interval.duration:
        return None
    return DayFigures(
        change=round((last.close - first.open) / first.open, 6),
        high=max(candle.high for candle in candles),
        low=min(candle.low for candle in candles),
        volume=sum((candle.volume for candle in candles[1:]), start=first.volume),
    )
