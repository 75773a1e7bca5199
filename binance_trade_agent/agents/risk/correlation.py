"""Which symbols that are held move with one that is to be bought."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from binance_trade_agent.agents.risk.limits import RiskLimits
from binance_trade_agent.domain.market import Candle
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


def peers(
    candles: Sequence[Candle],
    others: Iterable[str],
    windows: Mapping[str, Sequence[Candle]],
    limits: RiskLimits,
) -> tuple[Peer, ...]:
    """How each of `others` moves with `candles`; candles are matched by open time, the newest ones count."""
    return tuple(
        _peer(symbol, candles, windows.get(symbol, ()), limits.correlation_candles) for symbol in others
    )


def _peer(symbol: str, own: Sequence[Candle], other: Sequence[Candle], count: int) -> Peer:
    ours, theirs = _common(own, other, count)
    if len(ours) < LEAST_COMMON:
        return Peer(symbol, len(ours), None)
    found = correlation(_closes(ours), _closes(theirs))
    if math.isnan(found):
        return Peer(symbol, len(ours), None)
    return Peer(symbol, len(ours), Decimal(found).quantize(_DIGITS))


def _common(
    own: Sequence[Candle], other: Sequence[Candle], count: int
) -> tuple[Sequence[Candle], Sequence[Candle]]:
    ours, theirs = own[-count:], other[-count:]
    if [candle.open_time for candle in ours] == [candle.open_time for candle in theirs]:
        return ours, theirs
    by_time = {candle.open_time: candle for candle in other}
    shared = [candle for candle in own if candle.open_time in by_time][-count:]
    return shared, [by_time[candle.open_time] for candle in shared]


def _closes(candles: Sequence[Candle]) -> FloatArray:
    return np.array([candle.close for candle in candles], dtype=np.float64)
