"""Indicators over float arrays; the only module that knows an indicator library (TA-Lib).

Every function takes arrays of one candle window, oldest first, and returns arrays of the
same length. Bars for which there is no value yet hold NaN; a series too short for its
period is NaN throughout. Which library and why: docs/indicators.md.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import talib

FloatArray = npt.NDArray[np.float64]

# The share of an average that its start may still make up when it counts as settled.
_SETTLED_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Macd:
    """MACD line, its signal line, and their difference."""

    line: FloatArray
    signal: FloatArray
    histogram: FloatArray


@dataclass(frozen=True, slots=True)
class Bands:
    """Bollinger bands."""

    upper: FloatArray
    middle: FloatArray
    lower: FloatArray


def sma(values: FloatArray, period: int) -> FloatArray:
    """Mean of the last `period` values; first value at index period − 1."""
    if period == 1:
        return values.copy()
    return talib.SMA(values, period)


def ema(values: FloatArray, period: int) -> FloatArray:
    """Exponential average, α = 2 / (period + 1), begun with the SMA at index period − 1."""
    if period == 1:
        return values.copy()
    return talib.EMA(values, period)


def rsi(closes: FloatArray, period: int = 14) -> FloatArray:
    """Wilder's RSI, 0 to 100; first value at index `period`; 50 while the price has not moved.

    U and D are Wilder averages of the rises and falls, RSI = 100·U / (U + D). TA-Lib's own RSI
    calls a price that never moved 0, which reads as oversold, so only its average is used.
    (Wilder, New Concepts in Technical Trading Systems, 1978)
    """
    if len(closes) <= period:
        return np.full(len(closes), np.nan)
    changes = np.diff(closes, prepend=np.nan)
    rises = _wilder(np.maximum(changes, 0.0), period)
    both = rises + _wilder(np.maximum(-changes, 0.0), period)
    flat = np.where(np.isnan(both), np.nan, 50.0)
    return np.divide(100.0 * rises, both, out=flat, where=both > 0)


def macd(closes: FloatArray, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """MACD: both averages begin at index slow − 1; the first full row is at slow + signal − 2."""
    line, average, histogram = talib.MACD(closes, fast, slow, signal)
    return Macd(line, average, histogram)


def bollinger(closes: FloatArray, period: int = 20, deviations: float = 2.0) -> Bands:
    """SMA ± `deviations` population standard deviations; first value at index period − 1."""
    upper, middle, lower = talib.BBANDS(closes, period, deviations, deviations)
    return Bands(upper, middle, lower)


def atr(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> FloatArray:
    """Wilder average of the true range; first value at index `period` (the first bar has no true range)."""
    return talib.ATR(high, low, close, period)


def ema_settled(period: int) -> int:
    """Candles after which an EMA no longer shows where its window began (to a millionth)."""
    return period + _settled(1 - 2 / (period + 1))


def wilder_settled(period: int) -> int:
    """Candles after which a Wilder average (RSI, ATR) no longer shows where its window began."""
    return 1 + period + _settled(1 - 1 / period)


def _settled(kept: float) -> int:
    return int(np.ceil(np.log(_SETTLED_SHARE) / np.log(kept))) if kept > 0 else 0


def _wilder(values: FloatArray, period: int) -> FloatArray:
    return values if period == 1 else talib.RMA(values, period)
