"""A market kept in memory, as decisions saw it and as an exchange shows it now."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from binance_trade_agent.control.market import MarketNow
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, SeenIndicators
from binance_trade_agent.ports import SeenMarket

MINUTE = timedelta(minutes=1)


def btc_book() -> BookTop:
    """A book around 62,500."""
    return BookTop("BTCUSDT", Decimal("62499.50"), Decimal("1.25"), Decimal("62500.50"), Decimal("0.75"))


def minutes(closes: Sequence[int | str], *, until: datetime) -> tuple[Candle, ...]:
    """Candles of a minute, the last of which closes at `until`; each opens at the close before it and trades 2."""
    prices = [Decimal(close) for close in closes]
    opens = [prices[0], *prices[:-1]]
    first = until - len(prices) * MINUTE
    return tuple(
        Candle(
            open_time=first + number * MINUTE,
            close_time=first + (number + 1) * MINUTE,
            open=begin,
            high=max(begin, end),
            low=min(begin, end),
            close=end,
            volume=Decimal(2),
        )
        for number, (begin, end) in enumerate(zip(opens, prices, strict=True))
    )


@dataclass
class FakeMarket:
    """What decisions saw, by symbol, and an exchange that answers with `exchange` or raises `failure`."""

    seen: dict[str, SeenMarket] = field(default_factory=dict)
    interval: CandleInterval | None = CandleInterval.M1
    candle_rows: dict[str, tuple[Candle, ...]] = field(default_factory=dict)
    indicator_rows: dict[str, tuple[SeenIndicators, ...]] = field(default_factory=dict)
    exchange: dict[str, MarketNow] = field(default_factory=dict)
    failure: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def last_seen(self, symbol: str) -> SeenMarket | None:
        return self.seen.get(symbol)

    def candle_interval(self) -> CandleInterval | None:
        return self.interval

    def candles(self, symbol: str, interval: CandleInterval, *, limit: int) -> tuple[Candle, ...]:
        return self.candle_rows.get(symbol, ())[-limit:]

    def indicators(self, symbol: str, *, limit: int) -> tuple[SeenIndicators, ...]:
        return self.indicator_rows.get(symbol, ())[-limit:]

    def ask(self, symbol: str) -> MarketNow:
        self.asked.append(symbol)
        if self.failure is not None:
            raise self.failure
        if symbol not in self.exchange:
            raise ConfigurationError(f"the exchange does not know {symbol}")
        return self.exchange[symbol]
