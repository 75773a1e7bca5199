"""What the market shows: candles, the top of the book, and one symbol's snapshot for a decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from binance_trade_agent.domain.symbol_rules import SymbolRules


class CandleInterval(StrEnum):
    """Binance's candle intervals up to a day."""

    S1 = "1s"
    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H8 = "8h"
    H12 = "12h"
    D1 = "1d"

    @property
    def duration(self) -> timedelta:
        """How long one candle lasts."""
        unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}[self.value[-1]]
        return timedelta(seconds=int(self.value[:-1]) * unit)


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed candle; `close_time` is the first instant that no longer belongs to it."""

    open_time: datetime
    close_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True)
class BookTop:
    """The best bid and ask and what rests there."""

    symbol: str
    bid: Decimal
    bid_quantity: Decimal
    ask: Decimal
    ask_quantity: Decimal

    @property
    def mid(self) -> Decimal:
        """The middle between bid and ask."""
        return (self.bid + self.ask) / 2

    @property
    def spread_bps(self) -> Decimal:
        """Ask minus bid, in hundredths of a percent of the mid."""
        return (self.ask - self.bid) / self.mid * 10_000


@dataclass(frozen=True, slots=True)
class SeenIndicators:
    """The indicator values that a decision of `strategy` saw at the candle that closed at `candle`."""

    candle: datetime
    strategy: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A symbol's 24 hours: the price's change as a share of the price before, extremes, and the base quantity traded."""

    change: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True)
class Listing:
    """A symbol that can be traded: last price, best prices, and the quote currency traded in 24 hours."""

    symbol: str
    base: str
    quote: str
    price: Decimal
    bid: Decimal
    ask: Decimal
    quote_volume: Decimal

    @property
    def spread_bps(self) -> Decimal | None:
        """Ask minus bid, in hundredths of a percent of the mid; None where one side is empty."""
        if not self.bid or not self.ask:
            return None
        return (self.ask - self.bid) / ((self.ask + self.bid) / 2) * 10_000


@dataclass(frozen=True, slots=True)
class MarketSnapshot:
    """Everything a decision about one symbol sees of the market.

    `candles` are closed, rise in time without repetition and are never empty.
    `new_candles` counts those at the end that no earlier decision has seen.
    """

    symbol: str
    interval: CandleInterval
    candles: tuple[Candle, ...]
    new_candles: int
    book: BookTop
    rules: SymbolRules
    observed_at: datetime

    @property
    def price(self) -> Decimal:
        """The price decisions reckon with: the middle of the book."""
        return self.book.mid

    @property
    def fresh_candles(self) -> tuple[Candle, ...]:
        """The candles that this decision is the first to see."""
        return self.candles[len(self.candles) - self.new_candles :]

    @property
    def data_age(self) -> timedelta:
        """How long ago the newest candle closed."""
        return self.observed_at - self.candles[-1].close_time


@dataclass(frozen=True, slots=True)
class MarketDataFailure:
    """Why there is no snapshot of a symbol in this cycle."""

    symbol: str
    code: str
    text: str
