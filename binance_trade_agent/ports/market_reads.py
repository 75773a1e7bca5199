"""What the database knows of the market. All raise `StorageError` when it cannot be read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, SeenIndicators
from binance_trade_agent.domain.symbol_rules import SymbolRules


@dataclass(frozen=True, slots=True)
class SeenMarket:
    """The book's top that a decision saw, and the rules it knew; None where they are not stored."""

    book: BookTop
    seen_at: datetime
    rules: SymbolRules | None


class MarketReads(Protocol):
    """Bounded queries for what decisions saw of the market."""

    def last_seen(self, symbol: str) -> SeenMarket | None:
        """By the newest decision on `symbol` that had data; None if there never was one."""
        ...

    def candle_interval(self) -> CandleInterval | None:
        """Of the newest session; None before the first."""
        ...

    def candles(self, symbol: str, interval: CandleInterval, *, limit: int) -> tuple[Candle, ...]:
        """The newest `limit` stored closed candles, rising."""
        ...

    def indicators(self, symbol: str, *, limit: int) -> tuple[SeenIndicators, ...]:
        """What the newest `limit` decisions on a new candle saw, rising; those that saw none are left out."""
        ...
