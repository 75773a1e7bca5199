"""Direction and strength of a trend: ADX, Supertrend, parabolic SAR."""

from dataclasses import dataclass

import numpy as np
import talib

from binance_trade_agent.strategies.indicators.averages import forgotten, wilder_settled
from binance_trade_agent.strategies.indicators.series import FloatArray, without_gap

# With accelerations of 0.02 to 0.2; docs/indicators.md has the count of windows
_SAR_SETTLED = 300


@dataclass(frozen=True, slots=True)
class Adx:
    """Strength of the trend and its two sides, each 0 to 100."""

    adx: FloatArray
    plus_di: FloatArray
    minus_di: FloatArray


@dataclass(frozen=True, slots=True)
class Supertrend:
    """The active band (under the price in a rise, over it in a fall) and the direction, +1 or −1."""

    line: FloatArray
    direction: FloatArray


def adx(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> Adx:
    """Wilder's ADX with +DI and −DI; DI from index `period`, ADX from 2 · period − 1.

    Seeded as TA-Lib does (sums of the first period − 1 moves). All three are 0 while the price
    has not moved at all. `period` is at least 2. (Wilder, 1978)
    """
    lines = (function(high, low, close, period) for function in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI))
    return Adx(*(without_gap(line, high, low, close) for line in lines))


def supertrend(
    high: FloatArray, low: FloatArray, close: FloatArray, period: int = 10, multiplier: float = 3.0
) -> Supertrend:
    """Bands at (H + L) / 2 ± multiplier · ATR that only close in on the price until it crosses one.

    A close beyond the active band turns the direction; it begins at +1. First value at index
    `period`, which is at least 2. (Seban's Supertrend)
    """
    line, trend = talib.SUPERTREND(high, low, close, period, multiplier)
    without_gap(line, high, low, close)
    return Supertrend(line, np.where(np.isnan(line), np.nan, trend))


def sar(high: FloatArray, low: FloatArray, acceleration: float = 0.02, maximum: float = 0.2) -> FloatArray:
    """Wilder's parabolic stop: under the price in a rise, over it in a fall; first value at index 1.

    The first direction is that of the first bar's larger move. (Wilder, 1978)
    """
    return without_gap(talib.SAR(high, low, acceleration, maximum), high, low)


def adx_settled(period: int = 14) -> int:
    """Candles after which ADX is within 0.01 points of what a longer window gives."""
    return 2 * period + forgotten(1 - 1 / period)


def supertrend_settled(period: int = 10) -> int:
    """Candles after which Supertrend is what a longer window gives, in a market that moves.

    Its ATR settles; its direction and band are forgotten when the price crosses a band. In a
    market that stands still they show where the window began for as long as it does.
    """
    return wilder_settled(period)


def sar_settled() -> int:
    """Candles after which the parabolic stop is what a longer window gives, in a market that moves.

    It is forgotten when the price crosses it, which is measured and not bounded.
    """
    return _SAR_SETTLED
