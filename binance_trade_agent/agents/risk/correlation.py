"""Which symbols that are held move with one that is to be bought."""

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from binance_trade_agent.strategies.base import Candles
from binance_trade_agent.strategies.indicators import FloatArray, correlation

#: Fewer common candles than this say nothing about how two symbols move.
LEAST_COMMON = 20
_DIGITS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Peer:
    """Another symbol and its correlation, of log returns over `common` candles; None if it cannot be told."""

    symbol: str
    common: int
    correlation: Decimal | None

    def moves_along(self, level: Decimal) -> bool:
        """Whether it counts as moving together."""
        return self.correlation is not None and self.correlation >= level

    @property
    def text(self) -> str:
        """For people: `ETHUSDT 0.93`."""
        if self.correlation is not None:
            return f"{self.symbol} {self.correlation:.2f}"
        if self.common < LEAST_COMMON:
            return f"{self.symbol} unknown, {self.common} common candles"
        return f"{self.symbol} unknown, a price that does not move"


def peer_of(symbol: str, other: Candles | None, own: Candles, count: int) -> Peer:
    """How `other`, the candles of `symbol`, moves with `own` over the last `count`, matched by open time."""
    if other is None:
        return Peer(symbol, 0, None)
    ours, theirs = _common(own, other, count)
    if len(ours) < LEAST_COMMON:
        return Peer(symbol, len(ours), None)
    found = correlation(ours, theirs)
    return Peer(symbol, len(ours), None if math.isnan(found) else Decimal(found).quantize(_DIGITS))


def _common(own: Candles, other: Candles, count: int) -> tuple[FloatArray, FloatArray]:
    if np.array_equal(own.opened_s[-count:], other.opened_s[-count:]):
        return own.close[-count:], other.close[-count:]
    _, at, other_at = np.intersect1d(own.opened_s, other.opened_s, assume_unique=True, return_indices=True)
    return own.close[at[-count:]], other.close[other_at[-count:]]
