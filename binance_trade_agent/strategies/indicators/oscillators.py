"""Indicators that swing between bounds or around zero: RSI, MACD, StochRSI."""

from dataclasses import dataclass

import numpy as np
import talib

from binance_trade_agent.strategies.indicators.averages import ema_settled, sma, wilder, wilder_settled
from binance_trade_agent.strategies.indicators.series import FloatArray, highest, lowest

# RSI points; less movement than this is what is left of rounding
_RSI_NOISE = 1e-6


@dataclass(frozen=True, slots=True)
class Macd:
    """MACD line, its signal line, and their difference."""

    line: FloatArray
    signal: FloatArray
    histogram: FloatArray


@dataclass(frozen=True, slots=True)
class StochRsi:
    """%K and its average %D, 0 to 100."""

    k: FloatArray
    d: FloatArray


def rsi(closes: FloatArray, period: int = 14) -> FloatArray:
    """Wilder's RSI, 0 to 100; first value at index `period`; 50 while the price has not moved.

    U and D are Wilder averages of the rises and falls, RSI = 100·U / (U + D). TA-Lib's own RSI
    calls a price that never moved 0, which reads as oversold, so only its average is used.
    (Wilder, New Concepts in Technical Trading Systems, 1978)
    """
    if len(closes) <= period:
        return np.full(len(closes), np.nan)
    changes = np.diff(closes, prepend=np.nan)
    rises = wilder(np.maximum(changes, 0.0), period)
    both = rises + wilder(np.maximum(-changes, 0.0), period)
    flat = np.where(np.isnan(both), np.nan, 50.0)
    return np.divide(100.0 * rises, both, out=flat, where=both > 0)


def macd(closes: FloatArray, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """MACD: both averages begin at index slow − 1; the first full row is at slow + signal − 2."""
    line, average, histogram = talib.MACD(closes, fast, slow, signal)
    return Macd(line, average, histogram)


def stoch_rsi(
    closes: FloatArray,
    period: int = 14,
    stochastic_period: int = 14,
    smooth_k: int = 3,
    smooth_d: int = 3,
) -> StochRsi:
    """Where RSI lies between its lowest and highest of late, 0 to 100; %K smoothed, %D the SMA of %K.

    %K is 50 where RSI has not moved. First full row at index period + stochastic_period +
    smooth_k + smooth_d − 3. TA-Lib's STOCHRSI has no smoothing of %K.
    (Chande and Kroll, The New Technical Trader, 1994; smoothing as TradingView draws it)
    """
    values = rsi(closes, period)
    low = lowest(values, stochastic_period)
    width = highest(values, stochastic_period) - low
    middle = np.where(np.isnan(width), np.nan, 50.0)
    raw = np.divide(100.0 * (values - low), width, out=middle, where=width > _RSI_NOISE)
    k = sma(raw, smooth_k)
    return StochRsi(k, sma(k, smooth_d))


def macd_settled(slow: int = 26, signal: int = 9) -> int:
    """Candles after which MACD no longer shows where its window began."""
    return ema_settled(slow) + ema_settled(signal)


def stoch_rsi_settled(
    period: int = 14, stochastic_period: int = 14, smooth_k: int = 3, smooth_d: int = 3
) -> int:
    """Candles after which StochRSI no longer shows where its window began."""
    return wilder_settled(period) + stochastic_period + smooth_k + smooth_d - 3
