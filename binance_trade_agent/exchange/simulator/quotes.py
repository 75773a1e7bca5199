"""Figures that Binance derives from the market: reference price and 24 hour statistics."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from binance_trade_agent.domain.money import EXACT, ZERO
from binance_trade_agent.exchange.matching import UNIT
from binance_trade_agent.exchange.simulator.market.base import Kline, Level, Market, MarketUnavailable
from binance_trade_agent.exchange.simulator.market.candles import INTERVAL_MS

AVERAGE_MINUTES = 5

_DAY_MS = 86_400_000
_CACHE_MS = 1000


def is_offered(interval: str, base_interval: str) -> bool:
    """Whether a market of `base_interval` candles has candles of `interval`: whole multiples, a day at most."""
    return interval in INTERVAL_MS and INTERVAL_MS[interval] % INTERVAL_MS[base_interval] == 0


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """A symbol's last 24 hours."""

    symbol: str
    open_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    last: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    first_id: int
    last_id: int

    @property
    def change(self) -> Decimal:
        """Last price less the price 24 hours ago."""
        return self.last - self.open

    @property
    def change_percent(self) -> Decimal:
        """The change in percent of the price 24 hours ago."""
        return EXACT.divide(self.change * 100, self.open) if self.open else ZERO

    @property
    def average(self) -> Decimal:
        """Volume-weighted average price, 8 decimals."""
        return _ratio(self.quote_volume, self.volume) if self.volume else self.last


class Quotes:
    """Derived figures of a market, kept for one second of exchange time."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._days: dict[str, tuple[int, DayStatistics]] = {}

    def average_price(self, symbol: str) -> Decimal:
        """Volume-weighted average of the last 5 minutes, which filters use as reference; else the last price."""
        interval = self._at_least("1m")
        candles = self._market.klines(symbol, interval, start_ms=None, end_ms=None, limit=AVERAGE_MINUTES)
        volume = sum((candle.volume for candle in candles), ZERO)
        if not volume:
            return self._market.last_price(symbol)
        return _ratio(sum((candle.quote_volume for candle in candles), ZERO), volume)

    def best(self, symbol: str) -> tuple[Level | None, Level | None]:
        """Best bid and best ask; None for an empty side."""
        depth = self._market.depth(symbol, 5)
        return (depth.bids[0] if depth.bids else None), (depth.asks[0] if depth.asks else None)

    def day(self, symbol: str) -> DayStatistics:
        """The last 24 hours; raises `MarketUnavailable` when the market has no candle of them."""
        now_ms = self._market.now_ms()
        cached = self._days.get(symbol)
        if cached is not None and abs(now_ms - cached[0]) < _CACHE_MS:
            return cached[1]
        day = self._read_day(symbol, now_ms)
        self._days[symbol] = (now_ms, day)
        return day

    def _read_day(self, symbol: str, now_ms: int) -> DayStatistics:
        candles: list[Kline] = self._market.klines(
            symbol, self._at_least("5m"), start_ms=now_ms - _DAY_MS, end_ms=None, limit=1000
        )
        if not candles:
            raise MarketUnavailable(f"{symbol}: no candles of the last 24 hours")
        latest = self._market.trades(symbol, 1)
        count = sum(candle.trades for candle in candles)
        last_id = latest[-1].trade_id if latest else -1
        return DayStatistics(
            symbol=symbol,
            open_ms=now_ms - _DAY_MS,
            close_ms=now_ms,
            open=candles[0].open,
            high=max(candle.high for candle in candles),
            low=min(candle.low for candle in candles),
            last=self._market.last_price(symbol),
            volume=sum((candle.volume for candle in candles), ZERO),
            quote_volume=sum((candle.quote_volume for candle in candles), ZERO),
            trades=count,
            first_id=max(last_id - count + 1, 0) if latest else -1,
            last_id=last_id,
        )

    def _at_least(self, interval: str) -> str:
        base = self._market.base_interval
        return interval if is_offered(interval, base) else base


def _ratio(numerator: Decimal, denominator: Decimal) -> Decimal:
    return EXACT.divide(numerator, denominator).quantize(UNIT, ROUND_HALF_EVEN)
