"""Averages, and how long those remember where their window began."""

import numpy as np
import talib

from binance_trade_agent.strategies.indicators.series import FloatArray

# The share of an average that its start may still make up when it counts as settled.
_SETTLED_SHARE = 1e-6


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


def wilder(values: FloatArray, period: int) -> FloatArray:
    """Wilder's average, α = 1 / period, begun with the mean of the first `period` values."""
    if period == 1:
        return values.copy()
    return talib.RMA(values, period)


def ema_settled(period: int) -> int:
    """Candles after which an EMA no longer shows where its window began (to a millionth)."""
    return period + forgotten(1 - 2 / (period + 1))


def wilder_settled(period: int) -> int:
    """Candles after which a Wilder average (RSI, ATR) no longer shows where its window began."""
    return 1 + period + forgotten(1 - 1 / period)


def forgotten(kept: float) -> int:
    """Candles after which a start that keeps the share `kept` from one to the next has gone (to a millionth)."""
    return int(np.ceil(np.log(_SETTLED_SHARE) / np.log(kept))) if kept > 0 else 0
